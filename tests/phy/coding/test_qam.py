"""QAM: unit energy, Gray labels, and LLRs that mean what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from gensc_phy.coding import qam

ORDERS = pytest.mark.parametrize("bits_per_symbol", qam.BITS_PER_SYMBOL)


def all_labels(bits_per_symbol):
    """Bits of every label in counting order, uint8 [2^b, b]."""
    labels = np.arange(1 << bits_per_symbol)[:, None] >> np.arange(bits_per_symbol - 1, -1, -1)
    return (labels & 1).astype(np.uint8)


def constellation(bits_per_symbol):
    return qam.modulate(all_labels(bits_per_symbol).reshape(-1), bits_per_symbol)


@ORDERS
def test_constellation_has_unit_mean_energy_and_no_mean(bits_per_symbol):
    points = constellation(bits_per_symbol)
    assert points.dtype == np.complex64
    assert len(np.unique(points)) == 1 << bits_per_symbol
    assert np.mean(np.abs(points) ** 2) == pytest.approx(1, abs=1e-6)
    assert abs(points.mean()) < 1e-6


@ORDERS
def test_nearest_neighbours_differ_in_one_bit(bits_per_symbol):
    points, labels = constellation(bits_per_symbol), all_labels(bits_per_symbol)
    distance = np.abs(points[:, None] - points[None])
    smallest = distance[distance > 0].min()
    a, b = np.nonzero((distance > 0) & (distance < smallest * 1.01))
    assert np.all((labels[a] != labels[b]).sum(axis=1) == 1)


def test_zero_bits_lie_on_the_positive_side():
    assert qam.modulate([0, 0], 2)[0] == pytest.approx((1 + 1j) / np.sqrt(2), abs=1e-6)
    assert qam.modulate([1, 0], 2)[0] == pytest.approx((-1 + 1j) / np.sqrt(2), abs=1e-6)


@ORDERS
@settings(deadline=None)
@given(data=st.data())
def test_noiseless_symbols_return_the_bits(bits_per_symbol, data):
    bits = data.draw(st.lists(st.integers(0, 1), min_size=0, max_size=96))
    bits = np.array(bits[: len(bits) // bits_per_symbol * bits_per_symbol], dtype=np.uint8)
    llr = qam.soft_demap(qam.modulate(bits, bits_per_symbol), 1e-3, bits_per_symbol)
    assert llr.dtype == np.float32
    assert np.array_equal(llr < 0, bits == 1)


def test_qpsk_llr_is_the_exact_one():
    # log p(0)/p(1) of a BPSK axis of amplitude a in noise N0/2 is 4 a y / N0.
    symbols = np.array([0.3 - 1.2j, -0.01 + 2j], dtype=np.complex64)
    noise = np.array([0.5, 2.0], dtype=np.float32)
    expected = 4 * symbols.view(np.float32).reshape(2, 2) / np.sqrt(2) / noise[:, None]
    assert qam.soft_demap(symbols, noise, 2) == pytest.approx(expected.reshape(-1), rel=1e-5)


@ORDERS
def test_llr_is_the_exact_one_of_the_joint_constellation(bits_per_symbol):
    rng = np.random.default_rng(3)
    symbols = (rng.normal(size=(200, 2)) @ (1, 1j)).astype(np.complex64)
    # Down to where all but the nearest label are out of an exponential's reach.
    noise = 10 ** rng.uniform(-3, 0.3, size=200).astype(np.float32)
    metric = -(np.abs(symbols[:, None] - constellation(bits_per_symbol)) ** 2) / noise[:, None]
    labels = all_labels(bits_per_symbol)
    expected = np.stack(
        [
            logsumexp(metric[:, labels[:, i] == 0], axis=1)
            - logsumexp(metric[:, labels[:, i] == 1], axis=1)
            for i in range(bits_per_symbol)
        ],
        axis=1,
    )
    llr = qam.soft_demap(symbols, noise, bits_per_symbol).reshape(200, -1)
    within = np.abs(expected) < 60
    np.testing.assert_allclose(llr[within], expected[within], rtol=1e-3, atol=1e-3)
    # Beyond an exponential's reach the nearest label alone counts: up to log 2 less, of over 69.
    np.testing.assert_allclose(llr, expected, rtol=0.015, atol=1e-3)


@ORDERS
def test_erased_and_broken_symbols_say_nothing(bits_per_symbol):
    symbols = np.array([1, np.nan, 1, np.inf, 1 + 1j * np.nan, 0.5], dtype=np.complex64)
    noise = np.array([np.inf, 0.1, np.nan, 0.1, 0.1, 0.1], dtype=np.float32)
    llr = qam.soft_demap(symbols, noise, bits_per_symbol).reshape(6, -1)
    assert np.all(llr[:5] == 0)
    assert np.any(llr[5] != 0)


@ORDERS
def test_zero_variance_and_huge_symbols_give_finite_llrs(bits_per_symbol):
    llr = qam.soft_demap(np.array([1e30, 0.1 + 1e-20j], dtype=np.complex64), 0.0, bits_per_symbol)
    assert np.all(np.isfinite(llr))


@pytest.mark.parametrize("bits_per_symbol", [0, 1, 3, 12])
def test_unknown_constellations_are_refused(bits_per_symbol):
    with pytest.raises(ValueError, match="bits_per_symbol"):
        qam.modulate(np.zeros(30, dtype=np.uint8), bits_per_symbol)


def test_bits_must_fill_whole_symbols():
    with pytest.raises(ValueError, match="multiple of 4"):
        qam.modulate(np.zeros(6, dtype=np.uint8), 4)


def test_negative_variance_is_refused():
    with pytest.raises(ValueError, match="negative"):
        qam.soft_demap(np.ones(1, dtype=np.complex64), -0.1, 2)
