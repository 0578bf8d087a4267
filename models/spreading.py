"""Spreading the real channels of a block over all of its symbols, and undoing it optimally.

A lost symbol should not cost one whole coefficient (least of all the mean colour of a block).
Before transmission the 2C real channels ``z`` of a block are therefore mixed by an orthonormal
DCT ``Q``; SoftCast uses a Hadamard matrix to the same end. Over a channel with equal noise this
changes nothing at all. Where symbols differ in noise or are erased, the receiver knows how much
power each channel carries (``S``) and how good each symbol is (``D``, precisions), and the linear
minimum mean-square error estimate

    ``z^ = S^(1/2) A^-1 S^(1/2) Q' D r,   A = I + S^(1/2) Q' D Q S^(1/2)``

recovers the strong coefficients from the symbols that are left. It is handed on in the form of an
*equivalent observation* of each coefficient by itself: an unbiased value and its precision, so
that everything after it may go on thinking of coefficients one at a time.
"""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

# Precisions (1 / noise variance, 33 dB) above which float32 could not invert A reliably.
MAX_PRECISION = 2e3
# Relative differences of precision within an image below which all symbols count as equal.
EQUAL_WITHIN = 1e-3
# Power that the encoder network may put where the linear code puts none.
POWER_FLOOR = 0.03
BLOCKS_AT_ONCE = 128


@cache
def mixing_matrix(size: int) -> Tensor:
    """Orthonormal ``size x size`` matrix ``Q``: values on the air = Q coefficients.

    The rows are those of an inverse DCT-II, in an order that puts row ``k`` and row
    ``k + size / 2`` into the two parts of symbol ``k``: neighbouring rows resemble each other, so
    losing two of them at once would lose more (0.2 to 0.7 dB for 10 to 30 % lost symbols).
    """
    # Kept for later calls, of which some train: never an inference tensor.
    with torch.inference_mode(False):
        index = torch.arange(size, dtype=torch.float64)
        angle = math.pi * (index[:, None] + 0.5) * index[None, :] / size
        matrix = torch.cos(angle) * math.sqrt(2.0 / size)
        matrix[:, 0] *= math.sqrt(0.5)
        return matrix.view(2, size // 2, size).transpose(0, 1).reshape(size, size).float()


def spread(channels: Tensor, rate: Tensor) -> Tensor:
    """Mixes the first ``2 rate`` channels of every block.

    Parameters
    ----------
    channels : ``B x 256 x h x w``, zero from channel ``2 rate`` on.
    rate : ``B``.
    """
    mixed = []
    for image, symbols in zip(channels, rate.tolist(), strict=True):
        n = 2 * symbols
        used = mixing_matrix(n).to(image.device) @ image[:n].flatten(1)
        mixed.append(torch.cat([used.view(n, *image.shape[1:]), image[n:]]))
    return torch.stack(mixed)


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
    values, weights = [], []
    for i, symbols in enumerate(rate.tolist()):
        n, grid = 2 * symbols, received.shape[2:]
        matrix = mixing_matrix(n).to(received.device)
        r, d = received[i, :n].flatten(1).T, precision[i, :n].flatten(1).T
        highest = d.max()
        if highest - d.min() <= EQUAL_WITHIN * highest:
            z, p = r @ matrix, d
        else:
            parts = [
                _posterior(r_part, d_part, power[i, :n], matrix)
                for r_part, d_part in zip(
                    r.split(BLOCKS_AT_ONCE),
                    d.clamp_max(MAX_PRECISION).split(BLOCKS_AT_ONCE),
                    strict=True,
                )
            ]
            z, p = (torch.cat(column) for column in zip(*parts, strict=True))
        values.append(torch.cat([z.T.reshape(n, *grid), torch.zeros_like(received[i, n:])]))
        weights.append(torch.cat([p.T.reshape(n, *grid), torch.zeros_like(precision[i, n:])]))
    return torch.stack(values), torch.stack(weights)
