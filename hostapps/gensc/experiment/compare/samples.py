"""Received images that the report shows, kept in the folder so that a resumed run has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
from PIL import Image

from gensc.experiment.grid import Outcome
from gensc_phy.atomic import atomic_file

FOLDER = "pictures"
Place = tuple[str, str, str]
"""Picture, scheme and channel."""


class Samples:
    """Images by picture, scheme and channel; of several settings of a scheme the best one."""

    def __init__(self, out: Path | None) -> None:
        self.folder = None if out is None else out / FOLDER
        self.images: dict[Place, np.ndarray] = {}
        self._quality: dict[Place, float] = {}
        for path in sorted(self.folder.glob("*.png")) if self.folder else ():
            place = tuple(unquote(part) for part in path.stem.split(" "))
            with Image.open(path) as opened:
                self.images[place] = np.asarray(opened.convert("RGB"))  # type: ignore[index]

    def add(self, outcome: Outcome) -> None:
        """Take an image that is better than the one there."""
        point = outcome.point
        place: Any = (outcome.picture.name, point.scheme, point.channel)
        quality = next(iter(outcome.metrics.values()), 0.0)
        image = outcome.received.image
        if image is None or quality < self._quality.get(place, -np.inf):
            return
        self._quality[place], self.images[place] = quality, image
        if self.folder is not None:
            self.folder.mkdir(exist_ok=True)
            name = " ".join(quote(part, safe="") for part in place)
            with atomic_file(self.folder / f"{name}.png") as file:
                Image.fromarray(image).save(file, "PNG")
