"""Packs of small JPEG files for tests."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def write_pack(path: Path, images: np.ndarray, labels: np.ndarray, **more: np.ndarray) -> Path:
    """Stores images uint8 N x H x W x 3 as :mod:`gensc_models.data.jpeg_pack` reads them."""
    files = []
    for image in images:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "JPEG", quality=95)
        files.append(stream.getvalue())
    offsets = np.cumsum([0, *map(len, files)])
    data = np.frombuffer(b"".join(files), np.uint8)
    np.savez(path, jpeg=data, offsets=offsets, labels=labels, **more)
    return path
