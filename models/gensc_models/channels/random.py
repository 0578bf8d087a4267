"""Random numbers of the channels, all from a generator that the caller seeds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def complex_normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """CN(0, 1): variance 1/2 in each of the two real parts."""
    return torch.view_as_complex(torch.randn(*shape, 2, generator=generator)) * 0.5**0.5


def uniform(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Uniform in 0 … 1."""
    return torch.rand(*shape, generator=generator)


def exponential(shape: Sequence[int], mean: float, generator: torch.Generator) -> Tensor:
    """Exponentially distributed with a mean."""
    return -mean * torch.log1p(-uniform(shape, generator))
