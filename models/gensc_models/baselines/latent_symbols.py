"""A latent image as any number of analog symbols.

The latents are brought to frequencies: an orthonormal DCT of squares of about 8 x 8. White noise
stays white under it, so that where everything is sent once this is no different from sending the
latents themselves. ``n`` symbols carry ``2n`` values: of a latent image with more values than that
the lowest frequencies of all channels are sent, of a smaller one everything again and again, from
the lowest frequency on.

Symbol ``k`` carries the values ``p`` and ``2n - 1 - p`` of that sequence, with ``p`` going through
all numbers below ``n`` in long strides, so that what is lost in a row is spread over the image, and
no symbol has both copies of a value. Signs are scrambled as in :mod:`gensc_models.codecs.layout`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from gensc_models.baselines.transmission import Symbols, Variances
from gensc_models.codecs.layout import MAX_AMPLITUDE, scrambling

SQUARE = 8
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0

Latents = NDArray[np.float64]
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Observation:
    """What a receiver knows of every frequency by itself.

    Attributes
    ----------
    value
        Frequencies plus noise, float64 ``C x h x w``.
    variance
        Of the noise, same shape; infinite where nothing has arrived.
    """

    value: Latents
    variance: Latents


def to_frequencies(latents: Latents) -> Latents:
    """``C x h x w`` to frequencies of the same shape."""
    return _analysis(latents.shape[1]) @ latents @ _analysis(latents.shape[2]).T


def of_frequencies(frequencies: Latents) -> Latents:
    """Inverse of :func:`to_frequencies`."""
    return _analysis(frequencies.shape[1]).T @ frequencies @ _analysis(frequencies.shape[2])


def to_symbols(latents: Latents, count: int) -> tuple[Symbols, float]:
    """``count`` symbols of mean power one, complex64, and what they were divided by.

    Raises
    ------
    ValueError
        Not one symbol, or latents that are not finite.
    """
    if count < 1:
        raise ValueError(f"{count} symbols carry no latents")
    if not np.isfinite(latents).all():
        raise ValueError("the latents are not finite")
    sent = to_frequencies(latents).ravel()[_places(latents.shape, count)]
    pairs = sent * scrambling(count)
    scale = math.sqrt(float(np.mean(np.sum(pairs**2, axis=1))))
    if scale == 0.0:
        # Nothing to say is said by a carrier, so that the power is as agreed.
        return np.ones(count, np.complex64), 0.0
    return ((pairs[:, 0] + 1j * pairs[:, 1]) / scale).astype(np.complex64), scale


def of_symbols(symbols: Symbols, noise_var: Variances, scale: float, shape: Shape) -> Observation:
    """The observation that received symbols are.

    What was sent more than once is weighted by its precision. A symbol that is not finite, or whose
    noise variance is not, is an erasure.

    Parameters
    ----------
    symbols, noise_var
        As many as were sent, with the total variance of each one's noise.
    scale
        As :func:`to_symbols` gave it.
    shape
        Of the latents.

    Raises
    ------
    ValueError
        Not as many variances as symbols, or neither.
    """
    symbols, variance = np.asarray(symbols).ravel(), np.asarray(noise_var, np.float64).ravel()
    if symbols.size != variance.size or not symbols.size:
        raise ValueError(f"{symbols.size} symbols with {variance.size} noise variances")
    known = np.isfinite(symbols) & np.isfinite(variance)
    # Half of the noise is in each value, and the signal's power is that of both together.
    weight = np.where(known, 1.0 / _not_zero(np.where(known, variance, 1.0) / 2.0), 0.0)
    value = np.where(known, symbols, 0).astype(np.complex128)
    pairs = np.stack([value.real, value.imag], axis=1).clip(-MAX_AMPLITUDE, MAX_AMPLITUDE)
    pairs = pairs * scrambling(symbols.size)
    places = _places(shape, symbols.size)
    total, summed = np.zeros(math.prod(shape)), np.zeros(math.prod(shape))
    np.add.at(total, places, weight[:, None])
    np.add.at(summed, places, weight[:, None] * pairs)
    some = total > 0.0
    mean = np.divide(summed, total, out=np.zeros_like(summed), where=some)
    spread = np.divide(1.0, total, out=np.full_like(total, np.inf), where=some)
    return Observation(
        (scale * mean).reshape(shape), (max(scale, 1e-9) ** 2 * spread).reshape(shape)
    )


def _not_zero(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(variance, 1e-12)


def _parts(side: int) -> list[int]:
    """Lengths of the squares along a side: as equal as can be, none above :data:`SQUARE`."""
    count = -(-side // SQUARE)
    return [side // count + (number < side % count) for number in range(count)]


@lru_cache(maxsize=8)
def _analysis(side: int) -> NDArray[np.float64]:
    """Orthonormal ``side x side`` matrix of a DCT of every part by itself."""
    matrix, start = np.zeros((side, side)), 0
    for part in _parts(side):
        inside = slice(start, start + part)
        matrix[inside, inside] = dct(np.eye(part), axis=0, norm="ortho")
        start += part
    return matrix


@lru_cache(maxsize=8)
def _order(shape: Shape) -> NDArray[np.int64]:
    """Places of all frequencies, the lowest first."""
    rows, columns = (
        np.concatenate([np.arange(part) / part for part in _parts(side)]) for side in shape[1:]
    )
    frequency = np.broadcast_to(rows[:, None] ** 2 + columns[None, :] ** 2, shape)
    return np.argsort(frequency.ravel(), kind="stable")


@lru_cache(maxsize=8)
def _places(shape: Shape, count: int) -> NDArray[np.int64]:
    """Place of the two values of each symbol, ``count x 2``."""
    stride = max(round(count * GOLDEN), 1)
    while math.gcd(stride, count) > 1:
        stride += 1
    first = np.arange(count, dtype=np.int64) * stride % count
    order = _order(shape)
    return order[np.stack([first, 2 * count - 1 - first], axis=1) % len(order)]
