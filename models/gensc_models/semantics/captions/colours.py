"""Names of colours in plain English."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

# What people call by each name, 8-bit sRGB. Photographs are duller than paint boxes.
PROTOTYPES: dict[str, tuple[int, int, int]] = {
    "black": (12, 12, 12),
    "dark grey": (65, 65, 65),
    "grey": (125, 125, 125),
    "light grey": (185, 185, 185),
    "white": (240, 240, 240),
    "red": (195, 40, 40),
    "dark red": (105, 25, 30),
    "orange": (225, 115, 40),
    "brown": (135, 90, 55),
    "dark brown": (70, 45, 30),
    "beige": (205, 180, 145),
    "yellow": (230, 205, 70),
    "olive": (115, 110, 55),
    "green": (80, 140, 65),
    "dark green": (40, 70, 40),
    "light green": (160, 200, 130),
    "turquoise": (70, 170, 170),
    "blue": (40, 65, 190),
    "dark blue": (30, 40, 85),
    "light blue": (150, 185, 220),
    "purple": (125, 60, 140),
    "pink": (220, 150, 165),
}
_WEIGHTS = np.array([0.6, 1.0, 1.0])
_NAMES = list(PROTOTYPES)
_LAB = rgb2lab(np.array([list(PROTOTYPES.values())], np.uint8))[0]


def colour_name(lab: NDArray[np.floating]) -> str:
    """The name nearest to a CIELAB colour ``[3]``; lightness counts less than hue."""
    return _NAMES[int(np.argmin(np.square((_LAB - lab) * _WEIGHTS).sum(axis=1)))]
