"""Symbols that were sent several times, put together (Chase combining)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def combine(
    copies: Sequence[tuple[NDArray[np.complex64], NDArray[np.float32]]],
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Equal symbols received several times to the best estimate of each.

    Every copy counts as its noise variance says (maximum ratio combining); where a variance is
    infinite nothing was received.

    Args:
        copies: symbols and noise variances, all [N]; at least one.

    Returns:
        Symbols and their noise variance, [N]; 0 and infinite where no copy has the symbol.
    """
    precision = np.array([1.0 / np.maximum(noise_var, 1e-12) for _, noise_var in copies])
    values = np.array([symbols for symbols, _ in copies])
    total = precision.sum(axis=0)
    known = total > 0
    mean = np.zeros(total.shape, np.complex64)
    mean[known] = (np.where(precision > 0, values, 0) * precision).sum(axis=0)[known] / total[known]
    noise_var = np.full(total.shape, np.inf, np.float32)
    noise_var[known] = 1.0 / total[known]
    return mean, noise_var
