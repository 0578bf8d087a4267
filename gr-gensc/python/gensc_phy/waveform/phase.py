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
import scipy.fft
import scipy.linalg
from numpy.typing import NDArray

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
    observed = np.angle(matched).astype(np.float64)
    jumps = np.diff(observed)
    turns = np.rint(jumps / (2 * np.pi))
    if turns.any():
        jumps -= 2 * np.pi * turns
        observed[1:] = observed[0] + np.cumsum(jumps)
    noise = 0.5 / np.maximum(information.astype(np.float64), 1e-6)
    typical = float(np.sort(noise)[n // 2])
    steps = scipy.fft.dst(jumps, type=1, norm="ortho") ** 2
    waves = _waves(n)
    # Steps show in the slow waves, where noise alone leaves nothing: the score test of q = 0.
    slow = waves[: n // 4]
    excess = steps[: n // 4] / (max(typical, float(np.mean(steps[n // 2 :] / waves[n // 2 :]))))
    statistic = np.sum((excess / slow - 1) / slow) / np.sqrt(2 * np.sum(slow**-2.0))
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
