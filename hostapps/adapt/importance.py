"""Which parts of an image matter (GVIF-CIE, Section III-A): sources of importance.

An importance is a map of any size, larger where the image matters more; `on_blocks` brings it to
the codec's blocks and to 0 … 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from gensc_host.adapt.bank import BLOCK, Bank, Photo
from gensc_host.errors import UserError
from numpy.typing import NDArray
from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


class Importance(Protocol):
    """A source of importance."""

    @property
    def name(self) -> str:
        """For tables and pictures."""

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """The map of an image; `stem` is its name without folder and suffix."""


@dataclass(frozen=True, eq=False)
class InformationImportance:
    """The visual information of each block, log2(1 + theta²/gamma²) of the bank's finest point.

    Needs neither labels nor further weights: it keeps what GVIF counts, whatever it shows.
    """

    bank: Bank

    @property
    def name(self) -> str:
        """What it is."""
        return "information"

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """Bits per block, [h, w]."""
        from gensc_models.gvif import information

        scales = self.bank.scales(image, self.bank.points[0])
        return information(scales)[0].sum(dim=0).cpu().numpy()


@dataclass(frozen=True)
class MapFolder:
    """Greyscale pictures in a folder, called like the images they are for; white matters most.

    Attributes:
        folder: where they are.
    """

    folder: Path

    @property
    def name(self) -> str:
        """What it is."""
        return f"maps of {self.folder.name}"

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """The map of the image `stem`, grey levels.

        Raises:
            UserError: there is none, or it is no picture.
        """
        for suffix in SUFFIXES:
            path = self.folder / f"{stem}{suffix}"
            if path.is_file():
                try:
                    with Image.open(path) as picture:
                        return np.asarray(picture.convert("F"), dtype=np.float64)
                except (OSError, ValueError, Image.DecompressionBombError) as error:
                    raise UserError(f"{path}: {error}") from error
        raise UserError(f"{self.folder}: no map called {stem} ({', '.join(SUFFIXES)})")


def on_blocks(importance: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Importance of the blocks of an image of that size, 0 … 1, [ceil(H/16), ceil(W/16)].

    Each block takes the mean of the map over its area; then the least becomes 0 and the largest 1
    (Section III-A: normalised, brought to the grid of the latents). Where all blocks are alike all
    are 1: nothing can be told apart, so nothing is filtered out.

    Raises:
        ValueError: not a map, or not finite.
    """
    if importance.ndim != 2 or 0 in importance.shape or not np.isfinite(importance).all():
        raise ValueError(f"an importance must be a finite map, not of shape {importance.shape}")
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    if importance.shape != (rows, columns):
        # The last blocks may reach beyond the image, and so beyond its map.
        tall = importance.shape[0] * rows * BLOCK / height
        wide = importance.shape[1] * columns * BLOCK / width
        importance = _area_mean(importance, rows, columns, tall, wide)
    low, high = float(importance.min()), float(importance.max())
    if high - low <= 1e-12 * max(abs(high), abs(low), 1e-30):
        return np.ones((rows, columns))
    return (importance - low) / (high - low)


def _area_mean(
    values: NDArray[np.float64], rows: int, columns: int, height: float, width: float
) -> NDArray[np.float64]:
    """Means of `values` over a grid of equal cells that covers `height` x `width` of its pixels."""
    down = _overlaps(values.shape[0], rows, height)
    across = _overlaps(values.shape[1], columns, width)
    return down @ values @ across.T


def _overlaps(pixels: int, cells: int, extent: float) -> NDArray[np.float64]:
    """Share of each pixel in the mean of each cell, [cells, pixels]; pixels beyond the end: 0."""
    edges = np.linspace(0, extent, cells + 1)
    start = np.arange(pixels)
    shared = np.minimum(edges[1:, None], start + 1) - np.maximum(edges[:-1, None], start)
    shared = np.maximum(shared, 0.0)
    return shared / np.maximum(shared.sum(axis=1, keepdims=True), 1e-12)
