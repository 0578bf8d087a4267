import numpy as np
import pytest

from gensc_phy.waveform.noise import estimate
from gensc_phy.waveform.shrinkage import shrink

M, K, EMPTY = 98, 52, 11


def residuals(rng: np.random.Generator, variance: np.ndarray, seen: float = 0.2):
    """Squared Gaussian residuals of that variance [M, K], a share of them known."""
    count = (rng.random((M, K)) < seen).astype(np.float32)
    energy = rng.exponential(1.0, (M, K)) * variance * count
    return energy.astype(np.float32), count


def test_equal_variances_are_pooled():
    rng = np.random.default_rng(0)
    estimates = rng.gamma(10, 0.1, 52)
    found = shrink(estimates, np.full(52, 10.0))
    assert np.std(found) < 0.3 * np.std(estimates)
    assert found.mean() == pytest.approx(estimates.mean(), rel=0.05)


def test_what_stands_out_is_believed_and_leaves_the_others_alone():
    rng = np.random.default_rng(1)
    estimates = rng.gamma(10, 0.1, 52)
    estimates[7] = 100.0
    found = shrink(estimates, np.full(52, 10.0))
    assert found[7] == 100.0
    assert np.delete(found, 7).mean() == pytest.approx(1, rel=0.1)


def test_an_interferer_is_found_on_its_carriers_and_an_impulse_in_its_symbol():
    rng = np.random.default_rng(2)
    variance = np.ones((M, K))
    variance[:, 20] = 50.0
    variance[60] *= 20.0
    energy, count = residuals(rng, variance)
    empty = rng.exponential(1.0, (M, EMPTY)).astype(np.float32)
    empty[60] *= 20
    found = estimate(energy, count, empty)
    cells = found.cells
    assert cells[10, 20] == pytest.approx(50, rel=0.5)
    assert cells[60, 30] == pytest.approx(20, rel=0.7)
    assert np.delete(np.delete(cells, 60, 0), 20, 1).mean() == pytest.approx(1, rel=0.1)


def test_a_signal_that_comes_and_goes_is_found_where_it_was():
    rng = np.random.default_rng(5)
    variance = np.ones((M, K))
    variance[32:48, 26:33] = 300.0
    energy, count = residuals(rng, variance)
    cells = estimate(energy, count, rng.exponential(1.0, (M, EMPTY)).astype(np.float32)).cells
    assert np.median(cells[34:46, 27:32]) == pytest.approx(300, rel=0.5)
    assert np.median(cells[60:, 27:32]) < 3
    assert np.median(cells[:, :20]) == pytest.approx(1, rel=0.2)


def test_equal_noise_has_no_tiles():
    rng = np.random.default_rng(6)
    uneven = 0
    for _ in range(50):
        energy, count = residuals(rng, np.ones((M, K)))
        found = estimate(energy, count, rng.exponential(1.0, (M, EMPTY)).astype(np.float32))
        uneven += np.mean(found.tile != 1) > 0.05
    assert uneven <= 2


def test_carriers_that_were_never_seen_have_the_common_variance():
    rng = np.random.default_rng(3)
    energy, count = residuals(rng, np.ones((M, K)))
    count[:, 5] = energy[:, 5] = 0
    found = estimate(energy, count, rng.exponential(1.0, (M, EMPTY)).astype(np.float32))
    assert found.carrier[5] == pytest.approx(1, rel=0.15)


def test_the_scale_does_not_matter():
    rng = np.random.default_rng(4)
    energy, count = residuals(rng, np.ones((M, K)))
    empty = rng.exponential(1.0, (M, EMPTY)).astype(np.float32)
    loud, quiet = (estimate(energy * s, count, empty * s) for s in (1e6, 1e-12))
    assert np.allclose(loud.carrier / 1e18, quiet.carrier, rtol=1e-3)
    assert np.allclose(loud.symbol, quiet.symbol, rtol=1e-3)
