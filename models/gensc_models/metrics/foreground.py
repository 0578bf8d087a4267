"""How well a predicted foreground fits the true one: the measures of saliency detection.

Masks are bool arrays of one shape, maps float arrays in [0, 1]. PSNR within a mask is
:func:`gensc_models.metrics.fidelity.mask_psnr`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Map = NDArray[np.floating]

BETA_SQUARED = 0.3
"""Weight of recall against precision, as usual since Achanta et al. (CVPR 2009)."""
THRESHOLDS = 256
ROUNDING = 1e-6


def mask_iou(predicted: Mask, truth: Mask) -> float:
    """Intersection over union of two masks, 0 to 1; 1 where both are empty.

    Raises
    ------
    ValueError
        Not two masks of one shape.
    """
    _check_masks(predicted, truth)
    union = np.count_nonzero(predicted | truth)
    return float(_ratio(np.count_nonzero(predicted & truth), union))


def f_measure(predicted: Mask, truth: Mask, beta_squared: float = BETA_SQUARED) -> float:
    """``(1 + b) P R / (b P + R)`` of precision P and recall R, b = ``beta_squared``; 0 to 1.

    1 where both masks are empty, 0 where only one is.

    Raises
    ------
    ValueError
        Not two masks of one shape.
    """
    _check_masks(predicted, truth)
    hits, named, true = (np.count_nonzero(m) for m in (predicted & truth, predicted, truth))
    return float(_f_measure(hits, named, true, beta_squared))


def best_f_measure(
    predicted: Map, truth: Mask, beta_squared: float = BETA_SQUARED
) -> tuple[float, float]:
    """The F-measure of a map at the threshold that is best for it, and that threshold.

    The mask of a threshold t is ``predicted >= t``; t is 0, 1/255, ... 1.

    Raises
    ------
    ValueError
        Shapes differ, or the map leaves [0, 1].
    """
    curve = f_measure_curve(predicted, truth, beta_squared)
    best = int(curve.argmax())
    return float(curve[best]), best / (THRESHOLDS - 1)


def f_measure_curve(
    predicted: Map, truth: Mask, beta_squared: float = BETA_SQUARED
) -> NDArray[np.float64]:
    """F-measure at each of the 256 thresholds 0, 1/255, ... 1, float64 ``256``.

    The maximum of the mean curve of a data set is what the literature calls its max F-measure.

    Raises
    ------
    ValueError
        Shapes differ, or the map leaves [0, 1].
    """
    hit, chosen = _counts(predicted, truth)
    return _f_measure(hit, chosen, np.count_nonzero(truth), beta_squared)


def iou_curve(predicted: Map, truth: Mask) -> NDArray[np.float64]:
    """:func:`mask_iou` at each of the same 256 thresholds, float64 ``256``.

    Raises
    ------
    ValueError
        Shapes differ, or the map leaves [0, 1].
    """
    hit, chosen = _counts(predicted, truth)
    return _ratio(hit, chosen + np.count_nonzero(truth) - hit)


def map_error(predicted: Map, truth: Map) -> float:
    """Mean absolute error of two maps, 0 to 1.

    Raises
    ------
    ValueError
        Shapes differ, or a map leaves [0, 1].
    """
    _check_map(predicted)
    _check_map(truth)
    if predicted.shape != truth.shape:
        raise ValueError(f"maps must have one shape: {predicted.shape}, {truth.shape}")
    return float(np.abs(predicted.astype(np.float64) - truth).mean())


def worst_box(error: NDArray[np.floating], side: int) -> tuple[slice, slice]:
    """Rows and columns of the square of about ``side`` pixels with the largest mean error."""
    from scipy.ndimage import uniform_filter

    half = min(side, *error.shape) // 2
    mean = uniform_filter(error, 2 * half, mode="constant")
    inner = mean[half : mean.shape[0] - half + 1, half : mean.shape[1] - half + 1]
    top, left = map(int, np.unravel_index(inner.argmax(), inner.shape))
    return slice(top, top + 2 * half), slice(left, left + 2 * half)


def _counts(predicted: Map, truth: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of the truth, and of all, that reach each threshold."""
    _check_map(predicted)
    if truth.dtype != np.bool_ or truth.shape != predicted.shape:
        raise ValueError(f"truth must be a bool mask {predicted.shape}, not {truth.shape}")
    # The highest threshold that a value reaches; the margin is for maps that came from 8 bits.
    level = np.floor(predicted.clip(0.0, 1.0) * (THRESHOLDS - 1) + 1e-4).astype(np.int64)
    hit, chosen = (
        np.bincount(values.ravel(), minlength=THRESHOLDS)[::-1].cumsum()[::-1]
        for values in (level[truth], level)
    )
    return hit, chosen


def _f_measure(
    hit: NDArray[np.int64] | int,
    chosen: NDArray[np.int64] | int,
    wanted: int,
    beta_squared: float,
) -> NDArray[np.float64]:
    """With P = hit/chosen and R = hit/wanted the formula is (1+b) hit / (b wanted + chosen)."""
    return _ratio(beta_squared * hit + hit, beta_squared * wanted + chosen)


def _ratio(part: Any, whole: Any) -> NDArray[np.float64]:
    """``part / whole``; 1 where there is nothing to be had and nothing was taken."""
    below = np.asarray(whole, dtype=np.float64)
    return np.divide(part, below, out=np.ones_like(below), where=below > 0.0)


def _check_masks(predicted: Mask, truth: Mask) -> None:
    for name, mask in (("predicted", predicted), ("truth", truth)):
        if mask.dtype != np.bool_ or mask.size == 0:
            raise ValueError(f"{name} must be a bool mask, not {mask.dtype} {mask.shape}")
    if predicted.shape != truth.shape:
        raise ValueError(f"masks must have one shape: {predicted.shape}, {truth.shape}")


def _check_map(values: Map) -> None:
    if not np.issubdtype(values.dtype, np.floating) or values.size == 0:
        raise ValueError(f"a map must be float in [0, 1], not {values.dtype} {values.shape}")
    # Interpolation may leave it by a rounding error.
    if not (values.min() >= -ROUNDING and values.max() <= 1.0 + ROUNDING):
        raise ValueError(f"a map must be within [0, 1]: {values.min():g} to {values.max():g}")
