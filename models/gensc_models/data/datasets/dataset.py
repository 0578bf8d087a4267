"""What a data set is: entries that say where things lie, and examples that are read from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc_models.data.photos import load_photo

Photo = NDArray[np.uint8]
# What Pillow's decoders raise on damaged files.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError)


@dataclass(frozen=True, eq=False)
class Example:
    """One image as it was read.

    Attributes
    ----------
    name : unique within its data set.
    image : uint8 ``H x W x 3``.
    mask : uint8 ``H x W``, 255 where a pixel matters most; None where there is none.
    labels : classes of what the image shows, the one with the most pixels first where the mask
        tells; empty where nobody said.
    """

    name: str
    image: Photo
    mask: NDArray[np.uint8] | None = None
    labels: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """The first of the labels."""
        return self.labels[0] if self.labels else None

    @property
    def foreground(self) -> NDArray[np.bool_] | None:
        """The mask as bool ``H x W``: from half of the full value on."""
        return None if self.mask is None else self.mask >= 128


@dataclass(frozen=True)
class Entry:
    """Where an image and what is known of it lie.

    Attributes
    ----------
    name : unique within its data set.
    image_file : any picture.
    mask_file : picture of the same size: grey values of importance or, with ``classes``, at every
        pixel the number of its class; None where there is none.
    labels : classes of what the image shows.
    classes : names of the classes 1, 2, ... of such a mask; 0 and all higher values are none.
    """

    name: str
    image_file: Path
    mask_file: Path | None = None
    labels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def load(self) -> Example:
        """Read the image and its mask.

        Raises
        ------
        ValueError
            A file is missing or damaged, or the mask is of another size.
        """
        image = _read(self.image_file)
        if self.mask_file is None:
            return Example(self.name, image, None, self.labels)
        values = _read_mask(self.mask_file)
        if values.shape != image.shape[:2]:
            raise ValueError(f"{self.mask_file}: {values.shape}, but image {image.shape[:2]}")
        if not self.classes:
            return Example(self.name, image, values, self.labels)
        pixels = np.bincount(values.ravel(), minlength=256)[1 : len(self.classes) + 1]
        area = dict(zip(self.classes, pixels.tolist(), strict=True))
        labels = tuple(sorted(self.labels, key=lambda label: -area[label]))
        inside = (values > 0) & (values <= len(self.classes))
        return Example(self.name, image, np.where(inside, 255, 0).astype(np.uint8), labels)


@dataclass(frozen=True)
class Dataset:
    """Entries in order; going through it, or an index, reads examples.

    ``title`` says which data set and part, for tables and results.
    """

    title: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if not self.entries:
            raise ValueError(f"{self.title}: no images")

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Example]:
        return (entry.load() for entry in self.entries)

    def __getitem__(self, index: int) -> Example:
        return self.entries[index].load()

    def sample(self, count: int) -> Dataset:
        """At most ``count`` of the entries, evenly spread, always the same ones.

        Raises
        ------
        ValueError
            ``count`` is not positive.
        """
        if count < 1:
            raise ValueError(f"a sample of {count} images: must be at least 1")
        total = len(self.entries)
        count = min(count, total)
        return Dataset(self.title, tuple(self.entries[i * total // count] for i in range(count)))

    def with_masks(self) -> Dataset:
        """Only the entries that have a mask.

        Raises
        ------
        ValueError
            None has.
        """
        masked = tuple(entry for entry in self.entries if entry.mask_file is not None)
        if not masked:
            raise ValueError(f"{self.title}: no image has a mask")
        return Dataset(self.title, masked)


def _read(path: Path) -> Photo:
    try:
        return load_photo(path)
    except _DAMAGED as error:
        raise ValueError(f"{path}: cannot be read as an image ({error})") from error


def _read_mask(path: Path) -> NDArray[np.uint8]:
    """Grey values; of a picture with a palette, as VOC's are, the numbers of its colours."""
    try:
        with Image.open(path) as picture:
            return np.asarray(picture if picture.mode == "P" else picture.convert("L"))
    except _DAMAGED as error:
        raise ValueError(f"{path}: cannot be read as a mask ({error})") from error
