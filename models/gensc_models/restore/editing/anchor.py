"""Edits that hold on to the foreground: there a share of them, away from it all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

FEATHER = 16.0
"""Pixels over which the share turns into the whole."""


def foreground_of(image: NDArray[np.uint8], mask: NDArray[np.float32] | None) -> NDArray[np.bool_]:
    """Where a mask ``H x W`` is 0.5 or more; everywhere without one, or where it marks nothing."""
    if mask is None:
        return np.ones(image.shape[:2], bool)
    marked = np.asarray(mask) >= 0.5
    return marked if marked.any() else ~marked


def blend(
    received: NDArray[np.uint8],
    edited: NDArray[np.uint8],
    foreground: NDArray[np.bool_],
    share: float,
    feather: float = FEATHER,
) -> NDArray[np.uint8]:
    """``share`` of the edit on the foreground, all of it ``feather`` pixels away from it.

    Parameters
    ----------
    received, edited : uint8 ``H x W x 3``.
    foreground : bool ``H x W``.
    share : 0 to 1.
    """
    away = np.minimum(distance_transform_edt(~foreground) / max(feather, 1e-9), 1.0)
    weight = share + (1.0 - share) * away
    change = weight[..., None] * (edited.astype(float) - received)
    # Rounded towards what was received, so that rounding adds no error either.
    return (received + np.trunc(change)).astype(np.uint8)
