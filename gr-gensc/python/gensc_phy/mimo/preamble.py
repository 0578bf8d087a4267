"""Burst detection with several antennas."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.detect import PreambleDetector


class ArrayPreambleDetector(PreambleDetector):
    """Adds correlation and energy of all antennas up; samples are [antennas, n].

    D of every antenna has the angle of the carrier offset, so they add in phase: an antenna in a
    fade, or a user nobody hears, takes nothing from the metric of the others.
    """

    def _energy(self, samples: NDArray[np.complex64]) -> NDArray[np.float64]:
        return np.sum([PreambleDetector._energy(self, x) for x in samples], axis=0)

    def _differences(self, samples: NDArray[np.complex64]) -> Iterator[NDArray[np.complex64]]:
        for antennas in zip(
            *(PreambleDetector._differences(self, x) for x in samples), strict=True
        ):
            yield np.sum(antennas, axis=0)
