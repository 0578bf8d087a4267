"""A latent image as any number of analog symbols, and what a receiver knows of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.baselines.latent_symbols import (
    of_frequencies,
    of_symbols,
    to_frequencies,
    to_symbols,
)

SHAPE = (4, 10, 14)
VALUES = 4 * 10 * 14
shapes = st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(1, 20))
counts = st.integers(1, 900)


def latents(shape=SHAPE, seed=0):
    """Smooth, as those of photos are, with a mean."""
    rng = np.random.default_rng(seed)
    return 0.7 + np.cumsum(np.cumsum(rng.standard_normal(shape), axis=1), axis=2) / 10


def observed(values, count, noise_var, seed=1):
    symbols, scale = to_symbols(values, count)
    variance = np.broadcast_to(noise_var, count).astype(np.float32)
    rng = np.random.default_rng(seed)
    noise = (rng.standard_normal((count, 2)) @ [1, 1j]) * np.sqrt(np.minimum(variance, 1e6) / 2)
    return of_symbols(symbols + noise, variance, scale, values.shape)


@given(shape=shapes, seed=st.integers(0, 99))
def test_frequencies_are_the_latents_turned_round(shape, seed):
    values = np.random.default_rng(seed).standard_normal(shape)
    frequencies = to_frequencies(values)
    assert np.sum(frequencies**2) == pytest.approx(np.sum(values**2))
    assert of_frequencies(frequencies) == pytest.approx(values, abs=1e-12)


@settings(deadline=None)
@given(shape=shapes, count=counts)
def test_as_many_symbols_as_were_granted_of_mean_power_one(shape, count):
    symbols, scale = to_symbols(latents(shape), count)
    assert (symbols.shape, symbols.dtype) == ((count,), np.complex64)
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1.0, rel=1e-5)
    assert scale > 0


@settings(deadline=None)
@given(shape=shapes, count=counts)
def test_every_symbol_carries_two_values_and_none_is_sent_twice_before_all_are_once(shape, count):
    values = latents(shape)
    seen = observed(values, count, 1e-9)
    arrived = np.isfinite(seen.variance)
    assert np.count_nonzero(arrived) == min(2 * count, values.size)
    assert seen.value[arrived] == pytest.approx(to_frequencies(values)[arrived], abs=1e-2)
    assert not seen.value[~arrived].any()


def test_too_few_symbols_carry_the_lowest_frequencies():
    values = latents()
    seen = observed(values, VALUES // 8, 1e-9)
    error = np.sum((of_frequencies(seen.value) - values) ** 2)
    assert error < 0.1 * np.sum((values - values.mean()) ** 2)
    # Most of the frequencies of a plane, and of every plane as many.
    per_plane = np.isfinite(seen.variance).sum(axis=(1, 2))
    assert np.ptp(per_plane) <= 4


@pytest.mark.parametrize("times", [1, 3])
def test_the_variance_that_is_told_is_that_of_the_error(times):
    values = latents(seed=3)
    errors, told = [], 0.0
    for seed in range(30):
        seen = observed(values, times * VALUES // 2, 0.2, seed)
        errors.append(seen.value - to_frequencies(values))
        told = seen.variance
    assert np.ptp(told) < 1e-6
    assert np.mean(np.square(errors)) == pytest.approx(told.mean(), rel=0.05)
    # Sent three times, the noise is a third.
    scale = to_symbols(values, times * VALUES // 2)[1]
    assert told.mean() == pytest.approx(scale**2 * 0.1 / times, rel=1e-5)


def test_copies_count_by_their_precision_and_erasures_not_at_all():
    values = latents()
    count = VALUES  # everything twice
    noise_var = np.full(count, 0.1)
    noise_var[::3] = np.inf
    seen = observed(values, count, noise_var)
    scale = to_symbols(values, count)[1]
    good = scale**2 * 0.05
    assert set(np.round(seen.variance / good, 4).ravel()) <= {0.5, 1.0, np.inf}
    symbols, scale = to_symbols(values, count)
    symbols[5] = np.nan
    damaged = of_symbols(symbols, np.full(count, 0.1), scale, SHAPE)
    assert np.count_nonzero(damaged.variance > good * 0.6) == 2
    assert np.isfinite(damaged.value).all()


def test_what_is_lost_in_a_row_is_spread_over_the_image():
    noise_var = np.full(VALUES // 2, 1e-6)
    noise_var[40:96] = np.inf
    seen = observed(latents(), VALUES // 2, noise_var)
    lost = np.argwhere(np.isinf(seen.variance))
    assert len(lost) == 112
    assert np.std(lost[:, 1]) > 2
    assert np.std(lost[:, 2]) > 3


def test_latents_without_anything_in_them_are_sent_at_full_power():
    symbols, scale = to_symbols(np.zeros(SHAPE), 50)
    assert np.mean(np.abs(symbols) ** 2) == 1.0
    assert not np.nan_to_num(of_symbols(symbols, np.ones(50), scale, SHAPE).value).any()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="0 symbols"):
        to_symbols(latents(), 0)
    with pytest.raises(ValueError, match="not finite"):
        to_symbols(np.full(SHAPE, np.nan), 10)
    with pytest.raises(ValueError, match="5 symbols with 4 noise variances"):
        of_symbols(np.ones(5), np.ones(4), 1.0, SHAPE)
    with pytest.raises(ValueError, match="0 symbols"):
        of_symbols(np.ones(0), np.ones(0), 1.0, SHAPE)
