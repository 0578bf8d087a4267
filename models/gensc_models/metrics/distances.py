"""Distances of two sets of images, whichever can be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gensc_models.metrics.fid import load_fid
from gensc_models.metrics.patch_distance import PatchDistance
from gensc_models.semantics.importance import Classifier
from gensc_models.weights.hub import UnavailableError
from gensc_models.weights.store import WeightsError

Photo = NDArray[np.uint8]


class SetDistance(Protocol):
    """How far two sets of images are apart."""

    @property
    def name(self) -> str:
        """For plots and rows."""

    def __call__(self, originals: Sequence[Photo], shown: Sequence[Photo]) -> float:
        """The distance, of images uint8 ``H x W x 3``; 0 for equal sets."""


def load_distances() -> tuple[list[SetDistance], dict[str, str]]:
    """FID and the distance by the project's classifier; and why one is missing."""
    found: list[SetDistance] = []
    missing: dict[str, str] = {}
    try:
        found.append(load_fid())
    except UnavailableError as error:
        missing["FID"] = str(error)
    try:
        found.append(PatchDistance(Classifier.from_pretrained()))
    except WeightsError as error:
        missing["distance by the classifier"] = str(error)
    return found, missing
