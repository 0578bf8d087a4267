import numpy as np
import pytest

from gensc_phy import WaveformConfig
from gensc_phy.waveform.sequences import COVER, preamble_sequence, qpsk_sequence, to_time


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


@pytest.mark.parametrize("repeats", [4, 5, 6])
def test_partial_overlaps_of_the_cover_stay_at_a_third(repeats):
    cover = np.array(COVER[repeats])
    d = cover[1:] * cover[:-1]
    correlation = np.abs(np.correlate(d, d, "full"))
    correlation[len(d) - 1] = 0
    assert correlation.max() <= len(d) / 3
