"""Other people's signals: a narrowband interferer and impulses."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from gensc_phy.channel.impairments import complex_noise


class Interferer:
    """Adds a narrowband signal: a tone, or Gaussian noise in a band; always on, or in bursts.

    Args:
        level_db: power while it is on, against a signal power of 1.
        offset_hz: its centre.
        bandwidth_hz: between its half-power points; 0 is a tone.
        sample_rate: samples per second.
        rng: of its signal and of its bursts.
        duty: share of the time it is on.
        burst_s: mean length of its bursts, which is exponentially distributed as its pauses are.
    """

    def __init__(
        self,
        level_db: float,
        offset_hz: float,
        bandwidth_hz: float,
        sample_rate: float,
        rng: np.random.Generator,
        duty: float = 1.0,
        burst_s: float = 1e-3,
    ) -> None:
        self._amplitude = 10 ** (level_db / 20)
        self._turn = 2 * np.pi * offset_hz / sample_rate
        self._rng, self._switch = rng.spawn(2)
        self._duty = duty
        self._means = (burst_s * sample_rate, burst_s * sample_rate * (1 / duty - 1))
        self._phase = float(self._rng.uniform(0, 2 * np.pi))
        self._on = bool(self._switch.random() < duty)
        self._left = self._length()
        self._filter: NDArray[np.float64] | None = None
        if bandwidth_hz:
            # Half the bandwidth on each side, as a share of half the sample rate.
            edge = min(bandwidth_hz / sample_rate, 0.99)
            self._filter = scipy.signal.butter(4, edge, output="sos")
            self._state = np.zeros((len(self._filter), 2), dtype=np.complex128)
            # White noise of variance 1 leaves with the share of the band that passes.
            _, response = scipy.signal.sosfreqz(self._filter, 1 << 14, whole=True)
            self._amplitude /= float(np.sqrt(np.mean(np.abs(response) ** 2)))

    def _length(self) -> int:
        if self._duty >= 1:
            return 1 << 62
        return 1 + int(self._switch.exponential(self._means[0 if self._on else 1]))

    def _gate(self, n: int) -> NDArray[np.float32] | float:
        """1 where the interferer is on, [n]."""
        if self._duty >= 1:
            return 1.0
        gate, at = np.empty(n, dtype=np.float32), 0
        while at < n:
            here = min(n - at, self._left)
            gate[at : at + here] = self._on
            at, self._left = at + here, self._left - here
            if not self._left:
                self._on = not self._on
                self._left = self._length()
        return gate

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], with the interferer."""
        n = len(samples)
        carrier = np.exp(1j * (self._phase + self._turn * np.arange(n)))
        self._phase = float((self._phase + self._turn * n) % (2 * np.pi))
        if self._filter is not None:
            noise = complex_noise(n, 1.0, self._rng)
            shaped, self._state = scipy.signal.sosfilt(self._filter, noise, zi=self._state)
            carrier = carrier * shaped
        return samples + (self._amplitude * self._gate(n) * carrier).astype(np.complex64)


class Impulses:
    """Adds impulsive noise: single samples hit at random (Bernoulli-Gaussian).

    Args:
        rate: probability that a sample is hit.
        level_db: mean power of a hit, against a signal power of 1.
        rng: of times and amplitudes.
    """

    def __init__(self, rate: float, level_db: float, rng: np.random.Generator) -> None:
        self._rate = float(rate)
        self._power = 10 ** (level_db / 10)
        # Two streams of numbers: amplitudes then do not depend on how the samples are cut.
        self._times, self._amplitudes = rng.spawn(2)

    def process(self, samples: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The next samples of the stream, [n], with impulses."""
        hit = np.flatnonzero(self._times.random(len(samples)) < self._rate)
        out = samples.copy()
        out[hit] += complex_noise(len(hit), self._power, self._amplitudes)
        return out
