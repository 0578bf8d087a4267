"""Smooth continuation of the kept pixels into what is missing.

A pyramid of means over the kept pixels (pull) says what colour a hole has far from its border;
on the way back (push) every level starts from the one below and is relaxed towards the solution
of Laplace's equation, whose values on the kept pixels are these pixels themselves. The time is
linear in the pixels, whatever the size of the holes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SWEEPS = 4


def pull(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Halves a partly known image: means over what is known in 2x2 pixels.

    Parameters
    ----------
    values : ``B x C x H x W``.
    weight : ``B x 1 x H x W``, 0 where nothing is known.

    Returns
    -------
    Values and weights of ``ceil(H/2) x ceil(W/2)``; the weight is 1 where a pixel was known.
    """
    sums = F.avg_pool2d(values * weight, 2, ceil_mode=True)
    shares = F.avg_pool2d(weight, 2, ceil_mode=True)
    return sums / shares.clamp_min(1e-6), (shares > 0.0).to(weight.dtype)


def enlarge(values: Tensor, height: int, width: int) -> Tensor:
    """Twice the size (less a last row or column), bilinear; ``B x C x h x w``."""
    double = F.interpolate(values, scale_factor=2.0, mode="bilinear", align_corners=False)
    return double[..., :height, :width]


def smooth_fill(values: Tensor, weight: Tensor) -> Tensor:
    """``values`` where they are known, a smooth continuation elsewhere.

    Parameters
    ----------
    values : ``B x C x H x W``.
    weight : ``B x 1 x H x W``, 1 where a value is known and 0 where not.

    Returns
    -------
    ``B x C x H x W`` within the range of the known values; 0 where an image has none.
    """
    height, width = values.shape[-2:]
    known = values * weight
    if max(height, width) <= 1 or bool((weight > 0.0).all()):
        return known
    below = smooth_fill(*pull(values, weight))
    filled = torch.where(weight > 0.0, known, enlarge(below, height, width))
    for _ in range(SWEEPS):
        filled = torch.where(weight > 0.0, known, _neighbours_mean(filled))
    return filled


def _neighbours_mean(x: Tensor) -> Tensor:
    """Mean of each pixel and its four neighbours; the border repeats."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    down = padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
    return (x + across + down) / 5.0
