"""Gray-labelled square QAM with unit mean energy, and its soft demapper.

A symbol's first half of bits labels I, the second half Q. Each half is a Gray-labelled PAM of
L = 2^(bits/2) levels, so demapping is separable: with complex noise of total variance N0,

    LLR_i = log sum_{x: b_i = 0} exp(-(y - x)^2 / N0) - log sum_{x: b_i = 1} exp(-(y - x)^2 / N0)

per real dimension, where log p(0)/p(1) > 0 means bit 0. The first bit of each half is the best
protected one, the last the least.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.demapper import demap

BITS_PER_SYMBOL = (2, 4, 6, 8, 10)
"""Supported constellations: QPSK, 16-QAM, 64-QAM, 256-QAM and 1024-QAM."""


@cache
def _levels(bits_per_axis: int) -> NDArray[np.float32]:
    """Amplitude of every label of one axis, float32 [2^bits], energy 1/2."""
    count = 1 << bits_per_axis
    position = np.arange(count)
    amplitude = np.empty(count, dtype=np.float64)
    amplitude[position ^ (position >> 1)] = count - 1 - 2 * position
    amplitude /= np.sqrt(2.0 * np.mean(amplitude**2))
    levels = amplitude.astype(np.float32)
    levels.flags.writeable = False
    return levels


def _bits_per_axis(bits_per_symbol: int) -> int:
    if bits_per_symbol not in BITS_PER_SYMBOL:
        raise ValueError(f"bits_per_symbol must be one of {BITS_PER_SYMBOL}, got {bits_per_symbol}")
    return bits_per_symbol // 2


def modulate(bits: ArrayLike, bits_per_symbol: int) -> NDArray[np.complex64]:
    """Map bits to symbols.

    Args:
        bits: 0 or 1, shape [n]; n a multiple of `bits_per_symbol`.
        bits_per_symbol: one of `BITS_PER_SYMBOL`.

    Returns:
        complex64 [n / bits_per_symbol], unit mean energy over all labels.

    Raises:
        ValueError: for another constellation or a length that is not a whole number of symbols.
    """
    per_axis = _bits_per_axis(bits_per_symbol)
    flat = np.asarray(bits, dtype=np.uint8)
    if flat.ndim != 1 or flat.size % bits_per_symbol:
        raise ValueError(
            f"need a flat array of a multiple of {bits_per_symbol} bits, got {flat.shape}"
        )
    weights = 1 << np.arange(per_axis - 1, -1, -1)
    labels = flat.reshape(-1, 2, per_axis) @ weights
    axes = np.ascontiguousarray(_levels(per_axis)[labels])
    return axes.view(np.complex64)[:, 0]


def soft_demap(
    symbols: ArrayLike, noise_var: ArrayLike, bits_per_symbol: int
) -> NDArray[np.float32]:
    """LLRs of received symbols.

    Args:
        symbols: equalised symbols, complex [n].
        noise_var: total complex noise variance per symbol, [n] or a scalar; inf marks an erasure.
        bits_per_symbol: one of `BITS_PER_SYMBOL`.

    Returns:
        float32 [n * bits_per_symbol], finite. 0 where the noise variance is infinite or anything
        is NaN; a variance of zero is taken as the smallest float32 can divide by.

    Raises:
        ValueError: for another constellation, shapes that do not match or a negative variance.
    """
    per_axis = _bits_per_axis(bits_per_symbol)
    received = np.asarray(symbols, dtype=np.complex64)
    if received.ndim != 1:
        raise ValueError(f"symbols must be one-dimensional, got shape {received.shape}")
    variance = np.broadcast_to(np.asarray(noise_var, dtype=np.float32), received.shape)
    if (variance < 0).any():
        raise ValueError("noise variance must not be negative")
    usable = np.isfinite(received) & np.isfinite(variance)
    # Far outside the constellation all distances agree to rounding; bound the input instead.
    axes = np.where(usable, received, 0).astype(np.complex64).view(np.float32).clip(-1e3, 1e3)
    axes = axes.reshape(-1, 2)
    scale = np.where(usable, 1.0 / np.maximum(variance, 1e-9), 0).astype(np.float32)

    llr = np.empty((received.size, 2, per_axis), dtype=np.float32)
    demap(axes, scale, _levels(per_axis).copy(), llr)
    return llr.reshape(-1)
