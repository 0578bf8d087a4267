"""Samples that get lost between converter and computer, as at an overflow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Drops:
    """Cuts pieces out of the stream, at exponentially distributed distances.

    Args:
        interval: mean samples between two drops.
        longest: samples of a drop, uniform in 1 ... longest.
        rng: of both.

    Attributes:
        events: drops so far.
        lost: samples lost so far.
    """

    def __init__(self, interval: float, longest: int, rng: np.random.Generator) -> None:
        self._interval, self._longest = float(interval), int(longest)
        self._rng = rng
        self.events = self.lost = 0
        self._keep, self._drop = self._draw()

    def _draw(self) -> tuple[int, int]:
        """Samples to keep until the next drop, and its length."""
        return (
            1 + int(self._rng.exponential(self._interval)),
            int(self._rng.integers(1, self._longest + 1)),
        )

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], less what is dropped."""
        kept, at, n = [], 0, len(samples)
        while at < n:
            if self._keep:
                here = min(self._keep, n - at)
                kept.append(samples[at : at + here])
                self._keep -= here
            else:
                here = min(self._drop, n - at)
                self._drop -= here
                self.lost += here
                if not self._drop:
                    self.events += 1
                    self._keep, self._drop = self._draw()
            at += here
        return np.concatenate(kept) if kept else samples[:0]
