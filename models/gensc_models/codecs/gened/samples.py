"""What the trainer sees: photos with maps of their saliency, as crops and as wholes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.photos import BLOCK, Photo, load_photo, photo_files
from gensc_models.semantics.importance.maps import MappedPhoto

# File names of ImageNet carry the class.
CLASS_IN_NAME = re.compile(r"^n\d{8}_(.+)$")


@dataclass(frozen=True)
class Sample:
    """Images ``B x 3 x H x W``, their saliency ``B x H x W``, both in [0, 1], and their classes.

    A class is empty where it is not known.
    """

    images: Tensor
    saliency: Tensor
    classes: tuple[str, ...]


def class_of(name: str) -> str:
    """The class that a photo's file name tells, or nothing."""
    found = CLASS_IN_NAME.match(name)
    return found.group(1) if found else ""


def pseudo_labelled(
    folders: Sequence[Path], importance: Callable[[Photo], NDArray[np.float32]]
) -> list[MappedPhoto]:
    """Photos of folders with the maps that a source of importance makes of them.

    Raises
    ------
    FileNotFoundError
        A folder does not exist or holds no image.
    """
    out = []
    for path in photo_files(folders):
        photo = load_photo(path)
        out.append(MappedPhoto(path.stem, photo, (importance(photo) * 255.0).astype(np.uint8)))
    return out


def per_block(maps: Tensor) -> Tensor:
    """Means of maps ``B x H x W`` over blocks of 16x16, ``B x H/16 x W/16``."""
    return F.avg_pool2d(maps[:, None], BLOCK)[:, 0]


class SaliencySampler:
    """Random crops, and whole photos shrunk, of photos with maps.

    Parameters
    ----------
    pairs : the photos.
    seed : of the choices.
    """

    def __init__(self, pairs: Sequence[MappedPhoto], seed: int) -> None:
        self.pairs = pairs
        self.random = np.random.default_rng(seed)

    def _part(self, size: tuple[int, int], whole: bool) -> tuple[MappedPhoto, Photo, Photo]:
        pair = self.pairs[self.random.integers(len(self.pairs))]
        limit = min(n / side for n, side in zip(pair.map.shape, size, strict=True))
        scale = limit if whole else min(limit, max(1.0, limit ** self.random.random()))
        whole_height, whole_width = pair.map.shape
        height = min(whole_height, round(size[0] * scale))
        width = min(whole_width, round(size[1] * scale))
        top = int(self.random.integers(whole_height - height + 1))
        left = int(self.random.integers(whole_width - width + 1))
        box, target = (left, top, left + width, top + height), (size[1], size[0])
        photo, grey = (
            np.asarray(Image.fromarray(x).resize(target, Image.Resampling.BICUBIC, box))
            for x in (pair.photo, pair.map)
        )
        if self.random.random() < 0.5:
            photo, grey = photo[:, ::-1], grey[:, ::-1]
        return pair, photo, grey

    def sample(self, count: int, size: tuple[int, int], whole: bool = False) -> Sample:
        """``count`` images of ``size``: crops at any scale down to all that fits, or all of it."""
        pairs, photos, maps = zip(*(self._part(size, whole) for _ in range(count)), strict=True)
        images = torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float() / 255.0
        saliency = torch.from_numpy(np.stack(maps)).float() / 255.0
        return Sample(images, saliency, tuple(class_of(pair.name) for pair in pairs))
