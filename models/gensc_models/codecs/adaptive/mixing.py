"""Coefficients to channel symbols and back to what is known of them.

As in :mod:`gensc_models.codecs.spreading`, coefficients are mixed in groups of at most 32 by an
orthonormal DCT, so that a lost symbol costs a little of many and no symbol is much stronger than
another. Of ``N`` real symbols in the order of the coefficients' strength, group ``g`` of ``G``
takes those whose number is ``g`` modulo ``G``; consecutive symbols on the air belong to different
groups. Where all symbols of a group are equally good nothing is lost by mixing; where they are not,
the linear estimate of a whole group

    ``x^ = S^(1/2) A^-1 S^(1/2) Q' D r,   A = I + S^(1/2) Q' D Q S^(1/2)``

knows the power ``S`` of each coefficient and the precision ``D`` of each symbol, and leaves the
variance ``S diag(A^-1)``.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.codecs.adaptive.allocation import Allocation
from gensc_models.codecs.layout import MAX_AMPLITUDE, scrambling
from gensc_models.codecs.spreading import EQUAL_WITHIN, GROUP, MAX_PRECISION, mixing_matrix

Symbols = NDArray[np.complex64]
AT_ONCE = 1024


def _parts(symbols: int) -> tuple[int, list[tuple[int, slice]]]:
    """Number of groups, and their sizes: the first ones may have one symbol more."""
    count = math.ceil(symbols / GROUP)
    size, larger = divmod(symbols, count)
    parts = [(size + 1, slice(0, larger)), (size, slice(larger, count))]
    return count, [(n, part) for n, part in parts if n and part.start < part.stop]


def _grid(values: Tensor, symbols: int) -> Tensor:
    """Numbers of the symbols by row and group, ``32 x groups``; zero where there is none."""
    count = math.ceil(symbols / GROUP)
    slots = values.new_zeros(GROUP * count)
    slots[: len(values)] = values
    return slots.view(GROUP, count)


def to_air(values: Tensor, plan: Allocation, symbols: int) -> tuple[Symbols, float]:
    """Coefficients in the plan's order to ``symbols / 2`` complex symbols, and their scale.

    The mean power of the symbols is one exactly; times the scale they are as the plan has it. An
    image without anything to send becomes constant symbols of scale zero.
    """
    gain = plan.power.double().sqrt() / plan.deviation.double().clamp_min(1e-12)
    slots = _grid(values.double() * gain, symbols)
    mixed = torch.zeros_like(slots)
    for size, part in _parts(symbols)[1]:
        mixed[:size, part] = mixing_matrix(size).double() @ slots[:size, part]
    flat = mixed.flatten()[:symbols].numpy().reshape(-1, 2) * scrambling(symbols // 2)
    sent = (flat[:, 0] + 1j * flat[:, 1]) / math.sqrt(2.0)
    power = float(np.mean(np.abs(sent) ** 2))
    if power <= 0.0:
        return np.ones(symbols // 2, np.complex64), 0.0
    return (sent / math.sqrt(power)).astype(np.complex64), math.sqrt(power)


def from_air(
    received: Symbols, noise_var: NDArray[np.float32], scale: float, plan: Allocation
) -> tuple[Tensor, Tensor]:
    """Estimates of the plan's coefficients and what deviation is left, ``M`` each.

    A symbol that is not finite, or whose noise variance is not, is an erasure.
    """
    symbols = 2 * len(received)
    known = np.isfinite(received) & np.isfinite(noise_var)
    value = np.where(known, received, 0).astype(np.complex128) * math.sqrt(2.0) * scale
    pairs = np.stack([value.real, value.imag], -1).clip(-MAX_AMPLITUDE, MAX_AMPLITUDE)
    signs = scrambling(len(received))
    weight = np.zeros(len(received))
    variance = np.maximum(np.asarray(noise_var, np.float64)[known] * scale**2, 1.0 / MAX_PRECISION)
    weight[known] = 1.0 / variance
    r = _grid(torch.from_numpy((pairs * signs).ravel()).float(), symbols)
    d = _grid(torch.from_numpy(np.repeat(weight, 2)).float(), symbols)
    power = _grid(plan.power, symbols)
    estimate, left = torch.zeros_like(power), torch.zeros_like(power)
    for size, part in _parts(symbols)[1]:
        columns = (grid[:size, part].T for grid in (r, d, power))
        found = _posterior(*columns)
        estimate[:size, part], left[:size, part] = (t.T for t in found)
    x, v = (t.flatten()[: len(plan.power)] for t in (estimate, left))
    gain = plan.power.sqrt() / plan.deviation.clamp_min(1e-12)
    silent = gain <= 0.0
    inverse = torch.where(silent, 0.0, 1.0 / gain.clamp_min(1e-12))
    deviation = torch.where(silent, plan.deviation, v.sqrt() * inverse)
    return x * inverse, deviation


def _posterior(r: Tensor, d: Tensor, power: Tensor) -> tuple[Tensor, Tensor]:
    """Estimates and variances of groups of one size, ``groups x size`` each."""
    matrix = mixing_matrix(r.shape[1])
    lowest, highest = d.min(dim=1).values, d.max(dim=1).values
    even = (lowest > 0.0) & (highest <= EQUAL_WITHIN * lowest)
    noise = 1.0 / d.clamp_min(1e-30)
    noise = noise.mean(dim=1, keepdim=True)
    estimate = power / (power + noise) * (r @ matrix)
    left = power * noise / (power + noise)
    uneven = (~even).nonzero()[:, 0]
    for part in uneven.split(AT_ONCE):
        estimate[part], left[part] = _solve(r[part], d[part], power[part], matrix)
    return estimate, left


def _solve(r: Tensor, d: Tensor, power: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The linear estimate where the symbols of a group differ."""
    root = power.sqrt()
    mixing = matrix[None] * root[:, None, :]
    weighted = mixing.transpose(1, 2) * d[:, None, :]
    system = weighted @ mixing + torch.eye(len(matrix))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(system))
    matched = weighted @ r[..., None]
    estimate = root * (inverse @ matched)[..., 0]
    return estimate, power * inverse.diagonal(dim1=1, dim2=2)
