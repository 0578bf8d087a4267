"""Photos without end, in a folder that a transmitter watches."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

#: Files that stay: what was lost on its way is sent again from them.
KEPT = 64
#: A photo that nobody has taken for so many seconds holds up the next one no more.
PATIENCE_S = 15.0

Photo = tuple[str, NDArray[np.uint8]]
"""Its name, and uint8 H×W×3."""


class Outbox:
    """Puts the next photo into the folder whenever it is time to and not too many wait.

    The same photo comes again and again, but never the same file: each carries its number, so that
    a queue that knows files by their content takes every one of them.

    Args:
        folder: there already.
        photos: take turns.
        interval_s: between two of them, at least.
        waiting: how many have been put there and not been taken up to now.
        most_waiting: no further ones are put beside so many.
    """

    def __init__(
        self,
        folder: Path,
        photos: Sequence[Photo],
        interval_s: float,
        waiting: Callable[[int], int],
        most_waiting: int = 2,
    ) -> None:
        self.folder, self._photos = folder, photos
        self._interval_s, self._waiting, self._most = interval_s, waiting, most_waiting
        self.written = 0
        self._files: deque[Path] = deque()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-outbox", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Put no more there."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def put(self) -> Path:
        """The next photo as a file that is there as a whole."""
        name, image = self._photos[self.written % len(self._photos)]
        facts = PngImagePlugin.PngInfo()
        facts.add_text("Number", str(self.written))
        path = self.folder / f"{name}-{self.written:05d}.png"
        part = path.with_suffix(".part")
        Image.fromarray(image).save(part, "PNG", pnginfo=facts)
        part.rename(path)
        self.written += 1
        self._files.append(path)
        while len(self._files) > KEPT:
            self._files.popleft().unlink(missing_ok=True)
        return path

    def _run(self) -> None:
        put_at = -PATIENCE_S
        while True:
            patient = time.monotonic() - put_at < PATIENCE_S
            if self._waiting(self.written) < self._most or not patient:
                self.put()
                put_at = time.monotonic()
            if self._closing.wait(self._interval_s):
                return
