"""Local oscillators: carrier offset and phase noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Oscillator:
    """Turns the samples by the receiver's carrier offset and its phase noise.

    The phase noise is that of a free-running oscillator, a Wiener process: over a time t its phase
    moves by a Gaussian of variance 2 pi linewidth t, and its line has a Lorentzian shape with full
    width `linewidth_hz` at half power (Demir, Mehrotra and Roychowdhury, 2000).

    Args:
        cfo_hz: carrier offset.
        linewidth_hz: of transmitter and receiver together; 0 is none.
        sample_rate: samples per second.
        rng: of the phase noise.
        phase: at the first sample, rad.
    """

    def __init__(
        self,
        cfo_hz: float,
        linewidth_hz: float,
        sample_rate: float,
        rng: np.random.Generator,
        phase: float = 0.0,
    ) -> None:
        self.cfo_hz = float(cfo_hz)
        self._sample_rate = float(sample_rate)
        self._deviation = float(np.sqrt(2 * np.pi * linewidth_hz / sample_rate))
        self._rng = rng
        self._phase = float(phase)

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], turned."""
        turn = np.full(len(samples) + 1, 2 * np.pi * self.cfo_hz / self._sample_rate)
        if self._deviation:
            turn[1:] += self._rng.standard_normal(len(samples)) * self._deviation
        turn[0] = self._phase
        phase = np.cumsum(turn)
        self._phase = float(phase[-1] % (2 * np.pi))
        return samples * np.exp(1j * phase[:-1]).astype(np.complex64)
