"""JPEG without its header, for pictures so small that the header alone would fill the channel.

A JPEG file of a 32×32 picture spends more than 300 of its bytes on tables and headers. The standard
knows an abbreviated format (ITU-T T.81, B.5) for when both ends have the tables already. Here both
know the Huffman tables (those of Annex K) and the quantisation tables (libjpeg's, by quality), and
the burst header carries the size of the picture. What is sent is

    one byte: size divisor (2 bits) and quality (6 bits) | entropy-coded data

Bytes behind the data do no harm, so a payload can be padded to the length the channel takes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.experiment.baselines import jpeg

#: Size divisors and qualities that the first byte can name.
DIVISORS = jpeg.DIVISORS
QUALITIES = (*range(1, 49), *range(50, 96, 3))
#: Markers of a JPEG file: start of scan, end of image.
SOS, EOI = b"\xff\xda", b"\xff\xd9"


def encode(image: NDArray[np.uint8], quality: int, divisor: int = 1) -> bytes:
    """The short form; `quality` of QUALITIES, `divisor` of DIVISORS, 4:2:0.

    Raises:
        ValueError: another quality or divisor.
    """
    if quality not in QUALITIES or divisor not in DIVISORS:
        raise ValueError(f"the short form has no quality {quality} with divisor {divisor}")
    picture = Image.fromarray(image)
    if divisor > 1:
        picture = picture.resize(
            _scaled(picture.height, picture.width, divisor), Image.Resampling.LANCZOS
        )
    file = _file(picture, quality)
    start = len(_header(quality, *picture.size))
    mode = DIVISORS.index(divisor) << 6 | QUALITIES.index(quality)
    return bytes([mode]) + file[start : -len(EOI)]


def decode(data: bytes, height: int, width: int) -> NDArray[np.uint8] | None:
    """The picture at height×width; None when the data end too early to be one."""
    if not data:
        return None
    divisor, quality = DIVISORS[data[0] >> 6], QUALITIES[data[0] & 63]
    header = _header(quality, *_scaled(height, width, divisor))
    return jpeg.decode(header + data[1:] + EOI, height, width)


class ShortJpegs:
    """The short forms of one picture: each made once, whatever is asked for how often."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.image = image
        self._encoded: dict[tuple[int, int], bytes] = {}

    def fit(self, max_bytes: int, divisors: Sequence[int] = DIVISORS) -> jpeg.JpegChoice | None:
        """The one of at most `max_bytes` with the highest PSNR, as `jpeg.fit` for files."""
        from gensc_models.metrics.fidelity import psnr

        best: jpeg.JpegChoice | None = None
        for divisor in divisors:
            index = self._highest(max_bytes, divisor)
            if index is None:
                continue
            data = self._data(index, divisor)
            decoded = decode(data, *self.image.shape[:2])
            assert decoded is not None
            quality_db = psnr(self.image, decoded)
            if best is None or quality_db > best.psnr:
                best = jpeg.JpegChoice(data, QUALITIES[index], divisor, quality_db)
        return best

    def _data(self, index: int, divisor: int) -> bytes:
        key = (index, divisor)
        if key not in self._encoded:
            self._encoded[key] = encode(self.image, QUALITIES[index], divisor)
        return self._encoded[key]

    def _highest(self, max_bytes: int, divisor: int) -> int | None:
        """Index of the highest quality that fits, by bisection (length rises with it)."""
        low, high = -1, len(QUALITIES)  # low fits (or is none), high does not (or is beyond)
        while high - low > 1:
            middle = (low + high) // 2
            if len(self._data(middle, divisor)) <= max_bytes:
                low = middle
            else:
                high = middle
        return None if low < 0 else low


def _scaled(height: int, width: int, divisor: int) -> tuple[int, int]:
    """Width and height of the picture inside."""
    return -(-width // divisor), -(-height // divisor)


def _file(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, subsampling="4:2:0", optimize=False)
    return buffer.getvalue()


@lru_cache(maxsize=1024)
def _header(quality: int, width: int, height: int) -> bytes:
    """Everything before the entropy-coded data: with fixed tables the same for all pictures."""
    file = _file(Image.new("RGB", (width, height)), quality)
    start = file.index(SOS)
    return file[: start + 2 + int.from_bytes(file[start + 2 : start + 4], "big")]
