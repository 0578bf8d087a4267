"""What a receiver sees of the samples themselves: when they came, and their spectrum."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.link.level import Level
from gensc.receiver.bus import MOST_BINS
from gnuradio import gr

#: Calls of the scheduler whose times are remembered.
_REMEMBERED = 4096
#: Pieces of `MOST_BINS` samples that a spectrum is averaged over.
_PIECES = 16
_FLOOR = 1e-12


class SampleProbe(gr.sync_block):
    """Passes samples on, and remembers when they came and what the last of them looked like.

    Attributes:
        level: of all samples.
    """

    def __init__(self) -> None:
        gr.sync_block.__init__(self, "sample_probe", [np.complex64], [np.complex64])
        self.level = Level()
        self._lock = threading.Lock()
        self._passed: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._latest: NDArray[np.complex64] = np.zeros(0, np.complex64)

    def work(self, input_items: list[Any], output_items: list[Any]) -> int:
        """Pass on what there is."""
        samples = input_items[0]
        output_items[0][:] = samples
        self.level.add(samples)
        with self._lock:
            self._passed.append((self.level.samples, time.perf_counter()))
            if len(samples) >= MOST_BINS:
                self._latest = samples[-_PIECES * MOST_BINS :].copy()
        return len(samples)

    def came_at(self, sample: int) -> float | None:
        """When a sample (counted from 0) passed, `time.perf_counter` s; None: long forgotten."""
        with self._lock:
            at = bisect_left(self._passed, (sample + 1, 0.0))
            if at == len(self._passed) or (at == 0 and len(self._passed) == _REMEMBERED):
                return None
            return self._passed[at][1]

    def spectrum_db(self) -> NDArray[np.float64] | None:
        """Power density of the latest samples, lowest frequency first, [MOST_BINS] in dB against
        full scale; None before there were enough.
        """
        with self._lock:
            latest, self._latest = self._latest, np.zeros(0, np.complex64)
        pieces = latest.size // MOST_BINS
        if not pieces:
            return None
        shaped = latest[-pieces * MOST_BINS :].reshape(pieces, MOST_BINS)
        window = np.hanning(MOST_BINS)
        bins = np.fft.fft(shaped * window, axis=1)
        power = np.mean(np.abs(bins) ** 2, axis=0) / float(np.sum(window**2)) / MOST_BINS
        return np.asarray(10 * np.log10(np.fft.fftshift(power) + _FLOOR))
