"""Lossy WebP files."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

QUALITIES = range(0, 101)


def encode(image: NDArray[np.uint8], quality: int) -> bytes:
    """WebP bytes at the encoder's best effort, no metadata."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=quality, method=6)
    return buffer.getvalue()


def decode(data: bytes) -> NDArray[np.uint8]:
    """The picture."""
    with Image.open(io.BytesIO(data), formats=["WEBP"]) as opened:
        return np.asarray(opened.convert("RGB"), dtype=np.uint8)
