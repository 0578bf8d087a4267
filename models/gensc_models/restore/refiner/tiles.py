"""Large images in overlapping tiles, so that memory does not grow with the image."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TILE = 512
OVERLAP = 32
# Tiles begin where a codec's block does: what the networks see is aligned as in training.
GRID = 16


class Span(NamedTuple):
    """Part of one axis, ``start <= i < stop``."""

    start: int
    stop: int


def spans(length: int, tile: int = TILE, overlap: int = OVERLAP) -> list[Span]:
    """Spans of at most ``tile`` that cover an axis and share ``overlap`` or more with the next.

    Starts are multiples of 16; ``tile`` and ``overlap`` must be, too.
    """
    if length <= tile:
        return [Span(0, length)]
    last = -(-(length - tile) // GRID) * GRID
    count = -(-last // (tile - overlap)) + 1
    starts = sorted({last * i // (count - 1) // GRID * GRID for i in range(count)})
    return [Span(start, min(start + tile, length)) for start in starts]


def ramp(span: Span, length: int, overlap: int = OVERLAP) -> Tensor:
    """Weights of a span: 1, falling towards ends that are not the axis's own. Never 0."""
    size = span.stop - span.start
    position = torch.arange(size, dtype=torch.float32)
    weight = torch.ones(size)
    if span.start > 0:
        weight = torch.minimum(weight, (position + 1.0) / (overlap + 1.0))
    if span.stop < length:
        weight = torch.minimum(weight, (size - position) / (overlap + 1.0))
    return weight
