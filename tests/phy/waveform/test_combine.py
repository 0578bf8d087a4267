"""Symbols that were sent several times, put together."""

import numpy as np
import pytest

from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.mcs import nearest_mcs
from gensc_phy.waveform.combine import combine


def noisy(symbols, variances, seed):
    parts = np.random.default_rng(seed).standard_normal((2, symbols.size))
    noise = (parts[0] + 1j * parts[1]) * np.sqrt(np.asarray(variances) / 2)
    return (symbols + noise).astype(np.complex64), np.full(symbols.size, variances, np.float32)


def test_one_copy_stays_as_it_is():
    symbols, noise_var = noisy(np.ones(50, np.complex64), 0.3, 0)
    combined = combine([(symbols, noise_var)])
    np.testing.assert_allclose(combined[0], symbols, rtol=1e-5)
    np.testing.assert_allclose(combined[1], noise_var, rtol=1e-5)


def test_the_variance_told_is_that_of_the_error():
    sent = np.ones(40_000, np.complex64)
    estimate, told = combine([noisy(sent, 1.0, 1), noisy(sent, 0.25, 2)])
    np.testing.assert_allclose(told, 0.2, rtol=1e-5)
    assert np.mean(np.abs(estimate - sent) ** 2) == pytest.approx(0.2, rel=0.03)


def test_what_one_copy_lost_the_other_has_and_what_all_lost_stays_lost():
    first = (
        np.array([np.nan, 2.0, 0.0], np.complex64),
        np.array([np.inf, 1.0, np.inf], np.float32),
    )
    second = (np.array([3.0, 0.0, 0.0], np.complex64), np.array([0.5, np.inf, np.inf], np.float32))
    symbols, noise_var = combine([first, second])
    np.testing.assert_allclose(symbols, [3.0, 2.0, 0.0])
    np.testing.assert_allclose(noise_var, [0.5, 1.0, np.inf])


def test_two_copies_decode_where_neither_does_alone():
    mcs, payload = nearest_mcs(2, 0.5), bytes(range(31))
    symbols = encode_bits(payload, mcs)
    copies = [noisy(symbols, 10 ** (1.7 / 10), seed) for seed in (3, 4)]
    assert not any(decode_bits(*copy, 31, mcs).crc_ok for copy in copies)
    assert decode_bits(*combine(copies), 31, mcs).payload == payload
