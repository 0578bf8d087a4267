"""Burst detection in two steps: the preamble's repetition, then its sequence.

The preamble repeats a sequence p of N samples with signs s_k. First its repetition is looked for,
whatever the carrier offset and the channel (Schmidl and Cox, "Robust frequency and timing
synchronization for OFDM", 1997; with signs: Minn, Bhargava and Letaief, 2003). With

    P_k[n] = sum over m < N of r[n + kN + m] r*[n + (k-1)N + m],    d_k = s_k s_{k-1},

D[n] = sum_k (d_k - mean d) P_k[n] adds up in phase, and a tone, a direct voltage or coloured noise,
whose P_k are all alike, cancels. |D| over what a noiseless preamble of the same energy gives is
SNR/(1+SNR) in any channel shorter than the prefix; in noise alone it is about 1/N^(1/2).

Where that exceeds the threshold, p itself is looked for: r is multiplied by p* at every delay of
one period, and a Fourier transform shows every carrier offset of whole subcarriers at once. p is
a pseudo-random sequence: a Zadoff-Chu sequence would show a shift in frequency as one in time.
The signs at the delay and offset found give the start and the cover code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform import preamble_search
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.sequences import COVERS, preamble_sequence

# Density over the median one that makes a narrow interferer.
_NARROW = 8.0
# Share of the energy that the sequence must explain: this many standard deviations above noise's.
_SIGNIFICANT = 5.0


@dataclass(frozen=True)
class Detection:
    """A preamble found.

    Attributes:
        start: index of the first sample of the first sequence p (its cyclic prefix precedes it).
        cfo: carrier offset, cycles per sample.
        metric: normalised metric at the peak, 0…1.
        cover: which cover code it has, an index of `sequences.COVERS`.
        level: rms of its samples.
    """

    start: int
    cfo: float
    metric: float
    cover: int = 0
    level: float = 1.0


def without_tones(samples: NDArray[np.complex64], n: int) -> NDArray[np.complex64]:
    """Samples, [..., time], less the bands that are far stronger than the others.

    A narrow interferer repeats itself nearly as a preamble does, and a direct voltage entirely.
    One of a subcarrier's width is cut out of the whole block; the preamble hardly misses it.

    Args:
        n: subcarriers.
    """
    segments = samples.shape[-1] // n
    rows = samples[..., : segments * n].reshape(-1, segments, n)
    narrow = np.empty((len(rows), n), dtype=np.bool_)
    most = preamble_search.loud(scipy.fft.fft(rows, axis=-1), _NARROW, narrow)
    if not 0 < most <= n // 8:
        return samples
    narrow = narrow.reshape(*samples.shape[:-1], n)
    nfft = scipy.fft.next_fast_len(samples.shape[-1])
    band = np.rint(np.arange(nfft) * (n / nfft)).astype(np.int64) % n
    spectrum = scipy.fft.fft(samples, nfft, axis=-1)
    spectrum[narrow[..., band]] = 0
    return scipy.fft.ifft(spectrum, axis=-1, overwrite_x=True)[..., : samples.shape[-1]]


class PreambleDetector:
    """Searches blocks of samples for the preamble.

    Samples are [n], or [antennas, n] of antennas that hear the same burst: what they see is added
    up, and an antenna in a fade takes nothing from the others.
    """

    def __init__(self, cfg: WaveformConfig) -> None:
        self.cfg = cfg
        n = cfg.fft_size
        signs = np.array(COVERS[cfg.preamble_repeats], dtype=np.float32)
        self._differential = signs[:, 1:] * signs[:, :-1]
        self._weights = self._differential - self._differential.mean(axis=1, keepdims=True)
        # What a noiseless preamble of unit power gives.
        self._peak = n * np.sum(self._weights * self._differential, axis=1)
        # The repetition's peak is N samples wide: every fourth start is enough.
        self._grid = 4 if n % 4 == 0 else 2
        self._conjugate = np.conj(preamble_sequence(cfg))
        # Samples after a start that its metric needs, and that the search for the peak needs.
        self.reach = cfg.preamble_repeats * n
        self.lookahead = 2 * self.reach + 4 * n

    def metric(self, samples: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Metric of every `grid`-th start whose preamble lies inside `samples`; [starts]."""
        c, grid = self.cfg, self._grid
        x = np.ascontiguousarray(samples, dtype=np.complex64).reshape(-1, samples.shape[-1])
        starts = (x.shape[1] - self.reach) // grid + 1
        metric = np.empty(starts, dtype=np.float32)
        preamble_search.metric(x, c.fft_size, grid, self._weights / self._peak[:, None], metric)
        return metric

    def find(self, samples: NDArray[np.complex64], starts: int) -> Detection | None:
        """The first preamble that starts within the first `starts` samples, or None.

        `samples` should hold `starts + lookahead` samples (fewer at the end of a stream).
        """
        return next(self.candidates(samples, starts), None)

    def candidates(
        self,
        samples: NDArray[np.complex64],
        starts: int,
        past: int = 0,
        seen: int | None = None,
    ) -> Iterator[Detection]:
        """The preambles that start within the first `starts` samples, in their order.

        Args:
            past: samples at the beginning that have been searched already. With them what is
                left of a preamble that began there is not taken for a new one.
            seen: start of a preamble found before.
        """
        if samples.shape[-1] < self.reach:
            return
        # The metric is a ratio, but its squares must not leave the range of single precision.
        parts = np.ascontiguousarray(samples).view(np.float32)
        peak = max(float(parts.max()), -float(parts.min()))
        if not peak > 0:
            return
        scale = 1.0 if 1e-4 < peak < 1e6 else 1 / peak
        if scale != 1:
            samples = samples * np.float32(scale)
        samples = without_tones(samples, self.cfg.fft_size)
        metric = self.metric(samples)
        grid = self._grid
        if seen is not None:
            self._forget(metric, seen)
        above = np.flatnonzero(metric[: -(-starts // grid)] > self.cfg.threshold)
        at, last = past // grid, past - 1
        while True:
            at = int(np.searchsorted(above, at))
            if at == above.size:
                return
            # The crossing may be a partial overlap; the true peak follows within the preamble.
            first = int(above[at])
            peak = first + int(np.argmax(metric[first : first + self.reach // grid]))
            if metric[peak] <= self.cfg.threshold:
                # What lay here has been looked at meanwhile.
                at = first + 1
                continue
            found = self._verify(samples, peak * grid)
            # The shoulder of a rejected peak may hide a true one.
            at = max(first, peak) + self.cfg.fft_size // 4 // grid
            if found is None:
                continue
            self._forget(metric, found.start)
            known = last < found.start < starts
            at = max(at, (found.start + self.cfg.fft_size // 2) // grid) if known else at
            if known and abs(found.cfo) * self.cfg.fft_size <= self.cfg.cfo_range:
                last = found.start + self.cfg.fft_size // 2
                yield replace(found, level=found.level / scale)

    def _forget(self, metric: NDArray[np.float32], start: int) -> None:
        """Set the metric to 0 where it shows no more than the preamble at `start`.

        A preamble shifted by some of its copies still looks like one. What is stronger stays.
        """
        at, reach = start // self._grid, self.reach // self._grid
        about = metric[max(at - reach, 0) : max(at + reach, 0)]
        peak = metric[max(at - 2, 0) : max(at + 3, 0)]
        if peak.size:
            about[about < 1.1 * peak.max()] = 0

    def _verify(self, samples: NDArray[np.complex64], near: int) -> Detection | None:
        """Look for the sequence about `near`; None where there is only a repetition.

        Of whatever carrier offset it is.
        """
        c, n = self.cfg, self.cfg.fft_size
        repeats, margin = c.preamble_repeats, 3
        first = near - n // 2 - margin * n
        x = np.atleast_2d(_window(samples, first, (repeats + 2 * margin + 1) * n))
        at = margin * n
        fraction = preamble_search.fraction(x, at + n // 2, n, self._weights, self._peak)
        preamble_search.turn(x, fraction / n)
        inside = x[:, at : at + (repeats + 1) * n]
        windows = np.lib.stride_tricks.as_strided(
            inside, (len(x), repeats * n, n), (*inside.strides, inside.strides[1])
        )
        spectra = scipy.fft.fft(windows * self._conjugate, axis=-1, overwrite_x=True)
        k, delay, strength = preamble_search.strongest(spectra, c.cp_len)
        energy = float(np.vdot(inside, inside).real) * repeats / (repeats + 1)
        if strength < _SIGNIFICANT * np.sqrt(c.cp_len / repeats) * energy:
            return None
        cover, shift, offset, metric, energy = preamble_search.copies(
            x, self._conjugate, delay, k, self._differential
        )
        if metric < c.threshold:
            return None
        return Detection(
            start=first + delay + shift * n,
            cfo=(fraction + offset) / n,
            metric=metric,
            cover=cover,
            level=float(np.sqrt(energy / (len(x) * repeats * n))),
        )


def _window(samples: NDArray[np.complex64], first: int, n: int) -> NDArray[np.complex64]:
    """A copy of samples first … first + n - 1, zeros where there are none."""
    part = samples[..., max(first, 0) : max(first + n, 0)]
    before = max(-first, 0)
    after = n - before - part.shape[-1]
    if not before and not after:
        return part.copy()
    return np.pad(part, [(0, 0)] * (part.ndim - 1) + [(before, after)])
