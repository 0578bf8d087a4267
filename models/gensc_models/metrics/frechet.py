"""Frechet distance between two sets of feature vectors.

The Frechet inception distance (Heusel et al., "GANs trained by a two time-scale update rule
converge to a local Nash equilibrium", NeurIPS 2017) fits a Gaussian to each set and takes the
distance of the two (Dowson and Landau, 1982)::

    d^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))

It is called FID only where the features are those of the Inception network; figures with other
features compare with each other alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]


def frechet_distance(first: Features, second: Features) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets of features.

    Parameters
    ----------
    first, second : ``N x F`` and ``M x F``, at least two vectors each. With fewer vectors than
        features the covariances are singular: the distance is defined, but depends on N and M, so
        sets of equal sizes should be compared.

    Raises
    ------
    ValueError
        Sets of other shapes, of fewer than two vectors, or with values that are not finite.
    """
    for name, features in (("first", first), ("second", second)):
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"{name} set must be N x F with N of at least 2, not {features.shape}")
        if not np.isfinite(features).all():
            raise ValueError(f"{name} set holds values that are not finite")
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"sets differ in features: {first.shape[1]} and {second.shape[1]}")
    a, b = first.astype(np.float64), second.astype(np.float64)
    return gaussian_distance(a.mean(axis=0), covariance(a), b.mean(axis=0), covariance(b))


def covariance(features: Features) -> NDArray[np.float64]:
    """Sample covariance ``F x F`` of vectors ``N x F``."""
    return np.atleast_2d(np.cov(features, rowvar=False))


def gaussian_distance(
    mean1: NDArray[np.float64],
    covariance1: NDArray[np.float64],
    mean2: NDArray[np.float64],
    covariance2: NDArray[np.float64],
) -> float:
    """Squared Frechet distance of two Gaussians, not negative; means ``F``, covariances ``F x F``.

    tr (C1 C2)^(1/2) is the sum of the singular values of C1^(1/2) C2^(1/2), so that singular
    covariances need no regularisation.
    """
    roots = _root(covariance1) @ _root(covariance2)
    shared = np.linalg.svd(roots, compute_uv=False).sum()
    apart = np.square(mean1 - mean2).sum()
    return max(0.0, float(apart + np.trace(covariance1) + np.trace(covariance2) - 2.0 * shared))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square root of a symmetric matrix without negative eigenvalues but for rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
