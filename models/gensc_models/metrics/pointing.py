"""The pointing game: whether class activation maps point at the objects.

(Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016.) The share of the
images whose map is largest inside of the box around the object, beside the share whose middle lies
in it. Boxes of more than half of the image are left out, nobody could miss them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.data.jpeg_pack import JpegPack
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.semantics.importance.pixels import on_pixels

LARGEST_BOX = 0.5


@dataclass(frozen=True)
class Pointing:
    """Shares of the ``images`` in whose box lies the largest value of a map, or the middle."""

    of_label: float
    of_first_guess: float
    middle: float
    images: int


def mask_of(box: NDArray[np.integer], height: int, width: int) -> NDArray[np.bool_]:
    """Pixels inside of a box x0, y0, x1, y1 (both corners included), ``height x width``."""
    inside = np.zeros((height, width), dtype=bool)
    x0, y0, x1, y1 = (int(edge) for edge in box)
    inside[y0 : y1 + 1, x0 : x1 + 1] = True
    return inside


@torch.inference_mode()
def pointing(network: Classifier, pack: JpegPack, boxes: NDArray[np.integer]) -> Pointing:
    """The pointing game with the maps of the true class and of the first guess.

    Raises
    ------
    ValueError
        No box is small enough to be missed.
    """
    hits = []
    device = next(network.parameters()).device
    height, width = pack.images.shape[1:3]
    for image, label, box in zip(pack.images, pack.labels, boxes, strict=True):
        inside = mask_of(box, height, width)
        if inside.mean() > LARGEST_BOX:
            continue
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255.0
        maps, scores = network.activation(pixels.to(device))
        found = [_points_inside(maps[0, k], inside) for k in (int(label), int(scores.argmax()))]
        hits.append([*found, bool(inside[height // 2, width // 2])])
    if not hits:
        raise ValueError("no box is small enough to be missed")
    of_label, of_first_guess, middle = np.mean(hits, axis=0).tolist()
    return Pointing(of_label, of_first_guess, middle, len(hits))


def _points_inside(values: Tensor, inside: NDArray[np.bool_]) -> bool:
    return bool(inside.ravel()[on_pixels(values, *inside.shape).argmax()])
