"""Inner loops of the search for the preamble's sequence, compiled; `detect` says what they are for.

Samples are [antennas, time], N is the length of the sequence, R the number of its copies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled
from gensc_phy.waveform.median import upper_median


@compiled("void(float32[::1], int64)")
def sliding_sum(x: NDArray[np.float32], n: int) -> None:
    """Sums of n neighbours into x[0] …; what is behind the last sum is workspace.

    Adds powers of two: unlike a difference of running totals it has no memory, so that a loud
    moment leaves no rounding errors in the quiet ones after it.
    """
    size = x.size - n + 1
    total = np.zeros(size, dtype=np.float32)
    at, width, valid = 0, 1, x.size
    while True:
        if n & width:
            for i in range(size):
                total[i] += x[at + i]
            at += width
        if 2 * width > n:
            break
        valid -= width
        for i in range(valid):
            x[i] += x[i + width]
        width *= 2
    x[:size] = total


@compiled("void(complex64[:, ::1], int64, int64, float32[:, ::1], float32[::1])")
def metric(
    x: NDArray[np.complex64],
    n: int,
    grid: int,
    weights: NDArray[np.float32],
    best: NDArray[np.float32],
) -> None:
    """Repetition of every `grid`-th start, 1 for a noiseless preamble, into `best`.

    Args:
        weights: of the products of successive copies over what they sum up to without noise, for
            every cover code, [covers, R - 1].
    """
    coarse, steps, lags = x.shape[1] // grid, n // grid, weights.shape[1]
    real = np.zeros(coarse - steps, dtype=np.float32)
    imag = np.zeros(coarse - steps, dtype=np.float32)
    energy = np.zeros(coarse, dtype=np.float32)
    for a in range(x.shape[0]):
        for j in range(coarse):
            for i in range(j * grid, (j + 1) * grid):
                energy[j] += x[a, i].real * x[a, i].real + x[a, i].imag * x[a, i].imag
        for j in range(coarse - steps):
            for i in range(j * grid, (j + 1) * grid):
                p, q = x[a, i], x[a, i + n]
                real[j] += p.real * q.real + p.imag * q.imag
                imag[j] += p.real * q.imag - p.imag * q.real
    sliding_sum(real, steps)
    sliding_sum(imag, steps)
    sliding_sum(energy, steps * (lags + 1))
    for at in range(best.size):
        largest = np.float32(0)
        for cover in range(weights.shape[0]):
            d, e = np.float32(0), np.float32(0)
            for lag in range(lags):
                d += weights[cover, lag] * real[at + lag * steps]
                e += weights[cover, lag] * imag[at + lag * steps]
            largest = max(largest, d * d + e * e)
        # Where there is nothing at all there is no preamble either.
        level = energy[at] / np.float32(n * (lags + 1))
        best[at] = np.sqrt(largest) / level if level > 0 else np.float32(0)


@compiled("int64(complex64[:, :, ::1], float64, boolean[:, ::1])")
def loud(spectra: NDArray[np.complex64], factor: float, narrow: NDArray[np.bool_]) -> int:
    """Bands whose mean energy is that many times the median one, into `narrow`.

    Args:
        spectra: of segments of the samples, [antennas, segments, n].
        narrow: comes out, [antennas, n].

    Returns:
        How many bands of an antenna they are at most.
    """
    antennas, segments, n = spectra.shape
    most = 0
    for a in range(antennas):
        density = np.zeros(n)
        for i in range(segments):
            for k in range(n):
                s = spectra[a, i, k]
                density[k] += s.real * s.real + s.imag * s.imag
        limit = factor * upper_median(density.copy(), n)
        for k in range(n):
            narrow[a, k] = density[k] > limit
        most = max(most, narrow[a].sum())
    return most


@compiled("float64(complex64[:, ::1], int64, int64, float32[:, ::1], float32[::1])")
def fraction(
    x: NDArray[np.complex64],
    first: int,
    n: int,
    weights: NDArray[np.float32],
    peak: NDArray[np.float32],
) -> float:
    """Carrier offset within half a subcarrier either way, from the repetition at `first`.

    Args:
        weights: of the products of successive copies, for every cover code, [covers, R - 1].
        peak: what they sum up to without noise, [covers].
    """
    covers, lags = weights.shape
    sums = np.zeros(lags, dtype=np.complex128)
    for a in range(x.shape[0]):
        for k in range(lags):
            for i in range(first + k * n, first + (k + 1) * n):
                sums[k] += x[a, i + n] * np.conj(x[a, i])
    best = 0j
    for cover in range(covers):
        d = 0j
        for k in range(lags):
            d += weights[cover, k] / peak[cover] * sums[k]
        if abs(d) > abs(best):
            best = d
    return np.arctan2(best.imag, best.real) / (2 * np.pi)


@compiled("void(complex64[:, ::1], float64)")
def turn(x: NDArray[np.complex64], cfo: float) -> None:
    """Take an offset, cycles per sample, out of x."""
    step = np.exp(-2j * np.pi * cfo)
    for a in range(x.shape[0]):
        phasor = 1 + 0j
        for i in range(x.shape[1]):
            x[a, i] *= np.complex64(phasor)
            phasor *= step


@compiled("Tuple((int64, int64, float64))(complex64[:, :, ::1], int64)")
def strongest(spectra: NDArray[np.complex64], reach: int) -> tuple[int, int, float]:
    """The offset and delay at which the sequence is strongest.

    Args:
        spectra: of samples times the sequence's conjugate, [antennas, R * N delays, N offsets].
        reach: delays over which a channel may spread.

    Returns:
        Offset and delay, both modulo N, and the energy of the sequence at that offset over all
        delays within reach, less what it is on average: a narrow interferer is as strong at all.
    """
    n = spectra.shape[2]
    power = np.zeros((n, n), dtype=np.float32)
    for a in range(spectra.shape[0]):
        for i in range(spectra.shape[1]):
            row = power[i % n]
            for k in range(n):
                s = spectra[a, i, k]
                row[k] += s.real * s.real + s.imag * s.imag
    spread, largest, mean = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(reach):
        for k in range(n):
            spread[k] += power[i, k]
    for i in range(n):
        for k in range(n):
            largest[k] = max(largest[k], spread[k])
            mean[k] += power[i, k] * reach / n
            spread[k] += power[(i + reach) % n, k] - power[i, k]
    best = int(np.argmax(largest - mean))
    return best, int(np.argmax(power[:, best])), largest[best] - mean[best]


@compiled(
    "Tuple((int64, int64, float64, float64, float64))(complex64[:, ::1], complex64[::1], int64, "
    "int64, float32[:, ::1])"
)
def copies(
    x: NDArray[np.complex64],
    conjugate: NDArray[np.complex64],
    delay: int,
    k: int,
    differential: NDArray[np.float32],
) -> tuple[int, int, float, float, float]:
    """Cover code and start of the preamble whose copies lie at one delay and offset.

    Args:
        conjugate: of the sequence, [N].
        delay: of the strongest path, modulo N.
        k: offset in subcarriers, modulo N.
        differential: products of successive signs, for every cover code, [covers, R - 1].

    Returns:
        Cover code; copies before its first; offset in subcarriers; how well the copies agree over
        all paths; energy of the preamble.
    """
    antennas, n = x.shape[0], conjugate.size
    covers, lags = differential.shape
    count = (x.shape[1] - delay) // n
    reference = np.empty(n, dtype=np.complex128)
    for i in range(n):
        reference[i] = conjugate[i] * np.exp(-2j * np.pi * k * i / n)
    products = np.zeros(count - 1, dtype=np.complex128)
    for a in range(antennas):
        before = 0j
        for copy in range(count):
            c = 0j
            for i in range(n):
                c += x[a, delay + copy * n + i] * reference[i]
            # The turn of whole subcarriers comes back to 0 after every copy.
            if copy:
                products[copy - 1] += c * np.conj(before)
            before = c
    cover, shift, best = 0, 0, 0j
    for code in range(covers):
        for at in range(count - lags):
            d = 0j
            for lag in range(lags):
                d += differential[code, lag] * products[at + lag]
            if abs(d) > abs(best):
                cover, shift, best = code, at, d
    left = np.arctan2(best.imag, best.real) / (2 * np.pi)
    first = delay + shift * n
    # Half a subcarrier off where the first look took a wrong sign: of the three offsets that
    # leaves, the one at which the sequence is strongest.
    offset, most = 0.0, -1.0
    for whole in range(-1, 2):
        tried = (k + n // 2) % n - n // 2 + left + whole
        step, strength = np.exp(-2j * np.pi * tried / n), 0.0
        for a in range(antennas):
            for copy in range(lags + 1):
                c, phasor = 0j, 1 + 0j
                for i in range(n):
                    c += x[a, first + copy * n + i] * conjugate[i] * phasor
                    phasor *= step
                strength += abs(c)
        if strength > most:
            offset, most = tried, strength
    agreement, energy = 0j, 0.0
    for a in range(antennas):
        for copy in range(lags + 1):
            for i in range(first + copy * n, first + (copy + 1) * n):
                energy += x[a, i].real ** 2 + x[a, i].imag ** 2
                if copy < lags:
                    agreement += differential[cover, copy] * x[a, i + n] * np.conj(x[a, i])
    agreement *= np.exp(-2j * np.pi * left)
    return cover, shift, offset, agreement.real / max(energy * lags / (lags + 1), 1e-30), energy
