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


def sliding_sum(x: NDArray, n: int) -> NDArray:
    """Sums of n neighbours along the last axis, [..., len - n + 1].

    Adds powers of two: unlike a difference of running totals it has no memory, so that a loud
    moment leaves no rounding errors in the quiet ones after it.
    """
    size = x.shape[-1] - n + 1
    total: NDArray | None = None
    at, width, part = 0, 1, x
    while True:
        if n & width:
            piece = part[..., at : at + size]
            total = piece if total is None else total + piece
            at += width
        # The highest bit of n has been added: there is a total.
        if total is not None and 2 * width > n:
            return total
        part = part[..., :-width] + part[..., width:]
        width *= 2


def without_tones(samples: NDArray[np.complex64], n: int) -> NDArray[np.complex64]:
    """Samples, [..., time], less the bands that are far stronger than the others.

    A narrow interferer repeats itself nearly as a preamble does, and a direct voltage entirely.
    One of a subcarrier's width is cut out of the whole block; the preamble hardly misses it.

    Args:
        n: subcarriers.
    """
    segments = samples.shape[-1] // n
    rows = samples[..., : segments * n].reshape(*samples.shape[:-1], segments, n)
    spectra = scipy.fft.fft(rows, axis=-1)
    density = np.mean(spectra.real**2 + spectra.imag**2, axis=-2)
    narrow = density > _NARROW * np.partition(density, n // 2, axis=-1)[..., n // 2, None]
    if not narrow.any() or narrow.sum(axis=-1).max() > n // 8:
        return samples
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
        steps, lags = c.fft_size // grid, c.preamble_repeats - 1
        samples = samples[..., : samples.shape[-1] // grid * grid]
        product = np.conj(samples[..., : -c.fft_size])
        product *= samples[..., c.fft_size :]
        power = np.square(np.ascontiguousarray(samples).view(np.float32))
        sums = sliding_sum(_coarse(product, grid), steps)
        energy = sliding_sum(_coarse(power, 2 * grid), steps * c.preamble_repeats)
        starts = len(sums) - (lags - 1) * steps
        parts = [sums[k * steps : k * steps + starts] for k in range(lags)]
        best = np.zeros(starts, dtype=np.float32)
        for weights, peak in zip(self._weights, self._peak, strict=True):
            d = sum(np.float32(w / peak) * part for w, part in zip(weights, parts, strict=True))
            np.maximum(best, d.real**2 + d.imag**2, out=best)
        mean = energy[:starts] / np.float32(self.reach)
        # Where there is nothing at all there is no preamble either.
        return np.sqrt(best) / np.where(mean > 0, mean, np.inf)

    def find(self, samples: NDArray[np.complex64], starts: int, past: int = 0) -> Detection | None:
        """The first preamble that starts within the first `starts` samples, or None.

        `samples` should hold `starts + lookahead` samples (fewer at the end of a stream).

        Args:
            past: samples at the beginning that have been searched already. With them what is
                left of a preamble that began there is not taken for a new one.
        """
        return next(self.candidates(samples, starts, past), None)

    def candidates(
        self, samples: NDArray[np.complex64], starts: int, past: int = 0
    ) -> Iterator[Detection]:
        """The preambles that start within the first `starts` samples, in their order."""
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
        above = np.flatnonzero(metric[: -(-starts // grid)] > self.cfg.threshold)
        at, last = past // grid, past - 1
        while True:
            at = int(np.searchsorted(above, at))
            if at == above.size:
                return
            # The crossing may be a partial overlap; the true peak follows within the preamble.
            first = int(above[at])
            peak = first + int(np.argmax(metric[first : first + self.reach // grid]))
            found = self._verify(samples, peak * grid)
            if found is not None and last < found.start < starts:
                last = found.start + self.reach // 2
                yield replace(found, level=found.level / scale)
            # The shoulder of a rejected peak may hide a true one.
            at = max(first, peak) + self.cfg.fft_size // 4 // grid
            if found is not None:
                at = max(at, (found.start + self.cfg.fft_size) // grid)

    def _verify(self, samples: NDArray[np.complex64], near: int) -> Detection | None:
        """Look for the sequence about `near`; None where there is only a repetition."""
        c, n = self.cfg, self.cfg.fft_size
        repeats, margin = c.preamble_repeats, 3
        first = near - n // 2 - margin * n
        x = np.atleast_2d(_window(samples, first, (repeats + 2 * margin + 1) * n))
        fraction = self._fraction(x[:, margin * n + n // 2 :])
        x = x * np.exp(-2j * np.pi * fraction / n * np.arange(x.shape[1])).astype(np.complex64)
        inside = x[:, margin * n : (margin + repeats + 1) * n]
        windows = np.lib.stride_tricks.sliding_window_view(inside, n, axis=-1)
        windows = windows[:, : repeats * n]
        # [antennas, repeats * delays, offsets]
        spectra = scipy.fft.fft(windows * self._conjugate, axis=-1, overwrite_x=True)
        power = (spectra.real**2 + spectra.imag**2).reshape(-1, n, n).sum(axis=0)
        energy = float(np.sum(inside.real**2 + inside.imag**2)) * repeats / (repeats + 1)
        spread = sliding_sum(np.concatenate([power, power[: c.cp_len - 1]]).T, c.cp_len)
        # A narrow interferer is as strong at all delays, the sequence only at its own.
        shares = (spread.max(axis=1) - spread.mean(axis=1)) / (n * energy)  # [offsets]
        k = int(shares.argmax())
        if shares[k] < _SIGNIFICANT * np.sqrt(c.cp_len / repeats) / n:
            return None
        return self._signs(x, int(power[:, k].argmax()), first, fraction, k)

    def _fraction(self, x: NDArray[np.complex64]) -> float:
        """Carrier offset within half a subcarrier either way, from the repetition at x[:, 0]."""
        n, lags = self.cfg.fft_size, self.cfg.preamble_repeats - 1
        product = x[:, n : (lags + 1) * n] * np.conj(x[:, : lags * n])
        sums = product.reshape(len(x), lags, n).sum(axis=(0, 2))
        d = self._weights @ sums
        return float(np.angle(d[np.abs(d / self._peak).argmax()])) / (2 * np.pi)

    def _signs(
        self, x: NDArray[np.complex64], delay: int, first: int, fraction: float, k: int
    ) -> Detection | None:
        """Start, cover code and offset from the sequence's copies at one delay and offset.

        Args:
            x: samples from `first` on, less `fraction` subcarriers.
            delay: of the strongest path, modulo N.
            k: offset in subcarriers, modulo N.
        """
        n, repeats = self.cfg.fft_size, self.cfg.preamble_repeats
        turn = np.exp(-2j * np.pi * k / n * np.arange(n)).astype(np.complex64)
        copies = (x.shape[1] - delay) // n
        segments = x[:, delay : delay + copies * n].reshape(len(x), copies, n)
        c = segments @ (self._conjugate * turn)
        # The turn of whole subcarriers comes back to 0 after every copy.
        products = (c[:, 1:] * np.conj(c[:, :-1])).sum(axis=0)
        d = np.array([np.correlate(products, row, "valid") for row in self._differential])
        cover, shift = np.unravel_index(int(np.abs(d).argmax()), d.shape)
        # Half a subcarrier off where the first look took a wrong sign: of the three offsets that
        # leaves, the one at which the sequence is strongest.
        fraction_left = float(np.angle(d[cover, shift])) / (2 * np.pi)
        mine = segments[:, shift : shift + repeats]
        offsets = fraction_left + np.array([-1.0, 0.0, 1.0]) + (k + n // 2) % n - n // 2
        tables = np.exp(-2j * np.pi / n * np.outer(np.arange(n), offsets)).astype(np.complex64)
        strength = np.abs(mine @ (self._conjugate[:, None] * tables)).sum(axis=(0, 1))
        cfo = fraction + float(offsets[int(strength.argmax())])
        # How well the copies agree, over all paths.
        lag = np.exp(-2j * np.pi * fraction_left) * np.sum(
            mine[:, 1:] * np.conj(mine[:, :-1]), axis=(0, 2)
        )
        energy = float(np.sum(mine.real**2 + mine.imag**2))
        metric = float(np.real(self._differential[cover] @ lag)) / (
            energy * (repeats - 1) / repeats
        )
        if abs(cfo) > self.cfg.cfo_range or metric < self.cfg.threshold:
            return None
        return Detection(
            start=first + delay + int(shift) * n,
            cfo=cfo / n,
            metric=metric,
            cover=int(cover),
            level=float(np.sqrt(energy / mine.size)),
        )


def _coarse(x: NDArray, grid: int) -> NDArray:
    """Sums of `grid` neighbours, and over the leading axes; [len / grid]."""
    sums = x.reshape(*x.shape[:-1], -1, grid) @ np.ones(grid, dtype=x.dtype)
    return sums if sums.ndim == 1 else sums.reshape(-1, sums.shape[-1]).sum(axis=0)


def _window(samples: NDArray[np.complex64], first: int, n: int) -> NDArray[np.complex64]:
    """Samples first … first + n - 1, zeros where there are none."""
    part = samples[..., max(first, 0) : max(first + n, 0)]
    before = max(-first, 0)
    after = n - before - part.shape[-1]
    if not before and not after:
        return part
    return np.pad(part, [(0, 0)] * (part.ndim - 1) + [(before, after)])
