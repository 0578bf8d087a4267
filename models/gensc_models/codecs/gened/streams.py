"""The symbols of the two branches as streams of their own.

Of the blocks of a branch in the order of the rows, symbol k of every block that has more than k
comes before symbol k + 1 of any: what is lost in a row hurts many blocks a little. A symbol carries
two real channels, signs scrambled as in :mod:`gensc_models.codecs.layout`.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.codecs.gened.split import Shares
from gensc_models.codecs.layout import MAX_AMPLITUDE, MAX_PRECISION, scrambling
from gensc_models.codecs.softcast.linear import COEFFICIENTS, MAX_RATE

Symbols = NDArray[np.complex64]


def _places(rates: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Symbol number and block of every symbol of a stream whose blocks have these rates."""
    number, block = np.nonzero(np.arange(MAX_RATE)[:, None] < rates[None, :])
    return number, block


def to_streams(channels: Tensor, share: Shares) -> tuple[Symbols, Symbols]:
    """Real channels ``256 x h x w`` to the symbols of foreground and background.

    Their powers are those of the share, exactly, so that the mean over all symbols is one. A
    branch without any energy to send becomes constant symbols.
    """
    flat = channels.double().cpu().numpy().reshape(MAX_RATE, 2, -1)
    streams = []
    for inside, power in zip((share.mask, ~share.mask), share.powers, strict=True):
        blocks = np.flatnonzero(inside.numpy().ravel())
        number, block = _places(share.rates[inside].numpy())
        pairs = flat[number, :, blocks[block]] * scrambling(len(number))
        symbols = pairs[:, 0] + 1j * pairs[:, 1]
        mean = float(np.mean(np.abs(symbols) ** 2)) if symbols.size else 0.0
        level = math.sqrt(power / mean) if mean > 0.0 else 0.0
        stream = symbols * level if mean > 0.0 else np.full(symbols.shape, math.sqrt(power))
        streams.append(stream.astype(np.complex64))
    return streams[0], streams[1]


def from_streams(
    streams: tuple[Symbols, Symbols],
    noise_var: tuple[NDArray[np.float32], NDArray[np.float32]],
    share: Shares,
) -> tuple[Tensor, Tensor]:
    """Received symbols and noise variances to real channels and precisions, ``256 x h x w``.

    A symbol that is not finite, or whose noise variance is infinite or NaN, is an erasure: value
    0, precision 0.

    Raises
    ------
    ValueError
        A stream has not the number of symbols or of variances that its branch has.
    """
    height, width = share.mask.shape
    received = np.zeros((MAX_RATE, 2, height * width), np.float32)
    precision = np.zeros((MAX_RATE, 2, height * width), np.float32)
    halves = (("foreground", share.mask), ("background", ~share.mask))
    for (name, inside), stream, noise in zip(halves, streams, noise_var, strict=True):
        blocks = np.flatnonzero(inside.numpy().ravel())
        number, block = _places(share.rates[inside].numpy())
        symbols = np.asarray(stream).ravel()
        variance = np.asarray(noise, np.float64).ravel()
        if symbols.size != len(number) or variance.size != len(number):
            raise ValueError(
                f"{name}: expected {len(number)} symbols and noise variances, "
                f"got {symbols.size} and {variance.size}"
            )
        known = np.isfinite(symbols) & np.isfinite(variance)
        weight = np.zeros(len(number))
        weight[known] = 1.0 / np.maximum(variance[known], 1.0 / MAX_PRECISION)
        value = np.where(known, symbols, 0).astype(np.complex128) * math.sqrt(2.0)
        pairs = np.stack([value.real, value.imag], axis=-1).clip(-MAX_AMPLITUDE, MAX_AMPLITUDE)
        received[number, :, blocks[block]] = pairs * scrambling(len(number))
        precision[number, :, blocks[block]] = weight[:, None]
    shape = (COEFFICIENTS, height, width)
    return torch.from_numpy(received).view(shape), torch.from_numpy(precision).view(shape)
