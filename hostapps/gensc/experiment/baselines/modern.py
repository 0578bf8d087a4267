"""WebP and AVIF files at the best quality that fits a number of bytes."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

#: What Pillow is told beside the quality, by kind of file.
OPTIONS: dict[str, dict[str, int]] = {"webp": {"method": 6}, "avif": {"speed": 6}}
QUALITIES = range(0, 101)


def available(kind: str) -> bool:
    """Whether this Pillow writes files of that kind."""
    return bool(features.check(kind))


def encode(kind: str, image: NDArray[np.uint8], quality: int) -> bytes:
    """A lossy file without metadata."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind.upper(), quality=quality, **OPTIONS[kind])
    return buffer.getvalue()


def decode(kind: str, data: bytes) -> NDArray[np.uint8] | None:
    """The picture; None where the bytes are none of that kind."""
    try:
        with Image.open(io.BytesIO(data), formats=[kind.upper()]) as opened:
            return np.asarray(opened.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError):
        return None


def fit(kind: str, image: NDArray[np.uint8], max_bytes: int) -> bytes | None:
    """The file of highest quality of at most `max_bytes`; None where not even the lowest fits."""
    made = cache(lambda quality: encode(kind, image, quality))
    low, high = QUALITIES.start - 1, QUALITIES.stop  # low fits (or is none), high does not
    while high - low > 1:
        middle = (low + high) // 2
        if len(made(middle)) <= max_bytes:
            low = middle
        else:
            high = middle
    return None if low < QUALITIES.start else made(low)
