"""Packs of small JPEG files in one ``.npz``: how data sets of many tiny images are kept.

``jpeg`` holds all files behind one another, ``offsets`` (one more than images) where each begins,
``labels`` the class of each and, in some packs, ``classes`` what the classes are called and
``boxes`` where in each image the object is.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class JpegPack:
    """Decoded images of one size, uint8 ``N x H x W x 3``, labels int64 ``N``, names of classes.

    ``classes`` is empty where the pack does not name them.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


class _Stored(NamedTuple):
    """The arrays of a pack as they lie in the file."""

    jpeg: NDArray[np.uint8]
    offsets: NDArray[np.integer]
    labels: NDArray[np.integer]
    classes: tuple[str, ...]
    boxes: NDArray[np.integer] | None


def pack_classes(path: Path) -> tuple[str, ...]:
    """What the classes of a pack are called, without decoding images; errors as :func:`read_pack`.

    Empty where the pack does not name them.
    """
    return _stored(path).classes


def read_boxes(path: Path) -> NDArray[np.integer] | None:
    """Boxes around the objects, ``N x 4`` as x0, y0, x1, y1, of a pack that has some."""
    return _stored(path).boxes


def read_pack(path: Path, limit: int | None = None) -> JpegPack:
    """The first ``limit`` images of a pack, or all.

    Raises
    ------
    FileNotFoundError
        No such file.
    ValueError
        Not a pack, a file in it is no picture, or the pictures differ in size.
    """
    stored = _stored(path)
    try:
        offsets = stored.offsets[: limit and limit + 1]
        images = np.stack([_decoded(stored.jpeg[a:b].tobytes()) for a, b in pairwise(offsets)])
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{path}: not a pack of JPEG files ({error})") from error
    return JpegPack(images, stored.labels[:limit].astype(np.int64), stored.classes)


def _stored(path: Path) -> _Stored:
    try:
        with np.load(path, allow_pickle=False) as pack:
            classes = tuple(map(str, pack["classes"])) if "classes" in pack else ()
            boxes = pack.get("boxes")
            return _Stored(pack["jpeg"], pack["offsets"], pack["labels"], classes, boxes)
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError, TypeError, AttributeError, BadZipFile) as error:
        raise ValueError(f"{path}: not a pack of JPEG files ({error})") from error


def _decoded(file: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(file)) as picture:
        return np.asarray(picture.convert("RGB"))
