"""BRISQUE: how natural an image looks, without its original.

Mittal, Moorthy and Bovik, "No-reference image quality assessment in the spatial domain" (IEEE
Trans. Image Processing, 2012): a support vector regression on the statistics of locally normalised
luminance at two scales. About 0 for a good photo to 100 and beyond; lower is better. Features and
trained model are those of the ``brisque`` package, so nothing is fetched.
"""

from __future__ import annotations

import math
import threading
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST_SIDE = 32
"""Half of it is the coarser of the two scales: less holds no statistics worth the name."""


def brisque(image: NDArray[np.uint8]) -> float:
    """BRISQUE of one image, uint8 ``H x W x 3``.

    Raises
    ------
    ValueError
        Not an 8-bit colour image, a side below 32 pixels, or an image without the texture that the
        statistics are of: one colour, or flat but for a few edges.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"BRISQUE needs uint8 HxWx3, not {image.dtype} {image.shape}")
    if min(image.shape[:2]) < SMALLEST_SIDE:
        raise ValueError(f"BRISQUE needs both sides of at least {SMALLEST_SIDE} pixels")
    if (image == image[0, 0]).all():
        raise ValueError("BRISQUE has no value for an image of one colour")
    with _loading:
        model = _model()
    with warnings.catch_warnings():
        # Divisions by a variance of 0 are looked for below, by their outcome.
        warnings.simplefilter("ignore")
        score = float(model.score(image))
    # Far from every support vector the regression returns its offset, whatever the image: so it
    # does when the fit of a distribution has run away.
    if not math.isfinite(score) or math.isclose(score, -model.model.rho[0], abs_tol=1e-6):
        raise ValueError("BRISQUE has no value for this image: too little texture to fit")
    return score


# libsvm reads a model into buffers of the whole process: two threads at once corrupt the heap.
_loading = threading.Lock()


@lru_cache(maxsize=1)
def _model() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from brisque import BRISQUE
    return BRISQUE(url=False)
