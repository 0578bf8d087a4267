"""Sums over the cells of a burst, symbols times carriers, each in one compiled pass.

A cell is received as y = e^{j phase} h x + noise, with x as sent (0 where that is not known) and
a noise variance of its own. All arrays are [symbols, occupied] where nothing else is said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled

_TINY = np.float32(1e-30)


@compiled(
    "float64(complex64[:, ::1], complex64[:, ::1], float32[:, ::1], float32[:, ::1], "
    "complex64[:, ::1])"
)
def observe(
    received: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    variance: NDArray[np.float32],
    information: NDArray[np.float32],
    matched: NDArray[np.complex64],
) -> float:
    """|x|^2 over the variance into `information`, x* y over it into `matched`; sum of the first."""
    total = 0.0
    for m in range(sent.shape[0]):
        for k in range(sent.shape[1]):
            x = sent[m, k]
            information[m, k] = matched[m, k] = 0
            if x != 0:
                scale = 1 / variance[m, k]
                information[m, k] = (x.real * x.real + x.imag * x.imag) * scale
                matched[m, k] = np.conj(x * scale) * received[m, k]
                total += information[m, k]
    return total


@compiled("float64(complex64[:, ::1], float32[:, ::1], complex64[::1])")
def average(
    h: NDArray[np.complex64], error: NDArray[np.float32], mean: NDArray[np.complex64]
) -> float:
    """The mean channel of every carrier into `mean` [occupied]; mean of |h|^2 - error.

    Args:
        error: variance of h, which its power is too large by.
    """
    n, occupied = h.shape
    real, imag, energy = np.zeros(occupied), np.zeros(occupied), np.zeros(occupied)
    for m in range(n):
        for k in range(occupied):
            x, y = h[m, k].real, h[m, k].imag
            real[k] += x
            imag[k] += y
            energy[k] += x * x + y * y - error[m, k]
    for k in range(occupied):
        mean[k] = complex(real[k] / n, imag[k] / n)
    return energy.sum() / (n * occupied)


@compiled("UniTuple(float64, 3)(complex64[:, ::1], complex64[:, ::1], float32[:, ::1])")
def powers(
    received: NDArray[np.complex64], sent: NDArray[np.complex64], variance: NDArray[np.float32]
) -> tuple[float, float, float]:
    """Of the known cells the sums of |y|^2, of the noise variance, and of |x|^2."""
    power, noise, known = 0.0, 0.0, 0.0
    for m in range(sent.shape[0]):
        for k in range(sent.shape[1]):
            x = sent[m, k]
            if x != 0:
                y = received[m, k]
                power += y.real * y.real + y.imag * y.imag
                noise += variance[m, k]
                known += x.real * x.real + x.imag * x.imag
    return power, noise, known


@compiled(
    "void(complex64[:, ::1], float32[:, ::1], complex64[:, ::1], complex64[::1], float32[::1])"
)
def behind(
    matched: NDArray[np.complex64],
    information: NDArray[np.float32],
    h: NDArray[np.complex64],
    z: NDArray[np.complex64],
    energy: NDArray[np.float32],
) -> None:
    """Of every symbol the sums of `matched` h* into `z`, and of `information` |h|^2 into `energy`.

    A channel [1, occupied] is that of all symbols.
    """
    for m in range(matched.shape[0]):
        at = m if h.shape[0] > 1 else 0
        total, weight = np.complex64(0), np.float32(0)
        for k in range(matched.shape[1]):
            if information[m, k] != 0:
                g = h[at, k]
                total += matched[m, k] * np.conj(g)
                weight += information[m, k] * (g.real * g.real + g.imag * g.imag)
        z[m], energy[m] = total, weight


@compiled(
    "float64(complex64[:, ::1], complex64[:, ::1], complex64[:, ::1], float32[:, ::1], "
    "float32[:, ::1], float32[:, ::1], float32[:, ::1])"
)
def misfits(
    received: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    h: NDArray[np.complex64],
    error: NDArray[np.float32],
    variance: NDArray[np.float32],
    residual: NDArray[np.float32],
    count: NDArray[np.float32],
) -> float:
    """|y - h x|^2 of the known cells into `residual`, their degrees of freedom into `count`.

    Args:
        error: variance of h. A cell that h was fitted to shows less than its noise.

    Returns:
        Mean of |y|^2 of the known cells.
    """
    power, known = 0.0, 0
    for m in range(sent.shape[0]):
        for k in range(sent.shape[1]):
            x = sent[m, k]
            if x == 0:
                residual[m, k] = count[m, k] = 0
                continue
            y = received[m, k]
            left = y - x * h[m, k]
            residual[m, k] = left.real * left.real + left.imag * left.imag
            leverage = error[m, k] * (x.real * x.real + x.imag * x.imag) / variance[m, k]
            count[m, k] = 1 - min(leverage, np.float32(0.9))
            power += y.real * y.real + y.imag * y.imag
            known += 1
    return power / max(known, 1)


@compiled(
    "void(complex64[:, ::1], complex64[:, ::1], complex64[:, ::1], float32[:, ::1], float32[::1], "
    "float64, int64, float64[::1])"
)
def surprise(
    received: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    h: NDArray[np.complex64],
    error: NDArray[np.float32],
    noise: NDArray[np.float32],
    model: float,
    first: int,
    mean: NDArray[np.float64],
) -> None:
    """Mean of |y - h x|^2 over its expectation in the known cells of every symbol from `first` on.

    Args:
        error: variance of h.
        noise: variance of every carrier, [occupied].
        model: share of |h|^2 that is no surprise either.
        mean: comes out, [symbols - first]; 0 where nothing is known.
    """
    for m in range(first, sent.shape[0]):
        total, known = 0.0, 0
        for k in range(sent.shape[1]):
            x = sent[m, k]
            if x != 0:
                g = h[m, k]
                left = received[m, k] - x * g
                expected = noise[k] + error[m, k] + model * (g.real * g.real + g.imag * g.imag)
                total += (left.real * left.real + left.imag * left.imag) / expected
                known += 1
        mean[m - first] = total / max(known, 1)


@compiled(
    "void(complex64[:, ::1], complex64[:, ::1], float32[:, ::1], int64[:, ::1], int64, "
    "complex64[:, ::1], float32[:, ::1])"
)
def undo(
    received: NDArray[np.complex64],
    h: NDArray[np.complex64],
    variance: NDArray[np.float32],
    data: NDArray[np.int64],
    first: int,
    symbols: NDArray[np.complex64],
    noise: NDArray[np.float32],
) -> None:
    """The cells at `data` [rows, n], of symbols from `first` on, over h; the same of variances.

    Args:
        variance: of all that is wrong with the cells.
        symbols, noise: what comes out, [rows, n].
    """
    for m in range(data.shape[0]):
        for i in range(data.shape[1]):
            k = data[m, i]
            g = h[first + m, k]
            scale = 1 / max(g.real * g.real + g.imag * g.imag, _TINY)
            symbols[m, i] = received[first + m, k] * np.conj(g * scale)
            noise[m, i] = variance[first + m, k] * scale


@compiled(
    "void(complex64[:, ::1], complex64[:, ::1], float32[::1], float32[::1], int64, "
    "complex64[:, ::1], float32[:, ::1])"
)
def drift_moments(
    received: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    variance: NDArray[np.float32],
    theta: NDArray[np.float32],
    n_train: int,
    z: NDArray[np.complex64],
    w: NDArray[np.float32],
) -> None:
    """Sums of `tracking.Moments` behind the mean channel of the first `n_train` symbols.

    Args:
        variance: of every carrier, [occupied].
        theta: radians per sample of delay, [occupied].
        z: sums of y (h x)* over the variance times 1, theta, theta^2; [symbols, 3].
        w: sums of |h x|^2 over the variance times 1 and theta^2; [symbols, 2].
    """
    n, occupied = sent.shape
    h, energy = np.zeros(occupied, dtype=np.complex64), np.zeros(occupied, dtype=np.float32)
    for m in range(n_train):
        for k in range(occupied):
            x = sent[m, k]
            h[k] += np.conj(x) * received[m, k]
            energy[k] += x.real * x.real + x.imag * x.imag
    for k in range(occupied):
        h[k] *= 1 / max(energy[k], _TINY)
    for m in range(n):
        z[m] = 0
        w[m] = 0
        for k in range(occupied):
            if sent[m, k] != 0:
                x = h[k] * sent[m, k]
                scale = 1 / variance[k]
                matched = received[m, k] * np.conj(x * scale)
                weight = (x.real * x.real + x.imag * x.imag) * scale
                z[m, 0] += matched
                z[m, 1] += theta[k] * matched
                z[m, 2] += theta[k] * theta[k] * matched
                w[m, 0] += weight
                w[m, 1] += theta[k] * theta[k] * weight
