"""The phase that all carriers of a symbol share: oscillator noise, followed symbol by symbol.

The phase of a free-running oscillator is a Wiener process: over one symbol it takes a Gaussian step
of variance q. With the phase of every symbol observed in noise of variance r, the most likely path
is the solution of a tridiagonal system (the Rauch-Tung-Striebel smoother in one piece), and the
steps observed have a covariance that the sine transform diagonalises: q and r come from their
likelihood (for oscillator noise in OFDM see Petrovic, Rave and Fettweis, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from gensc_phy.compiled import compiled
from gensc_phy.waveform.median import upper_median

# Step variances tried, over the variance of the observations.
_STEPS = np.concatenate([[0.0], 10.0 ** np.arange(-3.5, 2.6, 0.4)])
# Variances of the observations tried, over what the noise alone explains.
_SPREADS = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
# Log-likelihood by which steps must be better than none.
_PLAUSIBLE = 3.0


# Standard deviations by which slow waves must be stronger than noise makes them.
_NOTICEABLE = 2.0


@lru_cache(maxsize=256)
def _waves(n: int) -> NDArray[np.float64]:
    """Spectrum of the steps of white noise of unit variance, [n - 1]."""
    return 2 - 2 * np.cos(np.pi * np.arange(1, n) / n)


@lru_cache(maxsize=256)
def _sines(n: int) -> NDArray[np.float64]:
    """The orthonormal sine transform of n - 1 steps, [n - 1, n - 1]."""
    k = np.arange(1, n)
    return np.sqrt(2 / n) * np.sin(np.pi / n * np.outer(k, k))


@compiled(
    "UniTuple(float64, 2)(complex64[::1], float32[::1], float64[:, ::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1])"
)
def _observe(
    matched: NDArray[np.complex64],
    information: NDArray[np.float32],
    sines: NDArray[np.float64],
    waves: NDArray[np.float64],
    observed: NDArray[np.float64],
    noise: NDArray[np.float64],
    steps: NDArray[np.float64],
) -> tuple[float, float]:
    """What the phases look like.

    Args:
        matched, information: as of `follow`.
        sines, waves: see `_sines` and `_waves`.
        observed: phases without whole turns, comes out, [n].
        noise: their variances, comes out, [n].
        steps: spectrum of their steps, comes out, [n - 1].

    Returns:
        The typical variance, and by how many standard deviations the slow waves are stronger than
        noise makes them.
    """
    n = matched.size
    jumps = np.empty(n - 1)
    for m in range(n):
        observed[m] = np.arctan2(matched[m].imag, matched[m].real)
        noise[m] = 0.5 / max(float(information[m]), 1e-6)
        if m:
            jump = observed[m] - observed[m - 1]
            jumps[m - 1] = jump - 2 * np.pi * np.rint(jump / (2 * np.pi))
            observed[m] = observed[m - 1] + jumps[m - 1]
    typical = upper_median(noise.copy(), n)
    floor, fast = 0.0, n - 1 - n // 2
    for i in range(n - 1):
        total = 0.0
        for j in range(n - 1):
            total += sines[i, j] * jumps[j]
        steps[i] = total**2
        if i >= n // 2:
            floor += steps[i] / waves[i] / fast
    excess, variance = 0.0, 0.0
    # Steps show in the slow waves, where noise alone leaves nothing: the score test of q = 0.
    for i in range(n // 4):
        excess += (steps[i] / max(typical, floor) / waves[i] - 1) / waves[i]
        variance += 2 / waves[i] ** 2
    return typical, excess / np.sqrt(variance)


@dataclass(frozen=True)
class Phase:
    """What `follow` found.

    Attributes:
        angle: of every symbol, rad, [symbols]; all 0 where it does not move.
        variance: of the angle's error, rad^2.
        score: logarithm of what such a path is worth against all others (its prior density
            times the volume of the posterior); 0 where the phase does not move.
    """

    angle: NDArray[np.float32]
    variance: float
    score: float


def follow(matched: NDArray[np.complex64], information: NDArray[np.float32]) -> Phase:
    """Most likely phase of every symbol.

    Args:
        matched: sum over the known carriers of Y (H X)* over the noise variance, [symbols].
        information: sum of |H X|^2 over the noise variance, [symbols]; positive.
    """
    n = len(matched)
    still = Phase(np.zeros(n, dtype=np.float32), 0.0, 0.0)
    if n < 4:
        return still
    waves = _waves(n)
    observed, noise, steps = np.empty(n), np.empty(n), np.empty(n - 1)
    typical, statistic = _observe(matched, information, _sines(n), waves, observed, noise, steps)
    if statistic < _NOTICEABLE:
        return still
    # [spreads, steps, n - 1]
    r = typical * _SPREADS[:, None, None]
    spectrum = r * (_STEPS[None, :, None] + waves)
    likelihood = -0.5 * np.sum(np.log(spectrum) + steps / spectrum, axis=2)
    likelihood -= 2 * np.log(_SPREADS[:, None]) ** 2  # the noise is known within a factor or so
    best = np.unravel_index(int(likelihood.argmax()), likelihood.shape)
    if likelihood[best] - likelihood[:, 0].max() < _PLAUSIBLE:
        return still
    spread = float(_SPREADS[best[0]])
    q = typical * spread * float(_STEPS[best[1]])
    precision = 1 / (noise * spread)
    band = np.zeros((2, n))
    band[0, 1:] = -1 / q
    band[1] = precision + np.concatenate([[1.0], np.full(n - 2, 2.0), [1.0]]) / q
    angle = scipy.linalg.solveh_banded(band, precision * observed)
    variance = float(np.mean(1 / (1 / (typical * spread) + waves / q)))
    prior = float(np.sum(np.diff(angle) ** 2)) / q
    volume = float(np.sum(np.log1p(q / (typical * spread * waves))))
    return Phase(angle.astype(np.float32), variance, -0.5 * (prior + volume))
