"""Sources of importance against maps of people.

Three figures, each the mean over the images:

- F, the F-measure (1 + b²) P R / (b² P + R) with b² = 0.3, precision P and recall R of the pixels
  above a threshold; the threshold is the one (of 255, the same for all images) with the largest F;
- IoU, intersection over union at the threshold that is best for it;
- MAE, the mean absolute difference of the maps.

What people mark counts as marked from half of the full value on; where nothing reaches that, F
and IoU do not exist and the image counts for MAE alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gensc_models.metrics.foreground import f_measure_curve, iou_curve, map_error
from gensc_models.semantics.importance.maps import MappedPhoto
from gensc_models.semantics.importance.sources import ImageImportance


@dataclass(frozen=True)
class Scores:
    """Figures of one source; ``images`` says of how many F and IoU are."""

    name: str
    f_measure: float
    iou: float
    mae: float
    images: int


def evaluate(source: ImageImportance, pairs: Sequence[MappedPhoto]) -> Scores:
    """Figures of a source on photos with maps.

    Raises
    ------
    ValueError
        No photos, or nothing marked in any.
    """
    f_measures, ious, errors = [], [], []
    for pair in pairs:
        found = source(pair.photo)
        target = pair.map.astype(np.float32) / 255.0
        errors.append(map_error(found, target))
        marked = target >= 0.5
        if marked.any():
            # At threshold 0 everything would be marked.
            f_measures.append(f_measure_curve(found, marked)[1:])
            ious.append(iou_curve(found, marked)[1:])
    if not f_measures:
        raise ValueError("no photo with anything marked in its map")
    return Scores(
        source.name,
        float(np.mean(f_measures, axis=0).max()),
        float(np.mean(ious, axis=0).max()),
        float(np.mean(errors)),
        len(f_measures),
    )
