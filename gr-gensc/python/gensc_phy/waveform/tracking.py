"""Phase, gain and timing over a burst: residual CFO, sampling offset, slow fading.

After the channel estimate H, symbol m sees Y[m,k] = g_m e^{-j theta_k tau m} H[k] X[m,k] + noise,
theta_k = 2 pi k / N, with g_m from residual CFO and fading, and the drift tau from the sampling
clock offset. Known symbols (training, decoded header, pilots) give both.
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
    nfft = 1 << (4 * len(gains) - 1).bit_length()
    bins = _rotation_bins(nfft, limit)
    half = len(bins) // 2
    spectrum = scipy.fft.fft(gains, nfft)
    near = np.concatenate([spectrum[nfft - half :], spectrum[: len(bins) - half]])
    power = near.real**2 + near.imag**2
    peak = int(power.argmax())
    if not 0 < peak < len(bins) - 1:
        return float(bins[peak])
    # Parabola through the peak and its neighbours.
    left, mid, right = power[peak - 1 : peak + 2].tolist()
    curvature = left - 2 * mid + right
    shift = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return float(bins[peak]) + shift * 2 * np.pi / nfft


@lru_cache(maxsize=256)
def _smoother(n: int, time_constant: float) -> NDArray[np.float32]:
    """Gaussian smoothing as a matrix; used as a ratio, so its rows need no normalisation."""
    distance = np.arange(n)[:, None] - np.arange(n)[None, :]
    return np.exp(-0.5 * (distance / time_constant) ** 2).astype(np.float32)


def _times(matrix: NDArray[np.float32], z: NDArray[np.complexfloating]) -> NDArray[np.complex64]:
    """Real matrix times complex vector, without NumPy turning the matrix into a complex one."""
    pairs = np.ascontiguousarray(z, dtype=np.complex64).view(np.float32).reshape(-1, 2)
    return (matrix @ pairs).view(np.complex64)[:, 0]


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
    # einsum, not @: BLAS wakes its threads for a product of this size and is slower by far.
    energy = np.maximum(np.einsum("ij,j->i", smooth, known.w), 1e-30)
    spin = np.exp(1j * residual_rotation(known.z[:, 0]) * m).astype(np.complex64)
    z0, z1, z2 = np.ascontiguousarray((known.z * np.conj(spin)[:, None]).T)
    leverage = max(float(m**2 @ known.leverage), 1e-30)
    drift, aligned, first = 0.0, z0, z1
    # The first estimate is a little short, as the drift itself blurs the gain it starts from.
    for _ in range(2):
        gain = _times(smooth, aligned) / energy
        # Im = -theta^2 m drift w: weighted least squares through the first symbol.
        drift -= float(m @ (first / np.where(gain == 0, 1, gain)).imag) / leverage
        turn = np.complex64(1j * drift) * m
        bent = turn * z2
        first = z1 + bent
        aligned = z0 + turn * (z1 + np.float32(0.5) * bent)
    gain = _times(smooth, aligned) / energy * spin
    # Noise gain of the smoother in the middle of the burst.
    row = smooth[n // 2]
    spread = float(row @ row) / max(float(row.sum()), 1e-30)
    return Track(
        gain=gain.astype(np.complex64),
        drift=drift,
        gain_error=spread / float(energy[n // 2]),
    )


def drift_ramp(
    drift: float, first: int, count: int, theta: NDArray[np.floating]
) -> NDArray[np.complex64]:
    """e^{j theta drift m} for symbols m = first … first + count - 1; [count, carriers].

    A product of two short tables: the exponential of the whole grid costs more than the FFT.
    """
    step = 8
    coarse = first + np.arange(0, max(count, 1), step)[:, None]
    fine = np.arange(step)[:, None]
    a = np.exp(1j * drift * coarse * theta).astype(np.complex64)
    b = np.exp(1j * drift * fine * theta).astype(np.complex64)
    return (a[:, None, :] * b[None, :, :]).reshape(-1, len(theta))[:count]
