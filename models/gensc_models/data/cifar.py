"""CIFAR-10 in memory, from its official binary files or from a pack of JPEG files.

The official layout is a folder of ``data_batch_1.bin`` ... ``data_batch_5.bin`` and
``test_batch.bin``: records of one label byte and 3072 bytes, red, green and blue plane by rows
(Krizhevsky, "Learning multiple layers of features from tiny images", 2009). The pack is one of
:mod:`gensc_models.data.jpeg_pack`; its images went through JPEG once more, so figures on it are
said to be of that copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.data.jpeg_pack import read_pack

SIDE = 32
RECORD = 1 + 3 * SIDE * SIDE
BINARY_FILES = {
    "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    "test": ("test_batch.bin",),
}
BINARY_SOURCE = "CIFAR-10, official binary files"
PACK_SOURCE = "CIFAR-10, JPEG-stored copy"


@dataclass(frozen=True)
class ImageSet:
    """Images uint8 ``N x 32 x 32 x 3`` with labels int64 ``N``; ``source`` says which copy."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    source: str


def is_cifar(path: Path) -> bool:
    """Whether a path is CIFAR-10 (pack or official files) rather than a folder of photos."""
    return path.suffix == ".npz" or (path / BINARY_FILES["train"][0]).is_file()


def shuffled_batches(images: NDArray[np.uint8], size: int, seed: int) -> Callable[[], Tensor]:
    """A source of batches ``size x 3 x 32 x 32`` in [0, 1], each image mirrored or not.

    All images in a new order before any comes again; the last few of an order are left out.
    """
    random = np.random.default_rng(seed)
    size = min(size, len(images))

    def endless() -> Iterator[Tensor]:
        while True:
            order = random.permutation(len(images))
            for start in range(0, len(images) - size + 1, size):
                chosen = torch.from_numpy(images[order[start : start + size]])
                batch = chosen.permute(0, 3, 1, 2).float() / 255.0
                mirrored = torch.from_numpy(random.random(size) < 0.5)[:, None, None, None]
                yield torch.where(mirrored, batch.flip(3), batch)

    return endless().__next__


def _read_binary(folder: Path, split: str) -> ImageSet:
    parts = []
    for name in BINARY_FILES[split]:
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(f"{folder}: no {name}, so not CIFAR-10's binary files")
        data = np.fromfile(path, dtype=np.uint8)
        if data.size == 0 or data.size % RECORD:
            raise ValueError(f"{path}: {data.size} bytes are not whole records of {RECORD}")
        parts.append(data.reshape(-1, RECORD))
    records = np.concatenate(parts)
    planes = records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return ImageSet(images, records[:, 0].astype(np.int64), BINARY_SOURCE)


def _read_pack(path: Path, limit: int | None) -> ImageSet:
    pack = read_pack(path, limit)
    if pack.images.shape[1:] != (SIDE, SIDE, 3):
        raise ValueError(f"{path}: images are {pack.images.shape[1:]}, expected {SIDE}x{SIDE}x3")
    return ImageSet(pack.images, pack.labels, PACK_SOURCE)


def load_cifar(path: str | Path, split: str = "test", limit: int | None = None) -> ImageSet:
    """CIFAR-10 from a folder of the official binary files, or from an ``.npz`` pack.

    Parameters
    ----------
    path : folder or pack.
    split : "train" or "test"; a pack holds one of them and ignores it.
    limit : the first so many images only.

    Raises
    ------
    FileNotFoundError
        Nothing there, or a file of the official layout is missing.
    ValueError
        Unknown split, or a file that is not what it should be.
    """
    if split not in BINARY_FILES:
        raise ValueError(f"split {split!r}: must be train or test")
    path = Path(path)
    if path.is_dir():
        whole = _read_binary(path, split)
        return ImageSet(whole.images[:limit], whole.labels[:limit], whole.source)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    return _read_pack(path, limit)
