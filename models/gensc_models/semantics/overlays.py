"""Maps and masks laid over the image they belong to."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@lru_cache(maxsize=4)
def colour_map(name: str) -> NDArray[np.uint8]:
    """A matplotlib colour map as a 256x3 table."""
    from matplotlib import colormaps

    return np.round(255 * colormaps[name](np.linspace(0, 1, 256))[:, :3]).astype(np.uint8)


def heat_overlay(
    image: NDArray[np.uint8],
    values: NDArray[np.floating],
    strength: float = 0.55,
    scale: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """An image in grey with a map over it, from blue (the least) to red (the most).

    Parameters
    ----------
    image : uint8 ``H x W x 3``.
    values : map of any size, stretched to the image.
    strength : share of the map's colours, 0 ... 1.
    scale : values that are shown bluest and reddest; those of the map where None.
    """
    low, high = scale or (float(values.min()), float(values.max()))
    unit = ((values - low) / ((high - low) or 1.0)).clip(0.0, 1.0)
    height, width = image.shape[:2]
    whole = Image.fromarray(unit.astype(np.float32)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    heat = colour_map("turbo")[np.round(255 * np.asarray(whole)).astype(np.uint8)]
    return np.round((1 - strength) * _grey(image) + strength * heat).astype(np.uint8)


def mask_overlay(
    image: NDArray[np.uint8], inside: NDArray[np.bool_], light: float = 0.3
) -> NDArray[np.uint8]:
    """An image whose outside is grey and dark.

    Parameters
    ----------
    image : uint8 ``H x W x 3``.
    inside : bool ``H x W``, what is shown as it is.
    light : what is left of the brightness outside, 0 ... 1.
    """
    dark = np.round(light * _grey(image)).astype(np.uint8)
    return np.where(inside[..., None], image, dark)


def blanked(image: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """An image, uint8 ``H x W x 3``, that is white outside a mask, bool ``H x W``."""
    return np.where(inside[..., None], image, np.uint8(255))


def outline(
    image: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    thickness: int = 2,
    colour: tuple[int, int, int] = (255, 220, 0),
) -> NDArray[np.uint8]:
    """An image with a line along the border of a mask.

    Parameters
    ----------
    image : uint8 ``H x W x 3``.
    inside : bool ``H x W``.
    thickness : of the line on either side of the border, pixels.
    colour : of the line.
    """
    from scipy.ndimage import binary_dilation, binary_erosion

    border = binary_dilation(inside, iterations=thickness) & ~binary_erosion(
        inside, iterations=thickness, border_value=1
    )
    return np.where(border[..., None], np.array(colour, np.uint8), image)


def _grey(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(image).convert("L"), dtype=np.float32)[..., None]
