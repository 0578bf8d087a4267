"""Spreading the real channels of a block over its symbols, and undoing it optimally.

A lost symbol should not cost one whole coefficient (least of all the mean colour of a block).
Before transmission the 2C real channels ``z`` of a block are therefore mixed, in groups of at most
32, by an orthonormal DCT ``Q``; SoftCast uses a Hadamard matrix to the same end. Over a channel
with equal noise this changes nothing at all. Where symbols differ in noise or are erased, the
receiver knows how much power each channel carries (``S``) and how good each symbol is (``D``,
precisions), and the linear minimum mean-square error estimate

    ``z^ = S^(1/2) A^-1 S^(1/2) Q' D r,   A = I + S^(1/2) Q' D Q S^(1/2)``

recovers the strong coefficients from the symbols that are left. It is handed on in the form of an
*equivalent observation* of each coefficient by itself: an unbiased value and its precision, so
that everything after it may go on thinking of coefficients one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import torch
from torch import Tensor

# Channels that are mixed with each other: 16 lose 0.1 dB, 64 and more gain nothing and cost time.
GROUP = 32
# Precisions (1 / noise variance, 33 dB) above which float32 could not invert A reliably.
MAX_PRECISION = 2e3
# Largest ratio of noise variances within an image for which their mean will do.
EQUAL_WITHIN = 1.5
# Power that the encoder network may put where the linear code puts none.
POWER_FLOOR = 0.03
BLOCKS_AT_ONCE = 512


@cache
def mixing_matrix(size: int) -> Tensor:
    """Orthonormal ``size x size`` matrix ``Q``: values on the air = Q coefficients.

    The rows are those of an inverse DCT-II in the order 0, h, 1, h + 1, ... with ``h`` half the
    size: neighbouring rows resemble each other, and the two values of one symbol are lost
    together.
    """
    # Kept for later calls, of which some train: never an inference tensor.
    with torch.inference_mode(False):
        index = torch.arange(size, dtype=torch.float64)
        angle = math.pi * (index[:, None] + 0.5) * index[None, :] / size
        matrix = torch.cos(angle) * math.sqrt(2.0 / size)
        matrix[:, 0] *= math.sqrt(0.5)
        order = torch.argsort(index % math.ceil(size / 2), stable=True)
        return matrix[order].float()


def groups(rate: int) -> list[slice]:
    """The channels that are mixed with each other: every G-th of the first ``2 rate``.

    So each group has its share of strong and of weak coefficients, and from two groups on the two
    values of one symbol belong to different groups.
    """
    count = math.ceil(2 * rate / GROUP)
    return [slice(first, 2 * rate, count) for first in range(count)]


def _same_rate(rate: Tensor) -> Iterator[tuple[int, slice | Tensor]]:
    """Every rate of a batch with the images that have it."""
    rates = sorted(set(rate.tolist()))
    for symbols in rates:
        everyone = slice(None)
        yield symbols, everyone if len(rates) == 1 else (rate == symbols).nonzero()[:, 0]


def spread(channels: Tensor, rate: Tensor) -> Tensor:
    """Mixes the first ``2 rate`` channels of every block.

    Parameters
    ----------
    channels : ``B x 256 x h x w``, zero from channel ``2 rate`` on.
    rate : ``B``.
    """
    mixed = channels.clone()
    for symbols, images in _same_rate(rate):
        for group in groups(symbols):
            used = channels[images, group]
            matrix = mixing_matrix(used.shape[1]).to(used.device)
            mixed[images, group] = torch.einsum("mn,bnhw->bmhw", matrix, used)
    return mixed


def _posterior(
    received: Tensor, precision: Tensor, power: Tensor, matrix: Tensor
) -> tuple[Tensor, Tensor]:
    """Equivalent observation of ``N x n`` received values; ``power`` is ``n``."""
    root = power.sqrt()
    mixing = matrix * root
    with torch.no_grad():
        weighted = mixing.T[None] * precision[:, None, :]
        system = weighted @ mixing + torch.eye(len(power), device=power.device)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))
        left = inverse.diagonal(dim1=1, dim2=2)
        learned = (1.0 - left).clamp_min(1e-6)
    matched = (precision * received) @ mixing
    estimate = root * (inverse @ matched[..., None])[..., 0]
    return estimate / learned, learned / (left * power)


def _despread_uneven(received: Tensor, precision: Tensor, power: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`despread` for one group of one image, ``n x h x w``; ``power`` is ``n``."""
    matrix = mixing_matrix(len(power)).to(received.device)
    r, d = received.flatten(1).T, precision.flatten(1).T.clamp_max(MAX_PRECISION)
    chunks = zip(r.split(BLOCKS_AT_ONCE), d.split(BLOCKS_AT_ONCE), strict=True)
    solved = [_posterior(r_part, d_part, power, matrix) for r_part, d_part in chunks]
    z, p = (torch.cat(column) for column in zip(*solved, strict=True))
    return z.T.reshape(received.shape), p.T.reshape(received.shape)


def _despread_group(received: Tensor, precision: Tensor, power: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`despread` for one group of some images, ``B x n x h x w``; ``power`` is ``B x n``."""
    lowest, highest = precision.flatten(1).min(dim=1).values, precision.flatten(1).max(dim=1).values
    uneven = ~((lowest > 0.0) & (highest <= EQUAL_WITHIN * lowest))
    matrix = mixing_matrix(received.shape[1]).to(received.device)
    values = torch.einsum("mn,bmhw->bnhw", matrix, received)
    weights = (1.0 / (1.0 / precision).mean(dim=1, keepdim=True)).expand_as(values)
    if not uneven.any():
        return values, weights
    solved = {
        i: _despread_uneven(received[i], precision[i], power[i])
        for i in uneven.nonzero()[:, 0].tolist()
    }
    pairs = [solved.get(i, (values[i], weights[i])) for i in range(len(received))]
    z, p = zip(*pairs, strict=True)
    return torch.stack(z), torch.stack(p)


def despread(
    received: Tensor, precision: Tensor, power: Tensor, rate: Tensor
) -> tuple[Tensor, Tensor]:
    """Equivalent observations of the channels that :func:`spread` mixed.

    Parameters
    ----------
    received, precision : ``B x 256 x h x w``; precision 0 is an erasure.
    power : ``B x 256``, mean power of each channel as sent.
    rate : ``B``.

    Returns
    -------
    Values and precisions of the coefficients, ``B x 256 x h x w``; for equal precisions these are
    the rotated values and the same precision.
    """
    values, weights = torch.zeros_like(received), torch.zeros_like(precision)
    for symbols, images in _same_rate(rate):
        for group in groups(symbols):
            values[images, group], weights[images, group] = _despread_group(
                received[images, group], precision[images, group], power[images, group]
            )
    return values, weights
