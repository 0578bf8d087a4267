"""Captions that name what a photo shows: a classifier's guess before the layout's sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_models.semantics.captions.layout import BYTES, describe
from gensc_models.semantics.captions.regions import find_regions
from gensc_models.semantics.captions.shorten import shorten
from gensc_models.semantics.importance.efficientnet import load_efficientnet

SURE, LIKELY = 0.5, 0.15
"""Least probabilities of a label that is said, and of one that is said with "perhaps"."""


class LabelCaptioner:
    """ "A photo of a golden retriever." and then what the layout says.

    Parameters
    ----------
    limit
        Most bytes of UTF-8 in a caption; the last sentences are left out until it fits.

    Raises
    ------
    UnavailableError
        The classifier's packages are not installed.
    """

    name = "labels"

    def __init__(self, limit: int = BYTES) -> None:
        self.limit = limit
        self.model = load_efficientnet()

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """Sentences about uint8 ``H x W x 3``, the most important first; ``path`` is not read."""
        index, probability = self.model.guesses(image, 1)[0]
        said = [label_sentence(self.model.classes[index], probability)]
        said += describe(find_regions(image))
        return shorten(" ".join(filter(None, said)), self.limit)


def label_sentence(label: str, probability: float) -> str:
    """What is said of a guess; "" where it is too unlikely to be said."""
    if probability < LIKELY:
        return ""
    article = "an" if label[:1].lower() in "aeiou" else "a"
    perhaps = "" if probability >= SURE else "perhaps "
    return f"A photo of {perhaps}{article} {label}."
