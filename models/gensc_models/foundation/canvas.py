"""Images of any size on the canvas that a pipeline wants, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Canvas:
    """An image scaled to ``inner`` and continued by its mirror image to ``outer``.

    Attributes
    ----------
    image, inner, outer
        (height, width) in pixels. The image lies at the top left of the canvas.
    """

    image: tuple[int, int]
    inner: tuple[int, int]
    outer: tuple[int, int]

    @classmethod
    def of_area(cls, height: int, width: int, side: int, multiple: int) -> Canvas:
        """About ``side**2`` pixels of the image's proportions, each side a multiple.

        Generative models draw well only near the size they were trained at.
        """
        scale = side / math.sqrt(height * width)
        inner = max(1, round(height * scale)), max(1, round(width * scale))
        outer = tuple(-(-n // multiple) * multiple for n in inner)
        return cls((height, width), inner, (outer[0], outer[1]))

    @classmethod
    def within(cls, height: int, width: int, outer: tuple[int, int]) -> Canvas:
        """As large as fits a canvas of a given size, in the image's proportions."""
        scale = min(outer[0] / height, outer[1] / width)
        inner = max(1, round(height * scale)), max(1, round(width * scale))
        return cls((height, width), inner, outer)

    def lay(self, image: NDArray[np.uint8]) -> Image.Image:
        """The image, uint8 ``H x W x 3``, on the canvas."""
        return Image.fromarray(self._continue(_scale(image, self.inner), 3))

    def lay_holes(self, holes: NDArray[np.bool_]) -> Image.Image:
        """A mask, bool ``H x W``: white wherever any of it is True."""
        scaled = np.asarray(
            Image.fromarray(holes.astype(np.uint8) * 255).resize(
                self.inner[::-1], Image.Resampling.BOX
            )
        )
        return Image.fromarray(self._continue(np.where(scaled > 0, np.uint8(255), np.uint8(0)), 2))

    def lift(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image's part of a canvas, at the size of the image, uint8 ``H x W x 3``."""
        height, width = self.inner
        return _scale(np.ascontiguousarray(canvas[:height, :width]), self.image)

    def _continue(self, picture: NDArray[np.uint8], ndim: int) -> NDArray[np.uint8]:
        pad = [(0, outer - inner) for outer, inner in zip(self.outer, self.inner, strict=True)]
        return np.pad(picture, [*pad, (0, 0)][:ndim], mode="symmetric")


def _scale(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if image.shape[:2] == size:
        return image
    scaled = Image.fromarray(image).resize(size[::-1], Image.Resampling.LANCZOS)
    return np.asarray(scaled, dtype=np.uint8)
