"""Phase, gain and timing over a burst: residual CFO, sampling offset, slow fading.

After the channel estimate H, symbol m sees Y[m,k] = g_m e^{-j theta_k tau m} H[k] X[m,k] + noise,
theta_k = 2 pi k / N, with g_m from residual CFO and fading, and the drift tau from the sampling
clock offset. Known symbols (training, decoded header, pilots) give both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled

# Time constants beyond which a Gaussian weight is nothing.
_REACH = 5.0


@compiled("float64(complex64[::1], float64)")
def periodogram_peak(gains: NDArray[np.complex64], limit: float) -> float:
    """Angle at which the periodogram is largest, by a parabola through the largest bins."""
    n, nfft = gains.size, 1
    while nfft < 4 * n:
        nfft *= 2
    half = min(int(min(limit, np.pi) / (2 * np.pi) * nfft), nfft // 2 - 1)
    size = 2 * half + 1
    real, imag = np.zeros(size), np.zeros(size)
    cos, sin, c, s = np.ones(size), np.zeros(size), np.empty(size), np.empty(size)
    for b in range(size):
        c[b], s[b] = np.cos(2 * np.pi * (b - half) / nfft), -np.sin(2 * np.pi * (b - half) / nfft)
    for m in range(n):
        x, y = np.float64(gains[m].real), np.float64(gains[m].imag)
        for b in range(size):
            real[b] += x * cos[b] - y * sin[b]
            imag[b] += x * sin[b] + y * cos[b]
            cos[b], sin[b] = cos[b] * c[b] - sin[b] * s[b], cos[b] * s[b] + sin[b] * c[b]
    power = real**2 + imag**2
    peak = int(np.argmax(power))
    at = float(peak - half)
    if 0 < peak < size - 1:
        left, mid, right = power[peak - 1], power[peak], power[peak + 1]
        if left - 2 * mid + right < 0:
            at += 0.5 * (left - right) / (left - 2 * mid + right)
    return at * 2 * np.pi / nfft


def residual_rotation(gains: NDArray[np.complexfloating], limit: float = 1.0) -> float:
    """Rotation per symbol of a noisy phasor sequence, rad: the peak of its periodogram.

    Args:
        gains: [symbols], weighted by their reliability.
        limit: largest rotation considered, rad per symbol.
    """
    return float(periodogram_peak(np.ascontiguousarray(gains, dtype=np.complex64), limit))


@lru_cache(maxsize=256)
def _smoother(n: int, time_constant: float) -> NDArray[np.float32]:
    """Gaussian smoothing as a matrix; used as a ratio, so its rows need no normalisation."""
    distance = np.arange(n)[:, None] - np.arange(n)[None, :]
    weight = np.exp(-0.5 * (distance / time_constant) ** 2)
    # Numbers too small for single precision are slow.
    return np.where(np.abs(distance) <= _REACH * time_constant, weight, 0).astype(np.float32)


@compiled("void(float32[:, ::1], int64, complex64[::1], float32[::1], complex64[::1])")
def _smoothed(
    smooth: NDArray[np.float32],
    reach: int,
    z: NDArray[np.complex64],
    energy: NDArray[np.float32],
    gain: NDArray[np.complex64],
) -> None:
    """The smoother's mean of z over that of `energy`, into `gain`; all [symbols].

    Args:
        reach: symbols to either side that have a weight.
    """
    gain[:] = 0
    for j in range(z.size):
        for i in range(max(0, j - reach), min(z.size, j + reach + 1)):
            gain[i] += smooth[j, i] * z[j]
    for i in range(z.size):
        gain[i] *= 1 / energy[i]


@compiled(
    "float64(float32[:, ::1], int64, complex64[:, ::1], float32[::1], float64, complex64[::1])"
)
def _drift(
    smooth: NDArray[np.float32],
    reach: int,
    z: NDArray[np.complex64],
    energy: NDArray[np.float32],
    leverage: float,
    gain: NDArray[np.complex64],
) -> float:
    """Timing drift that moments `z` [symbols, 3] show; the gain without it into `gain`."""
    n = len(z)
    drift = 0.0
    aligned, first = z[:, 0].copy(), z[:, 1].copy()
    # The first estimate is a little short, as the drift itself blurs the gain it starts from.
    for _ in range(2):
        _smoothed(smooth, reach, aligned, energy, gain)
        # Im = -theta^2 m drift w: weighted least squares through the first symbol.
        for m in range(n):
            g = gain[m]
            power = g.real * g.real + g.imag * g.imag
            if power > 0:
                drift -= m * (first[m] * np.conj(g)).imag / (power * leverage)
        for m in range(n):
            turn = np.complex64(1j * drift * m)
            bent = turn * z[m, 2]
            first[m] = z[m, 1] + bent
            aligned[m] = z[m, 0] + turn * (z[m, 1] + np.float32(0.5) * bent)
    _smoothed(smooth, reach, aligned, energy, gain)
    return drift


@dataclass(frozen=True)
class Moments:
    """Known carriers of every symbol, reduced to what the fit needs.

    With z = Y X* H* and w = |X H|^2, sums over the known carriers k of each symbol:

    Attributes:
        z: [symbols, 3], the sums of z, theta z and theta^2 z.
        w: [symbols], the sums of w.
        leverage: [symbols], the sums of theta^2 w.
    """

    z: NDArray[np.complex64]
    w: NDArray[np.float32]
    leverage: NDArray[np.float32]

    @staticmethod
    def basis(theta: NDArray[np.floating]) -> NDArray[np.float32]:
        """[carriers, 3]: multiply z by it to get its moments."""
        return np.stack([np.ones_like(theta), theta, theta**2], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Track:
    """What `track` found.

    Attributes:
        gain: complex gain of every symbol relative to the channel estimate, [symbols].
        drift: timing drift, samples per symbol.
        gain_error: variance of the gain's estimate over the noise variance per carrier.
    """

    gain: NDArray[np.complex64]
    drift: float
    gain_error: float


def track(known: Moments, time_constant: float) -> Track:
    """Fit gain and timing drift to the known carriers.

    The ramp e^{j theta tau m} that undoes the drift is expanded to second order, which holds for
    the fractions of a sample that a burst drifts by.

    Args:
        known: see Moments.
        time_constant: standard deviation of the gain's Gaussian smoother, symbols.
    """
    n = len(known.w)
    m = np.arange(n, dtype=np.float32)
    smooth = _smoother(n, time_constant)
    energy = np.maximum(smooth @ known.w, 1e-30)
    spin = np.exp(1j * residual_rotation(known.z[:, 0]) * m).astype(np.complex64)
    leverage = max(float(m**2 @ known.leverage), 1e-30)
    gain = np.empty(n, dtype=np.complex64)
    straight = np.ascontiguousarray(known.z * np.conj(spin)[:, None], dtype=np.complex64)
    drift = _drift(smooth, math.ceil(_REACH * time_constant), straight, energy, leverage, gain)
    gain *= spin
    # Noise gain of the smoother in the middle of the burst.
    row = smooth[n // 2]
    spread = float(row @ row) / max(float(row.sum()), 1e-30)
    return Track(
        gain=gain,
        drift=drift,
        gain_error=spread / float(energy[n // 2]),
    )


@compiled("void(float64, int64, float64[::1], complex64[:, ::1])")
def _ramp(
    drift: float, first: int, theta: NDArray[np.float64], ramp: NDArray[np.complex64]
) -> None:
    """What `drift_ramp` does, into `ramp`."""
    phasor = np.empty(theta.size, dtype=np.complex128)
    step = np.empty(theta.size, dtype=np.complex128)
    for k in range(theta.size):
        phasor[k] = np.exp(1j * theta[k] * drift * first)
        step[k] = np.exp(1j * theta[k] * drift)
    for m in range(len(ramp)):
        for k in range(theta.size):
            ramp[m, k] = phasor[k]
            phasor[k] *= step[k]


def drift_ramp(
    drift: float, first: int, count: int, theta: NDArray[np.floating]
) -> NDArray[np.complex64]:
    """e^{j theta drift m} for symbols m = first … first + count - 1; [count, carriers]."""
    ramp = np.empty((count, len(theta)), dtype=np.complex64)
    if count:
        _ramp(drift, first, theta.astype(np.float64), ramp)
    return ramp
