"""A network on overlapping tiles of a large image, those with something missing only."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gensc_models.restore.refiner.tiles import ramp, spans

OVERLAP = 32
Area = tuple[slice, slice]


class Tiles:
    """The tiles of an image of which ``missing`` (``1 x 1 x H x W``) is not 0 everywhere.

    Tiles begin on multiples of 16.
    """

    def __init__(self, missing: Tensor, tile: int, overlap: int = OVERLAP) -> None:
        height, width = missing.shape[-2:]
        self._size = height, width
        self._tiles: list[tuple[Area, Tensor]] = []
        for rows in spans(height, tile, overlap):
            for columns in spans(width, tile, overlap):
                area = slice(*rows), slice(*columns)
                if bool(missing[..., area[0], area[1]].any()):
                    weight = ramp(rows, height, overlap)[:, None] * ramp(columns, width, overlap)
                    self._tiles.append((area, weight))
        self._total = torch.zeros(height, width)
        for area, weight in self._tiles:
            self._total[area] += weight
        self._total.clamp_min_(1e-6)

    def __len__(self) -> int:
        return len(self._tiles)

    @property
    def areas(self) -> list[Area]:
        """Rows and columns of each tile."""
        return [area for area, _ in self._tiles]

    def blend(self, run: Callable[[Area], Tensor]) -> Tensor:
        """``run(area)`` of every tile (``1 x 3 x h x w``), blended; 0 where there is none."""
        if len(self._tiles) == 1 and self._tiles[0][1].shape == self._size:
            return run(self._tiles[0][0])
        result = torch.zeros(1, 3, *self._size)
        for area, weight in self._tiles:
            result[..., area[0], area[1]] += weight * run(area)
        return result / self._total
