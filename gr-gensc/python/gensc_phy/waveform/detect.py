"""Burst detection: normalised differential correlation with the preamble.

Let c[n] be the correlation of the input with one preamble sequence p. The preamble repeats p with
signs s_k, so

    D[n] = sum_k s_k s_{k-1} c[n + kN] c*[n + (k-1)N]

adds up in phase whatever the carrier offset, its angle *is* the offset, and the sign products (a
Barker code) keep partial overlaps at 1/3 of the peak. The metric |D| / ((R-1)/R N E), with E the
energy under the preamble, is SNR/(1+SNR) for a flat channel and 1/(N sqrt(R-1)) for noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.sequences import COVER, preamble_sequence


@dataclass(frozen=True)
class Detection:
    """A preamble found.

    Attributes:
        start: index of the first sample of the first sequence p (its cyclic prefix precedes it).
        cfo: carrier offset, cycles per sample.
        metric: normalised metric at the peak, 0…1.
    """

    start: int
    cfo: float
    metric: float


class PreambleDetector:
    """Searches blocks of samples for the preamble."""

    def __init__(self, cfg: WaveformConfig) -> None:
        self.cfg = cfg
        n = cfg.fft_size
        self._signs = np.array(COVER[cfg.preamble_repeats], dtype=np.float32)
        self._differential = self._signs[1:] * self._signs[:-1]
        # One correlator covers +-half a subcarrier; the others are its copies a subcarrier apart.
        reach = int(np.ceil(max(0.0, cfg.cfo_range - 0.5)))
        self._offsets = [float(k) / n for k in sorted(range(-reach, reach + 1), key=abs)]
        self._templates = [
            preamble_sequence(cfg) * np.exp(2j * np.pi * f * np.arange(n)).astype(np.complex64)
            for f in self._offsets
        ]
        self._spectra: dict[int, list[NDArray[np.complex64]]] = {}
        # Samples after a start that its metric needs, and that the search for the peak needs.
        self.reach = cfg.preamble_repeats * n
        self.lookahead = self.reach + cfg.preamble_repeats * n

    def _correlators(self, nfft: int) -> list[NDArray[np.complex64]]:
        if nfft not in self._spectra:
            self._spectra[nfft] = [
                np.conj(scipy.fft.fft(t, nfft)).astype(np.complex64) for t in self._templates
            ]
        return self._spectra[nfft]

    def metric(
        self, samples: NDArray[np.complex64]
    ) -> tuple[NDArray[np.float32], NDArray[np.complex64], float]:
        """Metric and D of every start whose preamble lies inside `samples`.

        Returns:
            metric [m], D [m] with m = len(samples) - reach + 1, and the frequency offset (cycles
            per sample) of the correlator that saw the strongest peak.
        """
        n, repeats = self.cfg.fft_size, self.cfg.preamble_repeats
        scale = (repeats / ((repeats - 1) * n) / self._energy(samples)).astype(np.float32)
        best: tuple[NDArray[np.float32], NDArray[np.complex64], float] | None = None
        for offset, d in zip(self._offsets, self._differences(samples), strict=True):
            metric = np.abs(d) * scale
            if best is None or metric.max() > best[0].max():
                best = (metric, d, offset)
        assert best is not None
        return best

    def _energy(self, samples: NDArray[np.complex64]) -> NDArray[np.float64]:
        """Energy E under the preamble of every start; [m]."""
        power = np.empty(len(samples) + 1, dtype=np.float64)
        power[0] = 0.0
        np.cumsum(samples.real**2 + samples.imag**2, dtype=np.float64, out=power[1:])
        energy = power[self.reach :] - power[: -self.reach]
        # The floor keeps rounding noise of the FFT in digital silence from being normalised to 1.
        energy += 1e-4 * self.reach * (power[-1] / len(samples)) + 1e-30
        return energy

    def _differences(self, samples: NDArray[np.complex64]) -> Iterator[NDArray[np.complex64]]:
        """D of every start, [m], as each correlator sees it."""
        n = self.cfg.fft_size
        m = len(samples) - self.reach + 1
        nfft = scipy.fft.next_fast_len(len(samples))
        spectrum = scipy.fft.fft(samples, nfft)
        for correlator in self._correlators(nfft):
            c = scipy.fft.ifft(spectrum * correlator, nfft)[: m + self.reach - n]
            product = c[n:] * np.conj(c[:-n])
            d = np.zeros(m, dtype=np.complex64)
            for k, sign in enumerate(self._differential):
                d += sign * product[k * n : k * n + m]
            yield d

    def find(self, samples: NDArray[np.complex64], starts: int) -> Detection | None:
        """The first preamble that starts within the first `starts` samples, or None.

        `samples` should hold `starts + lookahead` samples (fewer at the end of a stream).
        """
        if samples.shape[-1] < self.reach:
            return None
        metric, d, offset = self.metric(samples)
        above = np.flatnonzero(metric[:starts] > self.cfg.threshold)
        if not above.size:
            return None
        first = int(above[0])
        # The crossing may be a partial overlap; the true peak follows within the preamble.
        peak = first + int(np.argmax(metric[first : first + self.reach]))
        residual = float(np.angle(d[peak])) / (2 * np.pi * self.cfg.fft_size)
        return Detection(start=peak, cfo=offset + residual, metric=float(metric[peak]))
