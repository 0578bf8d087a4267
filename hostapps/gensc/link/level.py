"""What a stream of samples says of the radio it comes from: level, clipping, DC, IQ balance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

#: From this share of full scale on, I or Q counts as clipped.
CLIPPED_FROM = 0.99


class Level:
    """Sums over a stream; full scale is 1 in I and in Q. Feed it with `add`."""

    def __init__(self) -> None:
        self.samples = self.clipped = 0
        self.peak = 0.0
        self._power = 0.0
        self._sum = 0j
        self._squares = 0j

    def add(self, samples: NDArray[np.complex64]) -> None:
        """The next samples, [n]."""
        if not len(samples):
            return
        parts = np.abs(samples.view(np.float32))
        self.samples += len(samples)
        self.peak = max(self.peak, float(parts.max()))
        if self.peak >= CLIPPED_FROM:
            self.clipped += int((parts.reshape(-1, 2) >= CLIPPED_FROM).any(axis=1).sum())
        self._power += float(np.vdot(samples, samples).real)
        self._sum += complex(samples.sum())
        self._squares += complex(np.dot(samples, samples))

    @property
    def rms_dbfs(self) -> float:
        """Mean power against full scale; -inf for silence."""
        return _db(self._power / max(1, self.samples))

    @property
    def peak_dbfs(self) -> float:
        """Largest I or Q against full scale."""
        return 2 * _db(self.peak)

    @property
    def dc_dbc(self) -> float:
        """Power of the mean against that of all."""
        if not self._power:
            return -math.inf
        return _db(abs(self._sum) ** 2 / self.samples / self._power)

    @property
    def image_dbc(self) -> float:
        """Power of the mirror image against the signal's, as far as the signal itself is circular.

        Of y = mu x + nu x*, E y^2 = 2 mu nu E|x|^2: half of |E y^2| / E|y|^2 is about |nu / mu|.
        """
        if not self._power:
            return -math.inf
        mean = self._sum / self.samples
        power = self._power / self.samples - abs(mean) ** 2
        squares = self._squares / self.samples - mean**2
        return 2 * _db(abs(squares) / 2 / power) if power > 0 else -math.inf

    def report(self) -> dict[str, float | int | None]:
        """For JSON: infinities are null."""
        told = {
            "rms_dbfs": self.rms_dbfs, "peak_dbfs": self.peak_dbfs, "dc_dbc": self.dc_dbc,
            "image_dbc": self.image_dbc,
        }  # fmt: skip
        return {
            **{k: round(v, 2) if math.isfinite(v) else None for k, v in told.items()},
            "clipped": self.clipped,
        }


def _db(ratio: float) -> float:
    """10 log10 of it; -inf of nothing."""
    return 10 * math.log10(ratio) if ratio > 0 else -math.inf
