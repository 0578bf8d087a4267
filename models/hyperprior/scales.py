"""The 64 scales of the entropy model and the bits that it predicts.

Logarithmically spaced from 0.11 to 256 quantiser steps, as in Balle et al. 2018. The *level* of a
latent is the index of its scale; networks predict it directly. Given its scale a latent is
Gaussian, but for one part in seven, which is Gaussian with three times that scale: predicted
scales are never quite right, and without the heavier tail wavelet coefficients take about eight
per cent more bits. At the lowest levels, where nearly all latents are zero, the tail fades out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LEVELS = 64
SMALLEST = 0.11
LARGEST = 256.0
LOG_STEP = math.log(LARGEST / SMALLEST) / (LEVELS - 1)
TAIL_WEIGHT = 0.15
TAIL_RATIO = 3.0
TAIL_LEVEL = 4.0


def scale_of_level(level: Tensor) -> Tensor:
    """Standard deviation in quantiser steps; levels between the 64 are allowed in training."""
    return torch.exp(math.log(SMALLEST) + LOG_STEP * level)


def tail_weight(level: Tensor) -> Tensor:
    """Share of the wider Gaussian at a level."""
    return TAIL_WEIGHT * (level / TAIL_LEVEL).clamp(1e-6, 1.0)


def _log_interval(x: Tensor, scale: Tensor) -> Tensor:
    """Logarithm of the probability of the unit interval around ``x >= 0`` under a Gaussian.

    On the side of the tail, so that value and gradient stay right however far ``x`` is.
    """
    upper = torch.special.log_ndtr((0.5 - x) / scale)
    lower = torch.special.log_ndtr((-0.5 - x) / scale)
    # For the widest scales the two are nearly equal: expm1 keeps their difference.
    return upper + torch.log(-torch.expm1((lower - upper).clamp_max(-1e-6)))


def latent_bits(residual: Tensor, level: Tensor) -> Tensor:
    """``-log2`` of the probability of the unit interval around ``residual`` at a level."""
    x, scale, tail = residual.abs(), scale_of_level(level), tail_weight(level)
    core = torch.log1p(-tail) + _log_interval(x, scale)
    wide = torch.log(tail) + _log_interval(x, TAIL_RATIO * scale)
    return -torch.logaddexp(core, wide) / math.log(2.0)
