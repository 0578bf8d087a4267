"""Frechet distance of feature sets: a distance, and the closed form for Gaussians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from gensc_models.metrics.frechet import covariance, frechet_distance, gaussian_distance

SEEDS = st.integers(0, 2**32 - 1)


def features(seed: int, count: int = 60, size: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.standard_normal((count, size)) @ random.standard_normal((size, size))


@given(SEEDS, st.integers(2, 40))
@settings(max_examples=30)
def test_equal_sets_are_at_no_distance_even_where_covariances_are_singular(seed, count):
    values = features(seed, count, 12)
    assert frechet_distance(values, values[::-1]) == pytest.approx(0.0, abs=1e-6)


@given(SEEDS, SEEDS)
@settings(max_examples=30)
def test_it_is_the_closed_form_with_the_matrix_square_root(seed, other):
    a, b = features(seed), features(other) + 0.5
    ca, cb = covariance(a), covariance(b)
    closed = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    closed += np.trace(ca + cb - 2 * np.real(sqrtm(ca @ cb)))
    assert frechet_distance(a, b) == pytest.approx(closed, rel=1e-5, abs=1e-5)


def test_gaussians_with_known_distance():
    mean = np.array([3.0, 4.0])
    assert gaussian_distance(0 * mean, np.eye(2), mean, np.eye(2)) == pytest.approx(25.0)
    # Commuting covariances: the sum of (s1 - s2)^2.
    first, second = np.diag([1.0, 4.0]), np.diag([9.0, 16.0])
    assert gaussian_distance(mean, first, mean, second) == pytest.approx(4.0 + 4.0)


@given(SEEDS, st.floats(0, 5))
@settings(max_examples=30)
def test_it_is_symmetric_and_shifts_add_their_square(seed, shift):
    a, b = features(seed), features(seed + 1)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-6, abs=1e-8)
    assert frechet_distance(a, a + shift) == pytest.approx(5 * shift**2, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (np.zeros(3), np.zeros((2, 3)), "first set must be N x F"),
        (np.zeros((2, 3)), np.zeros((1, 3)), "second set must be N x F"),
        (np.zeros((2, 3)), np.zeros((2, 4)), "sets differ in features: 3 and 4"),
        (np.full((2, 3), np.nan), np.zeros((2, 3)), "first set holds values"),
    ],
)
def test_what_is_no_set_of_features_is_refused(first, second, named):
    with pytest.raises(ValueError, match=named):
        frechet_distance(first, second)
