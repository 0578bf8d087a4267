"""Originals that received images are held against: which one it is, the picture itself says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.data.images import load_image
from gensc.data.named import Found, find, open_all
from gensc.results.quality import score

#: Side of the thumbnails that are compared, and how alike two of the same picture at least are.
_SIDE, _ALIKE = 16, 0.6


@dataclass(frozen=True)
class Match:
    """A received image and its original.

    Attributes:
        name: of the original, see `gensc.data.named.Found`.
        path: of it, as `gensc.data.images.load_image` takes it.
        metrics, reasons: as from `gensc.results.quality.score`.
    """

    name: str
    path: str
    metrics: dict[str, float]
    reasons: dict[str, str]


class References:
    """Pictures by their content; whatever was sent under whatever number is found again.

    Args:
        paths: files, folders or ``skimage:NAME``.
        say: told a line of each that cannot be opened.

    Raises:
        UserError: none that can be opened.
    """

    def __init__(
        self, paths: Sequence[str], say: Callable[[str], None] = lambda line: None
    ) -> None:
        def opened(one: Found) -> tuple[Found, NDArray[np.float64]]:
            return one, _thumbnail(load_image(one.path))

        self._thumbnails = open_all(find(paths), opened, say)

    def match(self, image: NDArray[np.uint8]) -> Match | None:
        """The original that is most alike, and the metrics; None where none is.

        A sender may have scaled it down: the original is scaled as `--max-side` would.

        Args:
            image: as received, uint8 H×W×3.
        """
        received = _thumbnail(image)
        alike = [
            (float(np.mean(received * sent)), one)
            for one, sent in self._thumbnails
            if _scaled(one.path, max(image.shape[:2])).shape == image.shape
        ]
        likeness, best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
        if best is None or likeness < _ALIKE:
            return None
        original = _scaled(best.path, max(image.shape[:2]))
        metrics, reasons = score(original, image, effort="fidelity")
        return Match(best.name, best.path, metrics, reasons)


@lru_cache(maxsize=64)
def _scaled(path: str, max_side: int) -> NDArray[np.uint8]:
    return load_image(path, max_side)


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A small grey picture of mean 0 and mean square 1; [_SIDE, _SIDE]."""
    grey = Image.fromarray(image).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float64)
    values = values - values.mean()
    return values / max(float(values.std()), 1e-9)
