"""Small pictures for reports: error maps, constellations, and images as data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc_models.restore.inpainting import keep_of_blocks
from gensc_models.semantics.overlays import colour_map, mask_overlay


def error_map(
    original: NDArray[np.uint8], received: NDArray[np.uint8], full_scale: float = 64.0
) -> NDArray[np.uint8]:
    """Absolute error, largest of the three colours, as a heat map; uint8 H×W×3.

    Args:
        original, received: uint8 H×W×3.
        full_scale: error in grey levels that is shown brightest.
    """
    error = np.abs(original.astype(np.float32) - received.astype(np.float32)).max(axis=2)
    index = np.clip(error * (255.0 / full_scale), 0, 255).astype(np.uint8)
    return colour_map("inferno")[index]


def mask_picture(image: NDArray[np.uint8], blocks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """An image whose blocks of 16×16 pixels outside a mask are grey and dark; uint8 H×W×3.

    Args:
        image: uint8 H×W×3.
        blocks: bool, one per block.
    """
    inside = keep_of_blocks(blocks, *image.shape[:2])
    return mask_overlay(image, inside)


def constellation(
    symbols: NDArray[np.complex64], side: int = 144, reach: float = 2.4
) -> NDArray[np.uint8]:
    """Density of received symbols in the complex plane, ±`reach`, as a heat map side×side×3.

    The brightness is logarithmic, so that single symbols are seen beside a dense cluster.
    """
    plane = [[-reach, reach], [-reach, reach]]
    density, _, _ = np.histogram2d(symbols.imag, symbols.real, bins=side, range=plane)
    # Each symbol is drawn as a small blob: single pixels vanish when the picture is scaled.
    blob = density.copy()
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        blob += 0.5 * np.roll(density, shift, axis)
    level = np.log1p(blob)
    top = level.max() or 1.0
    picture = colour_map("viridis")[np.round(255 * level / top).astype(np.uint8)].copy()
    picture[level == 0] = (12, 14, 26)
    middle = side // 2
    picture[middle, ::3] = picture[::3, middle] = (70, 76, 100)
    return picture[::-1]


def data_uri(image: NDArray[np.uint8], quality: int = 90) -> str:
    """An image as a WebP data URI for an <img>; `quality` 100 is lossless."""
    buffer = io.BytesIO()
    lossless = quality >= 100
    Image.fromarray(image).save(buffer, "WEBP", quality=quality, lossless=lossless)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
