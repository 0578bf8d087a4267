"""Phase, gain and timing over a burst: residual CFO, sampling offset, slow fading.

After the channel estimate H, symbol m sees Y[m,k] = g_m e^{-j 2 pi k tau_m / N} H[k] X[m,k] + noise
with g_m from residual CFO and fading and tau_m from the sampling clock offset. Known symbols
(training, decoded header, pilots) give both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def _rotation_bins(nfft: int, limit: float) -> NDArray[np.float64]:
    """Angles of the periodogram's bins within the limit, ascending."""
    k = int(np.floor(min(limit, np.pi) / (2 * np.pi) * nfft))
    return np.arange(-k, min(k, nfft // 2 - 1) + 1) * (2 * np.pi / nfft)


def residual_rotation(gains: NDArray[np.complexfloating], limit: float = 1.0) -> float:
    """Rotation per symbol of a noisy phasor sequence, rad: the peak of its periodogram.

    Args:
        gains: [symbols], weighted by their reliability.
        limit: largest rotation considered, rad per symbol.
    """
    nfft = 1 << (8 * len(gains) - 1).bit_length()
    bins = _rotation_bins(nfft, limit)
    half = len(bins) // 2
    spectrum = scipy.fft.fft(gains, nfft)
    near = np.concatenate([spectrum[nfft - half :], spectrum[: len(bins) - half]])
    power = near.real**2 + near.imag**2
    peak = int(np.argmax(power))
    if not 0 < peak < len(bins) - 1:
        return float(bins[peak])
    # Parabola through the peak and its neighbours.
    left, mid, right = (float(p) for p in power[peak - 1 : peak + 2])
    curvature = left - 2 * mid + right
    shift = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return float(bins[peak] + shift * 2 * np.pi / nfft)


@lru_cache(maxsize=256)
def _smoother(n: int, time_constant: float) -> NDArray[np.float32]:
    """Gaussian smoothing as a matrix; used as a ratio, so its rows need no normalisation."""
    distance = np.arange(n)[:, None] - np.arange(n)[None, :]
    return np.exp(-0.5 * (distance / time_constant) ** 2).astype(np.float32)


@dataclass(frozen=True)
class KnownCarriers:
    """The known carriers of a burst: all of the training and header, the pilots of the payload.

    Attributes:
        matched: Y X* H*, [n]; first the training, symbol by symbol, then the pilots.
        weight: |X H|^2 of each, [n].
        symbol: OFDM symbol each belongs to, [n], ascending.
        angle: 2 pi k / N of each one's carrier, [n].
        starts: index of every symbol's first entry, [symbols].
    """

    matched: NDArray[np.complex64]
    weight: NDArray[np.float32]
    symbol: NDArray[np.float32]
    angle: NDArray[np.float32]
    starts: NDArray[np.int64]


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


def track(known: KnownCarriers, time_constant: float) -> Track:
    """Fit gain and timing drift to the known carriers.

    Args:
        known: see KnownCarriers.
        time_constant: standard deviation of the gain's Gaussian smoother, symbols.
    """
    n = len(known.starts)
    smooth = _smoother(n, time_constant)
    energy = smooth @ np.add.reduceat(known.weight, known.starts)
    lever = known.symbol * known.angle
    leverage = max(float(np.sum(known.weight * lever**2)), 1e-30)
    rotation = residual_rotation(np.add.reduceat(known.matched, known.starts))
    spin = np.exp(1j * rotation * np.arange(n)).astype(np.complex64)
    drift = 0.0
    symbol = known.symbol.astype(np.intp)
    derotated = known.matched * np.conj(spin)[symbol]
    aligned = derotated
    for _ in range(2):
        gain = (smooth @ np.add.reduceat(aligned, known.starts)) / energy
        phasor = np.conj(gain) / np.maximum(np.abs(gain) ** 2, 1e-30)
        # Im = -drift * lever * weight: weighted least squares through the first symbol.
        error = (aligned * phasor[symbol]).imag
        drift -= float(np.sum(error * lever)) / leverage
        aligned = derotated * np.exp(1j * np.float32(drift) * lever)
    gain = (smooth @ np.add.reduceat(aligned, known.starts)) / energy * spin
    # Noise gain of the smoother in the middle of the burst.
    row = smooth[n // 2]
    spread = float(np.sum(row**2)) / max(float(np.sum(row)), 1e-30)
    return Track(
        gain=gain.astype(np.complex64),
        drift=drift,
        gain_error=spread / max(float(energy[n // 2]), 1e-30),
    )
