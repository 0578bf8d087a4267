import numpy as np
import pytest

from gensc_phy import WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.mimo.ici import ici_matrix, without_ici
from gensc_phy.waveform.sequences import to_time

CFG = WaveformConfig()


def heard(channel, sent, spins):
    """Carriers of users that turn within the window, about its centre; [A, symbols, occupied]."""
    n = np.arange(CFG.fft_size) - (CFG.fft_size - 1) / 2
    total = 0
    for u, spin in enumerate(spins):
        time = to_time(channel[:, u, None] * sent[u], CFG)
        turned = time * np.exp(1j * spin / CFG.symbol_len * n)
        total = total + np.fft.fft(turned, norm="ortho")[..., CFG.carriers]
    return total.astype(np.complex64)


@pytest.mark.parametrize("offset", [0.005, 0.02])
def test_what_offsets_spread_over_the_carriers_is_taken_away(offset):
    rng = np.random.default_rng(0)
    channel = complex_noise(3 * 2 * 52, 1.0, rng).reshape(3, 2, 52)
    sent = complex_noise(2 * 40 * 52, 1.0, rng).reshape(2, 40, 52)
    spins = 2 * np.pi * np.array([offset, -offset]) * CFG.symbol_len / CFG.fft_size
    y = heard(channel, sent, spins)
    ideal = heard(channel, sent, [0.0, 0.0])
    before = np.mean(np.abs(y - ideal) ** 2)
    # (pi x)^2 / 3 of the power of both users, the textbook's figure.
    assert before == pytest.approx(2 * (np.pi * offset) ** 2 / 3, rel=0.15)
    after = np.mean(np.abs(without_ici(y, channel, sent, spins, CFG) - ideal) ** 2)
    assert after < before / 300


def test_users_without_an_offset_are_left_alone():
    y = complex_noise(2 * 5 * 52, 1.0, np.random.default_rng(1)).reshape(2, 5, 52)
    same = without_ici(y, np.ones((2, 1, 52), np.complex64), y[:1], np.zeros(1), CFG)
    assert np.array_equal(same, y)
    assert np.all(np.abs(np.diag(ici_matrix(CFG))) < 1e-6)
