"""Photos with maps of what in them people see as the objects: pairs of files of one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc_models.data.photos import Photo, load_photo, photo_files


@dataclass(frozen=True, eq=False)
class MappedPhoto:
    """A photo uint8 ``H x W x 3`` and its map, uint8 ``H x W``, 255 where it matters most."""

    name: str
    photo: Photo
    map: NDArray[np.uint8]


def load_mapped(
    images: Path, maps: Path, prefixes: tuple[str, ...] = ("",), limit: int | None = None
) -> list[MappedPhoto]:
    """The first photos of a folder whose names begin with one of the prefixes, with their maps.

    Raises
    ------
    FileNotFoundError
        No photo of such a name, or no map for one.
    ValueError
        A map of another size than its photo.
    """
    files = [path for path in photo_files([images]) if path.name.startswith(prefixes)][:limit]
    if not files:
        raise FileNotFoundError(f"no image under {images} begins with {' or '.join(prefixes)}")
    return with_maps(files, maps)


def with_maps(photos: Sequence[Path], maps: Path) -> list[MappedPhoto]:
    """Files of photos, each with the file in the folder ``maps`` of its name and suffix ``.png``.

    Raises
    ------
    FileNotFoundError
        No map for a photo.
    ValueError
        A map of another size than its photo.
    """
    return [_pair(path, maps / f"{path.stem}.png") for path in photos]


def _pair(image: Path, map_file: Path) -> MappedPhoto:
    if not map_file.is_file():
        raise FileNotFoundError(f"{map_file}: no map for {image.name}")
    photo = load_photo(image)
    with Image.open(map_file) as picture:
        grey = np.asarray(picture.convert("L"))
    if grey.shape != photo.shape[:2]:
        raise ValueError(f"{map_file}: {grey.shape}, but {image.name} is {photo.shape[:2]}")
    return MappedPhoto(image.stem, photo, grey)
