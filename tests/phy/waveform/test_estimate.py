import numpy as np
import pytest

from gensc_phy import WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.estimate import (
    PRE_CURSOR,
    delay_projection,
    estimate_from_known,
    estimate_from_training,
    first_path,
)
from gensc_phy.waveform.sequences import ce_carriers, qpsk_sequence

CFG = WaveformConfig()


def response(taps: dict[float, complex]) -> np.ndarray:
    """Frequency response of taps at the given delays on the occupied carriers."""
    k = CFG.carriers
    return sum(g * np.exp(-2j * np.pi * k * d / CFG.fft_size) for d, g in taps.items()).astype(
        np.complex64
    )


def test_smoothing_keeps_every_channel_shorter_than_the_prefix():
    smooth, rank = delay_projection(CFG)
    h = response({0: 0.8, 3: 0.5j, CFG.cp_len - 1: -0.3})
    assert np.allclose(smooth @ h, h, atol=1e-3)
    assert rank <= CFG.cp_len


def test_smoothing_keeps_a_path_between_two_samples():
    smooth, _ = delay_projection(CFG)
    h = response({PRE_CURSOR + 0.5: 1.0})
    assert np.mean(np.abs(smooth @ h - h) ** 2) < 1e-3


def test_smoothing_leaves_rank_over_occupied_of_the_noise():
    smooth, rank = delay_projection(CFG)
    noise = complex_noise(4000 * CFG.occupied, 1.0, np.random.default_rng(0))
    left = noise.reshape(-1, CFG.occupied) @ smooth.T
    assert np.mean(np.abs(left) ** 2) == pytest.approx(rank / CFG.occupied, rel=0.03)


@pytest.mark.parametrize("delay", [-5, -2, 0, 4, 7])
def test_the_first_path_is_found_even_when_a_later_one_is_stronger(delay):
    assert first_path(response({delay: 0.6, delay + 3: 0.8}), CFG) == delay


def test_noise_before_the_path_is_not_a_path():
    rng = np.random.default_rng(5)
    found = [
        first_path(response({2: 1.0}) + complex_noise(CFG.occupied, 0.5, rng), CFG)
        for _ in range(200)
    ]
    assert np.mean(np.abs(np.array(found) - 2) <= 1) > 0.97


def test_training_and_known_symbols_give_the_channel_they_crossed():
    h = response({0: 1.0, 2: 0.4j})
    training = np.tile(ce_carriers(CFG) * h, (2, 1))
    assert np.allclose(estimate_from_training(training, CFG), h, atol=1e-4)
    known = qpsk_sequence(5 * CFG.occupied, 9).reshape(5, CFG.occupied)
    assert np.allclose(estimate_from_known(known * h, known), h, atol=1e-4)
