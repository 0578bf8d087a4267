"""Which parts of an image matter (GVIF-CIE, Section III-A): sources of importance.

An importance is a map of any size, larger where the image matters more;
`gensc_models.semantics.filtering.on_blocks` brings it to the codec's blocks and to 0 … 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.adapt.bank import Bank, Photo
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.semantics.importance import ImageImportance

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


class Importance(Protocol):
    """A source of importance."""

    @property
    def name(self) -> str:
        """For tables and pictures."""

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """The map of an image; `stem` is its name without folder and suffix."""


@dataclass(frozen=True, eq=False)
class InformationImportance:
    """The visual information of each block, log2(1 + theta²/gamma²) of the bank's finest point.

    Needs neither labels nor further weights: it keeps what GVIF counts, whatever it shows.
    """

    bank: Bank

    @property
    def name(self) -> str:
        """What it is."""
        return "information"

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """Bits per block, [h, w]."""
        from gensc_models.semantics.filtering import information_map

        return information_map(self.bank, image)


@dataclass(frozen=True)
class MapFolder:
    """Greyscale pictures in a folder, called like the images they are for; white matters most.

    Attributes:
        folder: where they are.
    """

    folder: Path

    @property
    def name(self) -> str:
        """What it is."""
        return f"maps of {self.folder.name}"

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """The map of the image `stem`, grey levels.

        Raises:
            UserError: there is none, or it is no picture.
        """
        for suffix in SUFFIXES:
            path = self.folder / f"{stem}{suffix}"
            if path.is_file():
                try:
                    with Image.open(path) as picture:
                        return np.asarray(picture.convert("F"), dtype=np.float64)
                except (OSError, ValueError, Image.DecompressionBombError) as error:
                    raise UserError(f"{path}: {error}") from error
        raise UserError(f"{self.folder}: no map called {stem} ({', '.join(SUFFIXES)})")


@dataclass(frozen=True, eq=False)
class FromImage:
    """A source of `gensc_models.semantics.importance`, which looks at the image alone.

    Attributes:
        source: which.
    """

    source: ImageImportance

    @property
    def name(self) -> str:
        """What it is."""
        return self.source.name

    def __call__(self, image: Photo, stem: str) -> NDArray[np.float64]:
        """The map of the image, H x W.

        Raises:
            UserError: the source can say nothing about this image.
        """
        try:
            return self.source(image).astype(np.float64)
        except ValueError as error:
            raise UserError(f"{stem}: {error}") from error


def importance_source(text: str, bank: Bank) -> Importance:
    """The source that a line of text names.

    Args:
        text: `information`, a folder of maps named like the images, or what
            `gensc_models.catalogue.importance.load_importance` takes; empty stands for `learned`
            where its weights are installed, else for `information`.
        bank: whose visual information `information` is.

    Raises:
        UserError: no such source, weights or class.
    """
    from gensc_models.catalogue.importance import (
        choices,
        learned_is_installed,
        load_importance,
        names_a_source,
    )

    text = text or ("learned" if learned_is_installed() else "information")
    if text == "information":
        return InformationImportance(bank)
    if Path(text).is_dir():
        return MapFolder(Path(text))
    if not names_a_source(text):
        raise UserError(
            f"--importance '{text}': none of information, a folder of maps, {choices()}"
        )
    try:
        return FromImage(load_importance(text))
    except ValueError as error:
        raise UserError(f"--importance {text}: {error}") from error
