"""Pace of a run and averaging of its weights."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

# A run of few steps does not spend all of them on warming up.
LONGEST_WARMUP = 0.1


def pace(step: int, warmup_steps: int, progress: float, floor: float = 0.01) -> float:
    """Share of the peak learning rate: linear warm-up by steps, then a cosine over the clock.

    ``progress`` is the share of the time that is spent; the warm-up takes a tenth of it at most.
    ``floor`` is what is left at its end.
    """
    warm = min(1.0, max((step + 1) / warmup_steps, progress / LONGEST_WARMUP))
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return warm * (floor + (1.0 - floor) * cosine)


@torch.no_grad()
def follow(average: Iterable[Tensor], current: Iterable[Tensor], step: int, decay: float) -> None:
    """Moves an exponential moving average of the weights one step; a young run has a short one."""
    young = (1.0 + step) / (10.0 + step)
    torch._foreach_lerp_(list(average), list(current), 1.0 - min(decay, young))
