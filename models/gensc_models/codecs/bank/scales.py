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
    return TAIL_WEIGHT * (level / TAIL_LEVEL).clamp(0.0, 1.0)


def _interval(x: Tensor, scale: Tensor) -> Tensor:
    """Probability of the unit interval around ``x >= 0`` under a Gaussian.

    On the side of the tail, where the difference of two erfc keeps its precision.
    """
    factor = 1.0 / (math.sqrt(2.0) * scale)
    return 0.5 * (torch.erfc((x - 0.5) * factor) - torch.erfc((x + 0.5) * factor))


def latent_bits(residual: Tensor, level: Tensor) -> Tensor:
    """``-log2`` of the probability of the unit interval around ``residual`` at a level.

    At most 36 bits: what lies beyond a table is coded as an escape, and costs about that.
    """
    x, scale, tail = residual.abs(), scale_of_level(level), tail_weight(level)
    inside = (1.0 - tail) * _interval(x, scale) + tail * _interval(x, TAIL_RATIO * scale)
    return -torch.log2(inside.clamp_min(2.0**-36))
