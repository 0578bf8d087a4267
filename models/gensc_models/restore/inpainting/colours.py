"""Opponent colours: in photos nearly uncorrelated, with most of the variance in the first."""

from __future__ import annotations

import torch
from torch import Tensor

# Brightness, blue against red, green against both; an orthonormal basis.
BASIS = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]])
BASIS = BASIS / BASIS.norm(dim=1, keepdim=True)


def to_opponent(rgb: Tensor) -> Tensor:
    """Red, green and blue ``B x 3 x H x W`` to opponent colours."""
    return torch.einsum("ij,bjhw->bihw", BASIS.to(rgb.device), rgb)


def of_opponent(opponent: Tensor) -> Tensor:
    """Back to red, green and blue."""
    return torch.einsum("ji,bjhw->bihw", BASIS.to(opponent.device), opponent)
