"""CIFAR-10 in memory, from its official binary files or from a pack of JPEG files.

The official layout is a folder of ``data_batch_1.bin`` ... ``data_batch_5.bin`` and
``test_batch.bin``: records of one label byte and 3072 bytes, red, green and blue plane by rows
(Krizhevsky, "Learning multiple layers of features from tiny images", 2009). The pack is one of
:mod:`gensc_models.data.jpeg_pack`; its images went through JPEG once more, so figures on it are
said to be of that copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
