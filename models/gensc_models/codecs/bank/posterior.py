"""What a receiver knows of a latent: the standard deviation that is left.

All in quantiser steps. Before anything arrives it is the prior's, given the level that the
hyper-latents say; a quantiser leaves about its step over sqrt(12), and less where the prior was
narrower; a linear analog channel what the linear estimate leaves (:mod:`..adaptive.channel`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from gensc_models.codecs.bank.scales import TAIL_RATIO, scale_of_level, tail_weight

ZERO_VARIANCE = 0.15
"""Of a uniform density over the dead zone of :mod:`.decisions`, which is wider than a step."""
STEP_VARIANCE = 1.0 / 12.0


def model_deviation(level: Tensor) -> Tensor:
    """Standard deviation of the entropy model's density at a level (a mixture of two Gaussians)."""
    wider = TAIL_RATIO**2 - 1.0
    return scale_of_level(level) * torch.sqrt(1.0 + wider * tail_weight(level))


def of_quantised(values: Tensor, prior: Tensor) -> Tensor:
    """Deviation of latents about the integers that they were rounded to.

    Precisions of the prior and of a uniform density over the interval add up: exact where one of
    them is much the narrower, within a tenth in between.
    """
    interval = torch.where(values == 0, ZERO_VARIANCE, STEP_VARIANCE)
    return (1.0 / prior.square().clamp_min(1e-12) + 1.0 / interval).rsqrt()


def classes(level: Tensor, values: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
    """Latents behind a quantiser by what is left of them: 128 classes.

    Parameters
    ----------
    level : int64, of any shape.
    values : the integers, of that shape.
    spread : ``64``, deviation of the prior at each level.

    Returns
    -------
    The class of each latent, and the deviation of every class: rounded to something else than
    zero, by level, then rounded to zero.
    """
    of_class = [of_quantised(torch.full_like(spread, v), spread) for v in (1.0, 0.0)]
    return level + len(spread) * (values == 0), torch.cat(of_class)
