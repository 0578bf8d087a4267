import numpy as np
import pytest

from gensc_phy.channel.frontend import iq_imbalance
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.balance import Balance
from waveform import burst


def balanced(samples: np.ndarray) -> Balance:
    balance = Balance(samples.shape[:-1])
    for piece in np.array_split(samples, 7, axis=-1):
        balance.update(piece)
    return balance


@pytest.mark.parametrize("level", [1e-6, 1.0, 1e3])
def test_nothing_is_touched_where_there_is_nothing_to_correct(level):
    rng = np.random.default_rng(0)
    touched = 0
    for _ in range(50):
        samples = complex_noise(8000, level**2, rng)
        touched += balanced(samples).correct(samples) is not samples
    assert touched == 0
    samples, _ = burst(3840)
    assert balanced(samples).correct(samples) is samples


def test_nothing_is_touched_in_short_signals_between_long_silences():
    rng = np.random.default_rng(0)
    touched = 0
    for _ in range(200):
        samples = np.zeros(16_384, np.complex64)
        samples[9000:9400] = complex_noise(400, 1.0, rng)
        touched += balanced(samples).correct(samples) is not samples
    assert touched == 0


def test_a_direct_voltage_is_taken_away():
    samples = complex_noise(20_000, 1.0, np.random.default_rng(1)) + np.complex64(0.3 - 0.5j)
    left = balanced(samples).correct(samples).mean()
    assert abs(left) < 1e-3


@pytest.mark.parametrize(("gain_db", "phase_deg"), [(1.0, 5.0), (0.3, 2.0), (-2.0, -8.0)])
def test_the_image_is_taken_away(gain_db, phase_deg):
    samples = complex_noise(200_000, 1.0, np.random.default_rng(2))
    heard = iq_imbalance(samples, gain_db, phase_deg)
    clean = balanced(heard).correct(heard)

    def image(x):
        return abs(np.mean(x * x)) / np.mean(np.abs(x) ** 2)

    assert image(heard) > 0.03
    assert image(clean) < 0.01
    scale = np.vdot(samples, clean) / np.vdot(samples, samples)
    assert np.mean(np.abs(clean / scale - samples) ** 2) < 1e-4


def test_samples_that_are_none_stay_none():
    samples = complex_noise(5000, 1.0, np.random.default_rng(3)) + np.complex64(2)
    samples[100:110] = 0
    assert not balanced(samples).correct(samples)[100:110].any()


def test_every_antenna_has_its_own():
    samples = complex_noise(20_000, 1.0, np.random.default_rng(4)).reshape(2, 10_000)
    samples[1] += 0.5
    dc = balanced(samples).dc
    assert dc[0] == 0
    assert dc[1] == pytest.approx(0.5, abs=0.05)


def test_no_samples_ask_for_nothing():
    balance = Balance()
    balance.update(np.zeros(0, np.complex64))
    assert balance.dc == balance.image == 0
