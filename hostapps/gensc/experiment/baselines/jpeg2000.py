"""JPEG 2000 at the best quality that fits a number of bytes.

Bare codestreams (ITU-T T.800) without the container of .jp2 files: every byte is picture. The
irreversible wavelet and colour transform are asked for outright: without the latter three planes
are coded one by one, which costs several dB.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Share of the bytes that a search may leave unused, and how often it tries: lengths come in steps.
SPARE, TRIES = 0.004, 7


def encode(image: NDArray[np.uint8], n_bytes: float) -> bytes:
    """Codestream of about `n_bytes`."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(
        buffer,
        "JPEG2000",
        no_jp2=True,
        irreversible=True,
        mct=1,
        quality_mode="rates",
        quality_layers=[image.size / n_bytes],
    )
    return buffer.getvalue()


def decode(data: bytes) -> NDArray[np.uint8] | None:
    """The picture; None when the bytes are no JPEG 2000."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG2000"]) as opened:
            return np.asarray(opened.convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError):
        return None


def fit(image: NDArray[np.uint8], max_bytes: int) -> bytes | None:
    """The longest codestream of at most `max_bytes`; None when not even the shortest fits."""
    found: bytes | None = None
    # The rate control ends a little beside what it is asked for, on either side of it.
    low, high, asked = 0.9 * max_bytes, 1.1 * max_bytes, float(max_bytes)
    for _ in range(TRIES):
        data = encode(image, max(asked, 1.0))
        if len(data) > max_bytes:
            high = asked
        else:
            low = asked
            if found is None or len(data) > len(found):
                found = data
            if max_bytes - len(found) <= SPARE * max_bytes:
                break
        asked = 0.5 * (low + high)
    if found is None and len(data := encode(image, max(0.5 * max_bytes, 1.0))) <= max_bytes:
        return data
    return found
