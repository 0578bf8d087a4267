"""Masks for training: unions of 16x16 blocks, such as semantic filtering leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from gensc_models.restore.inpainting.inpainter import Keep

# Shares of blocks that may be kept.
LEAST, MOST = 0.03, 0.9


def block_means(values: NDArray[np.uint8], side: int) -> NDArray[np.float64]:
    """A map ``H x W`` brought to ``side x side`` means; the map is stretched to a square."""
    tensor = torch.from_numpy(values.astype(np.float32))[None, None]
    return F.interpolate(tensor, (side, side), mode="area")[0, 0].numpy().astype(np.float64)


class MaskMaker:
    """Draws masks of blocks ``side x side``: what is above a random threshold of a random map.

    Half of the maps are smooth random fields; the others are ``maps`` of importance (0 to 255,
    ``H x W``), mirrored or not and shifted, or where there are none, blobs like them.
    """

    def __init__(self, seed: int, maps: Sequence[NDArray[np.uint8]] = (), side: int = 17) -> None:
        self.random = np.random.default_rng(seed)
        self.side = side
        self._maps = [block_means(values, side) for values in maps]

    def blocks(self) -> Keep:
        """One mask of blocks, at least one block missing."""
        importance = self._field() if self.random.random() < 0.5 else self._object()
        # Ties would keep or drop all of the background at once.
        importance = importance + 1e-3 * self.random.random(importance.shape)
        share = self.random.uniform(LEAST, MOST)
        return importance >= np.quantile(importance, 1.0 - share)

    def pixels(self, size: int, block: int) -> Keep:
        """``size x size`` pixels of a mask whose blocks have ``block``; some pixel is missing."""
        while True:
            whole = self.blocks().repeat(block, 0).repeat(block, 1)
            top, left = self.random.integers(whole.shape[0] - size + 1, size=2)
            keep = whole[top : top + size, left : left + size]
            # A tile deep in a hole has nothing to hold on to, and is seldom seen.
            if not keep.all() and (keep.any() or self.random.random() < 0.2):
                return keep

    def _field(self) -> NDArray[np.float64]:
        cells = int(self.random.integers(2, 9))
        coarse = torch.from_numpy(self.random.standard_normal((1, 1, cells, cells)))
        size = (self.side, self.side)
        return F.interpolate(coarse, size, mode="bicubic", align_corners=True)[0, 0].numpy()

    def _object(self) -> NDArray[np.float64]:
        if not self._maps:
            return self._blobs()
        chosen = self._maps[self.random.integers(len(self._maps))]
        if self.random.random() < 0.5:
            chosen = chosen[:, ::-1]
        shift = self.random.integers(-3, 4, size=2)
        padded = np.pad(chosen, 3)
        top, left = 3 + shift
        return padded[top : top + self.side, left : left + self.side]

    def _blobs(self) -> NDArray[np.float64]:
        row, column = np.mgrid[: self.side, : self.side] / (self.side - 1)
        result = np.zeros((self.side, self.side))
        for _ in range(self.random.integers(1, 4)):
            y, x = self.random.uniform(0.2, 0.8, size=2)
            tall, wide = self.random.uniform(0.08, 0.4, size=2)
            result += np.exp(-(((row - y) / tall) ** 2 + ((column - x) / wide) ** 2))
        return result
