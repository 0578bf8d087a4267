import numpy as np
import pytest

from gensc_phy import WaveformConfig
from gensc_phy.waveform.sequences import COVERS, preamble_sequence, qpsk_sequence, to_time


def test_a_unitary_ifft_keeps_the_energy():
    cfg = WaveformConfig()
    carriers = qpsk_sequence(3 * cfg.occupied, 1).reshape(3, cfg.occupied)
    time = to_time(carriers, cfg)
    assert np.sum(np.abs(time) ** 2) == pytest.approx(3 * cfg.occupied, rel=1e-5)


def test_the_preamble_has_unit_power_and_a_low_peak():
    p = preamble_sequence(WaveformConfig())
    power = np.abs(p) ** 2
    assert power.mean() == pytest.approx(1.0, rel=1e-4)
    assert power.max() < 3.0


def test_no_carrier_offset_makes_the_preamble_look_delayed():
    p = preamble_sequence(WaveformConfig())
    n = len(p)
    for offset in range(1, 16):
        moved = p * np.exp(2j * np.pi * offset * np.arange(n) / n)
        correlation = np.fft.ifft(np.fft.fft(moved) * np.conj(np.fft.fft(p))) / n
        assert np.abs(correlation).max() < 0.3


@pytest.mark.parametrize("repeats", [4, 5, 6])
def test_no_shift_of_a_cover_code_looks_like_another(repeats):
    covers = np.array(COVERS[repeats])
    d = covers[:, 1:] * covers[:, :-1]
    length = d.shape[1]
    for a in range(3):
        for b in range(3):
            correlation = np.abs(np.correlate(d[a], d[b], "full"))
            correlation[length - 1] *= a != b
            assert correlation.max() <= length - 1
            # Where all of them overlap only the products of another code can be alike.
            assert abs(d[a] @ d[b]) <= length / 3 or a == b
