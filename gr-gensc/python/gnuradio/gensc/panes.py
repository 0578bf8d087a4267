"""Panes that show one image together: what was sent, received, refined, edited.

The stages of a flowgraph take their time, each its own. Panes that each showed what came last would
show different images. Here a group shows the newest image that all of its panes have.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from .metadata import ImageKey, Metadata

Image = NDArray[np.uint8]
Show = Callable[[Metadata, Image, float | None], None]
"""Shows an image; the number is its PSNR in dB, None where the original is not known."""
HELD_BYTES = 1 << 26
"""Pixels that a pane holds for the others at most."""
PATIENCE = 64
"""Images after which a pane that has had none of them is not waited for."""


@dataclass(eq=False)
class Pane:
    """One of a group: shows what `Panes` tells it, from any thread.

    Attributes:
        show: called with each image that is to be seen.
        original: whether its images are those that the others are measured against.
    """

    show: Show
    original: bool = False

    def __post_init__(self) -> None:
        self.held: OrderedDict[ImageKey, tuple[Metadata, Image]] = OrderedDict()
        self.latest = -1  # number of the newest image it has had

    def hold(self, metadata: Metadata, image: Image, number: int) -> None:
        """Keep an image until it is shown or outdated."""
        self.held[metadata.key] = metadata, image
        self.latest = max(self.latest, number)
        while len(self.held) > 2 and sum(i.nbytes for _, i in self.held.values()) > HELD_BYTES:
            self.held.popitem(last=False)


class Panes:
    """A group; see `group`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._panes: list[Pane] = []
        self._numbers: OrderedDict[ImageKey, int] = OrderedDict()  # in order of first arrival
        self._count = 0
        self._shown = -1

    def join(self, pane: Pane) -> None:
        """Add a pane."""
        with self._lock:
            self._panes.append(pane)

    def put(self, pane: Pane, metadata: Metadata, image: Image) -> None:
        """A pane has got an image; all show theirs of the newest that all have."""
        with self._lock:
            number = self._numbers.get(metadata.key)
            if number is None:
                number = self._numbers[metadata.key] = self._count
                self._count += 1
                while len(self._numbers) > 16 * PATIENCE:
                    self._numbers.popitem(last=False)
            pane.hold(metadata, image, number)
            waited_for = [p for p in self._panes if p.latest > self._count - 1 - PATIENCE]
            for key in reversed(pane.held):
                if self._numbers.get(key, -1) <= self._shown:
                    continue
                if all(key in p.held for p in waited_for):
                    self._show(key)
                    return

    def _show(self, key: ImageKey) -> None:
        self._shown = self._numbers[key]
        originals = [p.held[key][1] for p in self._panes if p.original and key in p.held]
        original = originals[0] if originals else None
        for pane in self._panes:
            if key in pane.held:
                metadata, image = pane.held[key]
                # Pictures of a mask have the key of their image, too, and no quality.
                quality = None
                if original is not None and metadata.fragments_received is not None:
                    quality = psnr_db(original, image)
                pane.show(metadata, image, quality)
            for old in [k for k in pane.held if self._numbers.get(k, -1) <= self._shown]:
                del pane.held[old]


def psnr_db(original: Image, image: Image) -> float | None:
    """PSNR over all pixels and colours, in dB; None where the sizes differ, inf where none is."""
    if original.shape != image.shape:
        return None
    mse = float(np.mean((original.astype(np.float32) - image.astype(np.float32)) ** 2))
    return float(10 * np.log10(255.0**2 / mse)) if mse else float("inf")


_groups: WeakValueDictionary[str, Panes] = WeakValueDictionary()
_making = threading.Lock()


def group(name: str) -> Panes:
    """The group of that name in this process, as long as it has panes; "" is one of its own."""
    with _making:
        found = _groups.get(name) if name else None
        if found is None:
            found = Panes()
            if name:
                _groups[name] = found
        return found
