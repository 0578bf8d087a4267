"""JPEG at the best quality that fits a number of bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Sizes tried, as divisors of both sides: at few bytes a small sharp picture scaled up beats a
#: full-size one of quality 1.
DIVISORS = (1, 2, 4, 8)
QUALITIES = range(1, 96)


@dataclass(frozen=True)
class JpegChoice:
    """A JPEG that fits.

    Attributes:
        data: the file.
        quality: as Pillow counts, 1…95.
        divisor: the picture was scaled down by this before.
        psnr: of the decoded picture, scaled back, dB.
    """

    data: bytes
    quality: int
    divisor: int
    psnr: float


def scaled(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The picture at another size: Lanczos where it becomes smaller, bicubic where larger."""
    if image.shape[:2] == (height, width):
        return image
    smaller = height < image.shape[0]
    filtered = Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize((width, height), filtered), dtype=np.uint8)


def encode(image: NDArray[np.uint8], quality: int, divisor: int = 1) -> bytes:
    """JPEG bytes: 4:2:0, optimised Huffman tables, no metadata."""
    height, width = image.shape[:2]
    picture = Image.fromarray(scaled(image, -(-height // divisor), -(-width // divisor)))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return buffer.getvalue()


def decode(data: bytes, height: int, width: int) -> NDArray[np.uint8] | None:
    """The picture of a JPEG, scaled to height×width; None when the bytes are no JPEG."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            picture = np.asarray(opened.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError):
        return None
    return scaled(picture, height, width)


def fit(
    image: NDArray[np.uint8], max_bytes: int, divisors: Sequence[int] = DIVISORS
) -> JpegChoice | None:
    """The JPEG of at most `max_bytes` with the highest PSNR over the sizes and all qualities.

    For each size the quality is searched by bisection (file length rises with it). None when
    not even the smallest picture fits.
    """
    best: JpegChoice | None = None
    for divisor in divisors:
        quality = _largest_quality(image, max_bytes, divisor)
        if quality is None:
            continue
        data = encode(image, quality, divisor)
        psnr = _psnr(image, decode(data, *image.shape[:2]))
        if best is None or psnr > best.psnr:
            best = JpegChoice(data, quality, divisor, psnr)
    return best


def grey(height: int, width: int) -> NDArray[np.uint8]:
    """What is shown where nothing could be decoded: middle grey."""
    return np.full((height, width, 3), 128, dtype=np.uint8)


def _largest_quality(image: NDArray[np.uint8], max_bytes: int, divisor: int) -> int | None:
    @cache
    def size(quality: int) -> int:
        return len(encode(image, quality, divisor))

    low, high = QUALITIES.start - 1, QUALITIES.stop - 1  # low fits (or is none), high may not
    if size(high) <= max_bytes:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if size(middle) <= max_bytes:
            low = middle
        else:
            high = middle
    return low or None


def _psnr(image: NDArray[np.uint8], decoded: NDArray[np.uint8] | None) -> float:
    if decoded is None:
        return float("-inf")
    mse = np.mean((image.astype(np.float64) - decoded) ** 2)
    return float(10 * np.log10(255**2 / max(mse, 1e-12)))
