"""Photos for training: folders of image files held in memory, random crops, prefetching."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
BLOCK = 16
"""Pixels per side of the blocks that images are cut into: of codecs, masks and importance maps."""
Photo = NDArray[np.uint8]
T = TypeVar("T")


def photo_files(folders: Sequence[Path], exclude_prefix: Sequence[str] = ()) -> list[Path]:
    """Image files of the folders (recursively), sorted, without names of an excluded prefix.

    Raises
    ------
    FileNotFoundError
        A folder does not exist or holds no image.
    """
    found: list[Path] = []
    for folder in folders:
        here = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
        if not here:
            raise FileNotFoundError(f"no image files under {folder}")
        found += [p for p in here if not p.name.startswith(tuple(exclude_prefix))]
    return found


def load_photo(path: Path) -> Photo:
    """One file as uint8 ``H x W x 3``."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def load_split(
    folders: Sequence[Path], exclude_prefix: Sequence[str], held_out: int, smallest: int
) -> tuple[list[Photo], list[Photo]]:
    """Photos to train on, no side below ``smallest``, and every n-th file held out.

    Raises
    ------
    FileNotFoundError
        A folder does not exist or holds no image, or none is large enough.
    """
    files = photo_files(folders, exclude_prefix)
    stride = max(2, len(files) // max(1, held_out))
    apart = files[::stride][:held_out]
    photos = [load_photo(f) for f in files if f not in set(apart)]
    photos = [p for p in photos if min(p.shape[:2]) >= smallest]
    if not photos:
        raise FileNotFoundError(f"no training photo of {smallest} pixels or more")
    return photos, [load_photo(f) for f in apart]


def to_tensor(photo: Photo) -> Tensor:
    """uint8 ``H x W x 3`` to float32 ``1 x 3 x H x W`` in [0, 1]."""
    return torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None].float() / 255.0


def centre_crop(photo: Photo, size: int) -> Photo:
    """Central ``size x size`` part (or all there is, where the photo is smaller)."""
    top = max(0, (photo.shape[0] - size) // 2)
    left = max(0, (photo.shape[1] - size) // 2)
    return photo[top : top + size, left : left + size]


def crop_to_blocks(photo: Photo, block: int = BLOCK) -> Photo:
    """Central part whose sides are multiples of ``block``: no padding, so the CBR is exact."""
    height, width = (side // block * block for side in photo.shape[:2])
    top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
    return photo[top : top + height, left : left + width]


class CropSampler:
    """Random square crops: any position, mirrored or not, half of them downscaled.

    Downscaled crops carry the denser detail of small pictures (icons, 32x32 data sets).
    """

    def __init__(self, photos: Sequence[Photo], seed: int, largest_shrink: float = 4.0) -> None:
        self.photos = photos
        self.random = np.random.default_rng(seed)
        self.largest_shrink = largest_shrink

    def crop(self, size: int) -> Photo:
        """One ``size x size x 3`` crop."""
        photo = self.photos[self.random.integers(len(self.photos))]
        height, width = photo.shape[:2]
        shrink = 1.0
        if self.random.random() < 0.5:
            limit = min(self.largest_shrink, min(height, width) / size)
            shrink = max(1.0, limit ** self.random.random())
        side = min(round(size * shrink), height, width)
        top = int(self.random.integers(height - side + 1))
        left = int(self.random.integers(width - side + 1))
        part = photo[top : top + side, left : left + side]
        if side != size:
            resized = Image.fromarray(part).resize((size, size), Image.Resampling.BICUBIC)
            part = np.asarray(resized)
        return part[:, ::-1] if self.random.random() < 0.5 else part

    def batch(self, count: int, size: int) -> Tensor:
        """``count x 3 x size x size`` in [0, 1]."""
        crops = np.stack([self.crop(size) for _ in range(count)])
        return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255.0


def prefetch(make: Callable[[], T], depth: int = 4) -> Generator[T, None, None]:
    """Endless results of ``make()``, prepared by a background thread while the caller computes.

    An exception in ``make`` is raised in the consumer.
    """
    ready: queue.Queue[T | BaseException] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: T | BaseException) -> None:
        while not stop.is_set():
            try:
                return ready.put(item, timeout=0.2)
            except queue.Full:
                continue

    def work() -> None:
        while not stop.is_set():
            try:
                put(make())
            except BaseException as error:
                return put(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        worker.join()
