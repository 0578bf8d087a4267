"""How good what was filled in is, beside the original."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc_models.metrics.fidelity import mask_psnr
from gensc_models.restore.inpainting.inpainter import Image, Keep


@dataclass(frozen=True)
class Measures:
    """Of one image; NaN where there is nothing to measure.

    Attributes
    ----------
    psnr : dB over the missing pixels. For orientation: the mean of all that could be there has
        the best, and is no image.
    texture : energy of the differences between neighbouring missing pixels, relative to the
        original's there. 1 is as lively, 0 is one colour.
    border : mean step from a kept pixel to a missing neighbour, relative to the original's. Above
        1 the border shows.
    """

    psnr: float
    texture: float
    border: float


def measure(original: Image, keep: Keep, filled: Image) -> Measures:
    """All measures of one image.

    Raises
    ------
    ValueError
        Not two uint8 colour images of one shape and a mask of theirs with something missing, or
        a kept pixel was changed.
    """
    psnr = mask_psnr(original, filled, ~keep)
    if not np.array_equal(original[keep], filled[keep]):
        raise ValueError("a kept pixel was changed")
    texture, border = [], []
    for image in (filled, original):
        inside, across = steps(image, keep)
        texture.append(np.square(inside).mean() if inside.size else math.nan)
        border.append(np.abs(across).mean() if across.size else math.nan)
    return Measures(psnr, _ratio(*texture), _ratio(*border))


def steps(image: Image, keep: Keep) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Differences of neighbouring pixels, ``n x 3``: both missing, and only one of the two."""
    inside, across = [], []
    for axis in (0, 1):
        difference = np.diff(image.astype(np.float64), axis=axis)
        kept = np.add(*(np.delete(keep.astype(int), end, axis=axis) for end in (0, -1)))
        inside.append(difference[kept == 0])
        across.append(difference[kept == 1])
    return np.concatenate(inside), np.concatenate(across)


def _ratio(value: float, reference: float) -> float:
    return float(value / reference) if reference > 0.0 else math.nan
