"""Analog-to-digital converter: quantisation and full scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Converter:
    """Rounds I and Q to `bits` and limits them at full scale (mid-rise steps).

    Args:
        bits: of I and of Q.
        headroom_db: full scale of I and of Q above the rms of a signal of power 1.

    Attributes:
        saturated: samples that were limited so far.
    """

    def __init__(self, bits: int, headroom_db: float) -> None:
        scale = 10 ** (headroom_db / 20)
        self.step = np.float32(scale / 2 ** (bits - 1))
        self._top = np.float32(2 ** (bits - 1) - 0.5)
        self.saturated = 0

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], as the converter gives them."""
        parts = np.ascontiguousarray(samples, dtype=np.complex64).view(np.float32) / self.step
        levels = np.floor(parts) + np.float32(0.5)
        limited = np.clip(levels, -self._top, self._top)
        self.saturated += int(np.any((limited != levels).reshape(-1, 2), axis=1).sum())
        return (limited * self.step).view(np.complex64)
