"""Frechet distance of this project's classifier: a stand-in where FID cannot be had.

Images are seen in patches of the size the classifier was trained on; the Gaussians are fitted to
its pooled features of all patches. Figures are not FID and compare with each other alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.metrics.frechet import frechet_distance
from gensc_models.semantics.importance.classifier import Classifier

PATCH = 64
"""Side of a patch in pixels."""

Photo = NDArray[np.uint8]


class PatchDistance:
    """Frechet distance of patches' features.

    Parameters
    ----------
    classifier : whose pooled features count.
    """

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.name = f"Fréchet distance, features of {classifier.name}, {PATCH}×{PATCH} patches"

    def __call__(self, originals: Sequence[Photo], shown: Sequence[Photo]) -> float:
        """Distance of two sets of images, uint8 ``H x W x 3``.

        Raises
        ------
        ValueError
            A set with fewer than two patches.
        """
        return frechet_distance(self.features(originals), self.features(shown))

    @torch.inference_mode()
    def features(self, images: Sequence[Photo]) -> NDArray[np.float64]:
        """Pooled features of all whole patches of the images, ``patches x features``."""
        found = [self.classifier.features(patches(image)).pooled for image in images]
        if not found:
            raise ValueError("no images to compare")
        return torch.cat(found).double().numpy()


def patches(image: Photo) -> Tensor:
    """The image cut into whole patches, ``patches x 3 x 64 x 64`` in [0, 1].

    Raises
    ------
    ValueError
        A side is shorter than a patch.
    """
    rows, columns = image.shape[0] // PATCH, image.shape[1] // PATCH
    if not rows or not columns:
        raise ValueError(f"image of {image.shape[1]}x{image.shape[0]} holds no patch of {PATCH}")
    whole = torch.from_numpy(np.array(image[: rows * PATCH, : columns * PATCH]))
    tiles = whole.view(rows, PATCH, columns, PATCH, 3).permute(0, 2, 4, 1, 3)
    return tiles.reshape(-1, 3, PATCH, PATCH).float() / 255.0
