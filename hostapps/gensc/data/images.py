"""Pictures named on the command line: opened, cropped, and refused in one line that says why."""

from __future__ import annotations

import glob
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gensc.system.errors import UserError
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.image_files import SKIMAGE_PREFIX, image_paths, read_image

T = TypeVar("T")
#: Smallest side a picture may have: one block of the codecs.
MIN_SIDE = 16


def load_image(path: str | Path, max_side: int | None = None) -> NDArray[np.uint8]:
    """Open a picture as uint8 H×W×3; see :func:`gnuradio.gensc.image_files.read_image`.

    Raises:
        UserError: no such file, not a picture, damaged, too small or too large.
    """
    try:
        return read_image(str(path), max_side or 0, MIN_SIDE)
    except GenscError as error:
        raise UserError(str(error)) from None


def fit(
    image: NDArray[np.uint8], height: int, width: int, vertical: float = 0.5
) -> NDArray[np.uint8]:
    """Crop `image` to the shape asked for and scale it to height×width.

    `vertical` says what is kept where rows are cropped: 0 the top, 0.5 the middle, 1 the bottom.
    """
    fitted = ImageOps.fit(
        Image.fromarray(image),
        (width, height),
        Image.Resampling.LANCZOS,
        centering=(0.5, vertical),
    )
    return np.asarray(fitted, dtype=np.uint8)


def scale_to_area(image: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """The picture with about so many pixels, its aspect ratio kept."""
    factor = math.sqrt(pixels / (image.shape[0] * image.shape[1]))
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    resized = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(resized, dtype=np.uint8)


def expand(arguments: list[str]) -> list[str]:
    """Files, folders (their pictures, sorted), globs and ``skimage:NAME`` to single pictures.

    ``skimage:`` alone stands for all sample photos. The order given is kept; that a file named
    outright exists is for :func:`load_image` to find out.

    Raises:
        UserError: an argument that matches nothing, or an empty list.
    """
    found: list[str] = []
    for argument in arguments:
        several = Path(argument).is_dir() or glob.has_magic(argument) or argument == SKIMAGE_PREFIX
        try:
            found += image_paths(argument) if several else [argument]
        except GenscError as error:
            raise UserError(str(error)) from None
    if not found:
        raise UserError("no image given")
    return found


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most `count` of the items, evenly spread; all where it is 0."""
    count = min(count, len(items)) or len(items)
    return [items[i * len(items) // count] for i in range(count)]


def display_name(path: str | Path) -> str:
    """Short name of a picture for captions and results: no folders, no suffix."""
    text = str(path)
    return text.removeprefix(SKIMAGE_PREFIX) if text.startswith(SKIMAGE_PREFIX) else Path(text).stem


def display_names(paths: Sequence[str | Path]) -> list[str]:
    """Short names of several pictures, numbered where some would have the same."""
    names = [display_name(path) for path in paths]
    return [
        f"{name}-{before + 1}" if (before := names[:i].count(name)) else name
        for i, name in enumerate(names)
    ]
