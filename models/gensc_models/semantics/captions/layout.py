"""Captions that need no model: the layout, sizes and colours of an image's areas in words.

They name no objects, but they say what GenED-SC (section IV-D) asks of a caption: the tone of the
scene, the main areas with number, colour, size and place, how they stand to each other, and the
background.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gensc_models.semantics.captions.colours import colour_name
from gensc_models.semantics.captions.regions import Region, find_regions
from gensc_models.semantics.captions.shorten import shorten

BYTES = 200
"""Longest caption: 894 symbols of 16-QAM 1/2; those of GenED-SC have 426 on average."""
# Of all the border, for a second area of the background.
SECOND_BACKGROUND = 0.2
LARGE, SMALL = 0.15, 0.05
DARK, BRIGHT = 30.0, 70.0
NUMBERS = ("", "", "two", "three", "four", "five", "six", "seven", "eight")


class LayoutCaptioner:
    """Describes the layout of an image; deterministic, a tenth of a second.

    Parameters
    ----------
    limit
        Most bytes of UTF-8 in a caption; the last sentences are left out until it fits.
    """

    name = "layout"

    def __init__(self, limit: int = BYTES) -> None:
        self.limit = limit

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """Sentences about uint8 ``H x W x 3``, the most important first; ``path`` is not read."""
        return shorten(" ".join(describe(find_regions(image))), self.limit)


def describe(regions: Sequence[Region]) -> list[str]:
    """Sentences about the areas of an image, largest first."""
    by_border = sorted(regions, key=lambda region: -region.border)
    background = [by_border[0], *(r for r in by_border[1:2] if r.border >= SECOND_BACKGROUND)]
    objects = [r for r in regions if all(r is not other for other in background)]
    first = f"A {_tone(regions)}scene, {_background(background)}."
    return [first, *_objects(objects)]


def _tone(regions: Sequence[Region]) -> str:
    total = sum(region.share for region in regions)
    lightness = sum(region.share * region.lab[0] for region in regions) / total
    return "dark " if lightness < DARK else "bright " if lightness > BRIGHT else ""


def _background(parts: list[Region]) -> str:
    names = [colour_name(part.lab) for part in parts]
    if len(set(names)) == 1:
        return f"the background {names[0]}"
    (name, other), (one, two) = names, parts
    return f"the background {name} {_place(one)} and {other} {_place(two)}"


def _objects(objects: Sequence[Region]) -> list[str]:
    """One sentence for the areas of each colour and size, in order of their first."""
    groups: dict[tuple[str, str], list[Region]] = {}
    for region in objects:
        groups.setdefault((_size(region), colour_name(region.lab)), []).append(region)
    return [_sentence(size, colour, areas, objects[0]) for (size, colour), areas in groups.items()]


def _sentence(size: str, colour: str, areas: list[Region], main: Region) -> str:
    kind = f"{size} {colour}".strip()
    if len(areas) > 1:
        places = list(dict.fromkeys(_place(area) for area in areas))
        number = NUMBERS[len(areas)] if len(areas) < len(NUMBERS) else "many"
        return f"{number.capitalize()} {kind} areas {_listed(places)}."
    (area,) = areas
    article = "An" if kind[0] in "aeiou" else "A"
    beside = _relation(area, main) if area is not main and _place(area) == _place(main) else ""
    return f"{article} {kind} area {_place(area)}{beside}."


def _size(region: Region) -> str:
    return "large" if region.share >= LARGE else "small" if region.share < SMALL else ""


def _place(region: Region) -> str:
    vertical = ("top", "", "bottom")[min(int(3 * region.row), 2)]
    horizontal = ("left", "", "right")[min(int(3 * region.column), 2)]
    where = f"{vertical} {horizontal}".strip()
    return f"at the {where}" if where else "in the centre"


def _relation(region: Region, main: Region) -> str:
    """How an area stands to the main one, where both are in the same part of the image."""
    down, right = region.row - main.row, region.column - main.column
    if abs(down) >= abs(right):
        return ", below the first" if down > 0 else ", above the first"
    return ", right of the first" if right > 0 else ", left of the first"


def _listed(places: list[str]) -> str:
    return places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"
