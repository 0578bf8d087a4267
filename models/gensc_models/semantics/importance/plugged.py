"""Sources of importance of other people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from gensc_models.semantics.importance.pixels import Map, Photo, check_image, unit_range
from gensc_models.weights.digest import as_array


class PluggedImportance:
    """An object that is called with an image and returns a map, where a source is asked for.

    A map that leaves [0, 1] is brought there: its least value to 0, its largest to 1.

    Parameters
    ----------
    source : the object.
    name : where it has none.
    reason : an exception in one line.
    """

    def __init__(self, source: Any, name: str, reason: Callable[[Exception], str]) -> None:
        self._source, self._reason = source, reason
        self.name = str(getattr(source, "name", "") or name)

    def __call__(self, image: Photo) -> Map:
        """The map of an image, uint8 ``H x W x 3``: float32 ``H x W`` in [0, 1].

        Raises
        ------
        ValueError
            It fails, or returns no map of the image's size; one line.
        """
        check_image(image)
        try:
            values = as_array(self._source(image)).astype(np.float32)
        except Exception as error:  # whatever other people's code raises
            raise ValueError(f"importance '{self.name}': {self._reason(error)}") from error
        if values.shape != image.shape[:2] or not np.isfinite(values).all():
            raise ValueError(
                f"importance '{self.name}' returned {values.shape} or not finite numbers, "
                f"expected a map of {image.shape[:2]}"
            )
        if values.min() < 0 or values.max() > 1:
            values = unit_range(torch.from_numpy(values)).numpy()
        return values
