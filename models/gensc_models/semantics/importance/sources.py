"""Sources of importance that need only the image: called with one, they return its map.

Every map is float32 ``H x W`` in [0, 1], as large as the image; what is larger matters more.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from gensc_models.semantics.importance.classifier import Activation
from gensc_models.semantics.importance.pixels import (
    Map,
    Photo,
    check_image,
    on_pixels,
    scaled,
    unit_range,
)
from gensc_models.semantics.importance.saliency import SaliencyNetwork


class ImageImportance(Protocol):
    """What all sources here are."""

    @property
    def name(self) -> str:
        """For tables and pictures."""

    def __call__(self, image: Photo) -> Map:
        """The map of an image, uint8 ``H x W x 3``: float32 ``H x W`` in [0, 1].

        Raises
        ------
        ValueError
            It is no image, or none that this source can say anything about.
        """


class ActivationModel(Protocol):
    """A network with class activation maps."""

    name: str

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""

    @property
    def map_side(self) -> int:
        """Longer side of the pictures it is shown."""

    def activation(self, images: Tensor) -> Activation:
        """Maps and scores of all classes, of images ``B x 3 x H x W`` in [0, 1]."""


class LearnedImportance:
    """The saliency of a trained network.

    Parameters
    ----------
    network : which.
    """

    def __init__(self, network: SaliencyNetwork) -> None:
        self.network = network
        self.name = "learned" if network.name == "importance" else f"learned {network.name}"

    @torch.inference_mode()
    def __call__(self, image: Photo) -> Map:
        """The map of an image."""
        pixels = scaled(image, self.network.config.side).to(_device(self.network))
        return on_pixels(torch.sigmoid(self.network(pixels)[0]), *image.shape[:2])


class CamImportance:
    """Class activation mapping (Eq. 14-16): where the image looks like a class.

    Parameters
    ----------
    model : a classifier that ends in global average pooling and a linear layer.
    of : name or number of the class; "" is the one of the largest probability (Eq. 16).

    Raises
    ------
    ValueError
        The model knows no such class; the message has the nearest names.
    """

    def __init__(self, model: ActivationModel, of: str = "", name: str = "cam") -> None:
        self.model = model
        self.index = class_index(of, model.classes) if of else None
        self.name = name if self.index is None else f"{name} of {model.classes[self.index]}"

    @torch.inference_mode()
    def __call__(self, image: Photo) -> Map:
        """The map of an image."""
        maps, scores = self._activation(image)
        chosen = int(scores.argmax()) if self.index is None else self.index
        return on_pixels(unit_range(maps[chosen]), *image.shape[:2])

    @torch.inference_mode()
    def probabilities(self, image: Photo) -> dict[str, float]:
        """Probability of each class (Eq. 14), the largest first."""
        scores = self._activation(image)[1]
        order = scores.argsort(descending=True).tolist()
        share = scores.softmax(dim=0)
        return {self.model.classes[k]: float(share[k]) for k in order}

    def _activation(self, image: Photo) -> tuple[Tensor, Tensor]:
        pixels = scaled(image, self.model.map_side).to(_device(self.model))
        activation = self.model.activation(pixels)
        return activation.maps[0], activation.scores[0]


@dataclass(frozen=True)
class BoxImportance:
    """A box that the user drew: 1 inside, 0 outside.

    ``x``, ``y`` are its upper left corner, ``width`` and ``height`` its size, in pixels; what of
    it lies outside of an image is cut off.

    Raises
    ------
    ValueError
        A size is not positive, or a corner negative.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or min(self.x, self.y) < 0:
            raise ValueError(f"{self.name}: size must be positive, corner not negative")

    @property
    def name(self) -> str:
        """What it is."""
        return f"box {self.x},{self.y},{self.width},{self.height}"

    def __call__(self, image: Photo) -> Map:
        """The map of an image; ValueError also where the box lies outside of it."""
        check_image(image)
        height, width = image.shape[:2]
        inside = np.zeros((height, width), dtype=np.float32)
        inside[self.y : self.y + self.height, self.x : self.x + self.width] = 1.0
        if not inside.any():
            raise ValueError(f"{self.name} lies outside of an image of {width}x{height}")
        return inside


@dataclass(frozen=True, eq=False)
class PictureImportance:
    """A picture that the user painted, for all images alike; white matters most.

    ``grey`` is uint8 ``h x w``, stretched to each image.
    """

    grey: Photo
    name: str

    @classmethod
    def from_file(cls, path: Path) -> PictureImportance:
        """The grey levels of a picture file.

        Raises
        ------
        ValueError
            No readable picture.
        """
        try:
            with Image.open(path) as picture:
                grey = np.asarray(picture.convert("L"))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise ValueError(f"{path}: {error}") from error
        return cls(grey, f"mask {path.name}")

    def __call__(self, image: Photo) -> Map:
        """The map of an image."""
        check_image(image)
        size = (image.shape[1], image.shape[0])
        stretched = Image.fromarray(self.grey).resize(size, Image.Resampling.BILINEAR)
        return np.asarray(stretched, dtype=np.float32) / 255.0


def class_index(text: str, classes: tuple[str, ...]) -> int:
    """Number of a class by its name (in any case) or by its number.

    Raises
    ------
    ValueError
        There is none; the message has the nearest names.
    """
    lower = [name.lower() for name in classes]
    wanted = text.strip().lower()
    if wanted in lower:
        return lower.index(wanted)
    if wanted.isdecimal() and int(wanted) < len(classes):
        return int(wanted)
    near = difflib.get_close_matches(wanted, lower, n=3, cutoff=0.4)
    hint = f"; near it: {', '.join(near)}" if near else ""
    raise ValueError(f"no class '{text}' among 0 … {len(classes) - 1}{hint}")


def _device(model: object) -> torch.device:
    """Where a network lies."""
    assert isinstance(model, nn.Module)
    return next(model.parameters()).device
