import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import WaveformConfig
from gensc_phy.waveform.sequences import (
    COVER,
    permutation,
    preamble_sequence,
    qpsk_sequence,
    splitmix64,
    to_time,
)


def test_hashes_are_the_published_splitmix64_outputs():
    # Steele, Lea, Flood: generator seeded with 0; its state grows by the golden-ratio constant.
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        states = np.arange(3, dtype=np.uint64) * golden
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [int(v) for v in splitmix64(states)] == expected


@given(st.integers(0, 5000), st.integers(0, 2**20))
def test_a_permutation_holds_every_index_once(n, seed):
    assert np.array_equal(np.sort(permutation(n, seed)), np.arange(n))


def test_permutations_are_fixed_for_all_time():
    # A receiver of another version must undo what this transmitter did.
    assert permutation(8, 3).tolist() == [2, 4, 6, 3, 0, 5, 7, 1]
    assert permutation(12, 100).tolist() == [6, 7, 1, 4, 8, 11, 9, 0, 2, 3, 5, 10]


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
