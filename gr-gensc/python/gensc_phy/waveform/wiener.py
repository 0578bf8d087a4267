"""Two-dimensional Wiener estimation of the channel from scattered known carriers.

The response H[m, k] of symbol m and carrier k is taken to be a Gaussian process whose covariance
is a product r_t(m - m') r_f(k - k'): wide-sense stationary uncorrelated scattering. r_f is that of
an exponential delay profile, r_t that of a flat Doppler spectrum, which is the least favourable
one (Li, Cimini and Sollenberger, "Robust channel estimation for OFDM systems with rapid
dispersive fading channels", 1998). A few delay spreads and Doppler widths are tried, and the data
say by their likelihood which fits (type-II maximum likelihood: MacKay, "Bayesian
interpolation", 1992).

With the eigenvectors of both covariances as bases, H = B C U^T with coefficients C of unit
variance, the estimate is the solution of a system as large as the channel is rich: a handful of
unknowns for one that stands still.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.estimate import PRE_CURSOR

DELAY_SPREADS = (0.15, 0.5, 1.5, 5.0, np.inf)
"""Decay of the delay profiles tried, samples; the last is flat over the cyclic prefix."""

DOPPLERS = (0.0, 0.0012, 0.004, 0.012, 0.03, 0.06)
"""Half widths of the Doppler spectra tried, cycles per symbol."""

# Energy of a basis function over that of the noise in its estimate below which it is left out.
_NEGLIGIBLE = 0.1
# Part of every channel that does not move at all, so that a fast one's mean is not smoothed away.
_STEADY = 1e-3


@lru_cache(maxsize=32)
def delay_basis(cfg: WaveformConfig, spread: int) -> NDArray[np.complex64]:
    """Eigenvectors of r_f times the roots of their eigenvalues, strongest first.

    Args:
        spread: index of `DELAY_SPREADS`. The first path is `PRE_CURSOR` samples into the window.

    Returns:
        [occupied, terms]; the mean energy of U c with c of unit variance is 1.
    """
    decay = DELAY_SPREADS[spread]
    delays = np.arange(-1, cfg.cp_len + 0.125, 0.25)
    if np.isfinite(decay):
        # Where the first path lies between two samples is not known.
        late = np.maximum(delays - PRE_CURSOR - 0.25, 0)
        early = np.maximum(PRE_CURSOR - 0.25 - delays, 0)
        power = np.exp(-late / decay - 4 * early)
    else:
        power = np.ones_like(delays)
    phases = np.exp(-2j * np.pi * np.outer(cfg.carriers, delays) / cfg.fft_size)
    u, s, _ = np.linalg.svd(phases * np.sqrt(power / power.sum()), full_matrices=False)
    keep = s > 1e-5 * s[0]
    return (u[:, keep] * s[keep]).astype(np.complex64)


@lru_cache(maxsize=1024)
def time_basis(n: int, doppler: int) -> NDArray[np.float32]:
    """Eigenvectors of r_t over n symbols times the roots of their eigenvalues, strongest first.

    Args:
        n: symbols.
        doppler: index of `DOPPLERS`.

    Returns:
        [n, terms]; one column of ones where nothing moves.
    """
    width = DOPPLERS[doppler]
    if width == 0:
        return np.ones((n, 1), dtype=np.float32)
    m = np.arange(n)
    covariance = (1 - _STEADY) * np.sinc(2 * width * (m[:, None] - m)) + _STEADY
    values, vectors = np.linalg.eigh(covariance)
    keep = values > 1e-7 * values[-1]
    return (vectors[:, keep] * np.sqrt(values[keep]))[:, ::-1].astype(np.float32)


@lru_cache(maxsize=256)
def _delay_tables(
    cfg: WaveformConfig, spread: int, octave: int
) -> tuple[NDArray[np.complex64], NDArray[np.complex64], NDArray[np.float32]]:
    """Of U the columns that matter, their products [occupied, L * L], and their energies.

    Args:
        octave: binary logarithm of the information on a coefficient of unit energy.
    """
    u = delay_basis(cfg, spread)
    energy = np.mean(np.abs(u) ** 2, axis=0)
    size = _matter(energy, octave)
    u = np.ascontiguousarray(u[:, :size])
    return u, (np.conj(u)[:, :, None] * u[:, None, :]).reshape(len(u), -1), energy[:size]


@lru_cache(maxsize=512)
def _time_tables(
    n: int, doppler: int, octave: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Of B the columns that matter, transposed; their products [T * T, n], and their energies."""
    b = time_basis(n, doppler)
    energy = np.mean(b**2, axis=0)
    rows = np.ascontiguousarray(b[:, : _matter(energy, octave)].T)
    return rows, (rows[:, None] * rows[None]).reshape(-1, n), energy[: len(rows)]


def _matter(energy: NDArray[np.floating], octave: int) -> int:
    """Basis functions, from the strongest on, that are not lost in the noise."""
    return max(1, int(np.sum(energy * 2.0**octave > _NEGLIGIBLE)))


@lru_cache(maxsize=1024)
def _terms(
    cfg: WaveformConfig, n: int, spread: int, doppler: int, octave: int
) -> NDArray[np.int64] | None:
    """Elements of C, [T, L], that are not lost in the noise; None where all of them matter."""
    strength = np.outer(
        _time_tables(n, doppler, octave)[2], _delay_tables(cfg, spread, octave)[2]
    ).ravel()
    terms = np.flatnonzero(strength * 2.0**octave > _NEGLIGIBLE)
    if terms.size == strength.size:
        return None
    return terms if terms.size else np.zeros(1, dtype=np.int64)


@dataclass(frozen=True)
class Observed:
    """What is known of a channel: all that any fit needs.

    Attributes:
        information: |X|^2 over the noise variance of every cell, [symbols, occupied].
        matched: X* Y over the noise variance, same shape.
        total: sum of the information.
        energy: prior mean of |H|^2.
    """

    information: NDArray[np.float32]
    matched: NDArray[np.complex64]
    total: float
    energy: float

    @classmethod
    def of(
        cls,
        received: NDArray[np.complex64],
        sent: NDArray[np.complex64],
        variance: NDArray[np.float32] | np.float32,
        energy: float,
    ) -> Observed:
        """From carriers as received and as sent, 0 where that is not known.

        Args:
            received, sent: [symbols, occupied].
            variance: of the noise in each, or in all.
            energy: prior mean of |H|^2.
        """
        scaled = np.conj(sent) / variance
        information = np.ascontiguousarray((scaled * sent).real)
        return cls(information, scaled * received, float(information.sum()), energy)


@dataclass(frozen=True)
class Fit:
    """What `fit` found.

    Attributes:
        coefficients: C, [T, L].
        cholesky: lower factor of the inverse covariance of the errors of those that are not 0.
        terms: which ones those are, indices into C's elements; None is all.
        time: B, [symbols, T].
        delay: U, [occupied, L].
        score: log-likelihood of the data under the model, up to a constant of the data.
    """

    coefficients: NDArray[np.complex64]
    cholesky: NDArray[np.complex128]
    terms: NDArray[np.int64] | None
    time: NDArray[np.float32]
    delay: NDArray[np.complex64]
    score: float

    def response(self) -> NDArray[np.complex64]:
        """Mean of H given the data, [symbols, occupied]."""
        return self.time @ (self.coefficients @ self.delay.T)

    def error(self) -> NDArray[np.float32]:
        """Variance of H given the data, [symbols, occupied]."""
        n, t = self.time.shape
        size = self.delay.shape[1]
        half, _ = lapack.ztrtri(self.cholesky, lower=1)
        half = np.tril(half)
        covariance = half.conj().T @ half
        if self.terms is not None:
            whole = np.zeros((t * size, t * size), dtype=np.complex64)
            whole[self.terms[:, None], self.terms] = covariance
            covariance = whole
        # It changes slowly: every few symbols are enough, lines in between.
        steps = 1 if t == 1 else min(n, 2 + 3 * t)
        knots = np.unique(np.linspace(0, n - 1, steps).astype(int))
        b = self.time[knots]
        pairs = (b[:, :, None] * b[:, None, :]).reshape(len(knots), -1)
        blocks = covariance.reshape(t, size, t, size).transpose(0, 2, 1, 3)
        within = (pairs @ blocks.reshape(t * t, -1)).reshape(-1, size, size)
        spread = np.matmul(self.delay, within) * np.conj(self.delay)
        at_knots = np.maximum(spread.sum(axis=2).real, 0).astype(np.float32)
        if t == 1:
            return np.repeat(at_knots, n, axis=0)
        return _lines(n, len(knots)) @ at_knots


@lru_cache(maxsize=256)
def _lines(n: int, steps: int) -> NDArray[np.float32]:
    """Matrix of linear interpolation from `steps` even knots to 0 … n - 1; [n, steps]."""
    m, knots = np.arange(n), np.unique(np.linspace(0, n - 1, steps).astype(int))
    rows = [np.interp(m, knots, row) for row in np.eye(len(knots))]
    return np.stack(rows, axis=1).astype(np.float32)


def fit(observed: Observed, spread: int, doppler: int, cfg: WaveformConfig) -> Fit:
    """Estimate the channel under one pair of covariances.

    Args:
        observed: what is known.
        spread, doppler: indices of `DELAY_SPREADS` and `DOPPLERS`.
    """
    n, energy = len(observed.matched), observed.energy
    octave = int(np.ceil(np.log2(max(observed.total * energy, 1e-3))))
    u, u_products, _ = _delay_tables(cfg, spread, octave)
    b, b_products, _ = _time_tables(n, doppler, octave)
    t, size = len(b), u.shape[1]
    gram = (b_products @ observed.information) @ u_products
    if t > 1:
        gram = gram.reshape(t, t, size, size).transpose(0, 2, 1, 3)
    gram = gram.reshape(t * size, t * size)
    right = ((b @ observed.matched) @ np.conj(u)).ravel()
    terms = _terms(cfg, n, spread, doppler, octave)
    if terms is not None:
        gram, right = gram[terms[:, None], terms], right[terms]
    # Coefficients of unit variance: U carries the energy of the channel.
    precision = gram.astype(np.complex128) * energy
    precision.flat[:: len(precision) + 1] += 1
    right = right * np.sqrt(energy)
    lower, _ = lapack.zpotrf(precision, lower=1)
    c, _ = lapack.zpotrs(lower, right, lower=1)
    if terms is None:
        coefficients = c.astype(np.complex64)
    else:
        coefficients = np.zeros(t * size, dtype=np.complex64)
        coefficients[terms] = c
    return Fit(
        coefficients=coefficients.reshape(t, size),
        cholesky=lower,
        terms=terms,
        time=b.T,
        delay=u * np.float32(np.sqrt(energy)),
        score=float(np.vdot(right, c).real - 2 * np.log(np.diagonal(lower).real).sum()),
    )


def best_fit(
    observed: Observed, start: tuple[int, int], cfg: WaveformConfig
) -> tuple[Fit, tuple[int, int]]:
    """The likeliest of all pairs of covariances, climbing from `start` one step at a time.

    Returns:
        The fit and its (spread, doppler), indices of `DELAY_SPREADS` and `DOPPLERS`.
    """
    tried: dict[tuple[int, int], Fit] = {}

    def score(pair: tuple[int, int]) -> float:
        if not (0 <= pair[0] < len(DELAY_SPREADS) and 0 <= pair[1] < len(DOPPLERS)):
            return -np.inf
        if pair not in tried:
            tried[pair] = fit(observed, *pair, cfg)
        return tried[pair].score

    at = start
    while True:
        s, d = at
        best = max([(s, d), (s, d + 1), (s, d - 1)], key=score)
        if best == at:
            best = max([(s, d), (s + 1, d), (s - 1, d)], key=score)
        if best == at:
            return tried[at], at
        at = best
