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

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from gensc_phy.waveform import cells, small_fit
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.covariances import DELAY_SPREADS, DOPPLERS, Tables, tables

# Unknowns up to which compiled loops are faster than matrix products.
_SMALL = 32
Sums = tuple[NDArray[np.float64], NDArray[np.complex128]]
"""Information [T * T, occupied] and matched [T, occupied]."""


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
        if not isinstance(variance, np.ndarray):
            variance = np.full(sent.shape, variance, dtype=np.float32)
        information, matched = np.empty_like(variance), np.empty_like(sent)
        total = cells.observe(received, sent, variance, information, matched)
        return cls(information, matched, total, energy)

    @cached_property
    def _precise(self) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """Information and matched: little noise shows in differences of sums."""
        return self.information.astype(np.float64), self.matched.astype(np.complex128)

    @cached_property
    def _still(self) -> Sums:
        """`over` for a channel that does not move."""
        information, matched = self._precise
        return information.sum(axis=0)[None], matched.sum(axis=0)[None]

    @cached_property
    def _moving(self) -> dict[int, tuple[NDArray[np.float32], Sums]]:
        """What `over` has found before, with the functions of time that its key is the id of."""
        return {}

    def over(self, b: NDArray[np.float32], b_products: NDArray[np.float64]) -> Sums:
        """Sums over time: all that a fit with these functions of time needs.

        Args:
            b: functions of time, [T, symbols]; b_products: of each two of them, [T * T, symbols].

        Returns:
            Information [T * T, occupied] and matched [T, occupied].
        """
        if len(b) == 1:
            return self._still
        # Channels that move alike are tried with several delay spreads.
        known = self._moving.get(id(b))
        if known is None:
            information, matched = self._precise
            sums = b_products @ information, (b @ matched.view(np.float64)).view(np.complex128)
            known = self._moving[id(b)] = b, sums
        return known[1]


@dataclass(frozen=True)
class Fit:
    """What `fit` found.

    Attributes:
        coefficients: C, [T, L].
        cholesky: lower factor of the inverse covariance of the errors of those that are not 0.
        terms: which ones those are, indices into C's elements.
        time: B, [symbols, T].
        delay: U, [occupied, L].
        score: log-likelihood of the data under the model, up to a constant of the data.
    """

    coefficients: NDArray[np.complex64]
    cholesky: NDArray[np.complex128]
    terms: NDArray[np.int64]
    time: NDArray[np.float32]
    delay: NDArray[np.complex64]
    score: float

    @cached_property
    def response(self) -> NDArray[np.complex64]:
        """Mean of H given the data, [symbols, occupied]."""
        return np.dot(self.time, self.coefficients @ self.delay.T)

    @cached_property
    def error(self) -> NDArray[np.float32]:
        """Variance of H given the data, [symbols, occupied]."""
        n, t = self.time.shape
        # It changes slowly: every few symbols are enough, lines in between.
        knots = _knots(n, 1 if t == 1 else min(n, 2 + 3 * t))
        at_knots = np.empty((len(knots), len(self.delay)), dtype=np.float32)
        if self.terms.size <= _SMALL:
            small_fit.error(self.cholesky, self.terms, self.time[knots], self.delay, at_knots)
        else:
            at_knots[:] = self._error(self.time[knots])
        return np.repeat(at_knots, n, axis=0) if t == 1 else _lines(n, len(knots)) @ at_knots

    def _error(self, b: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same at some symbols, whose functions of time are given, [symbols, T]."""
        size, t = self.delay.shape[1], b.shape[1]
        half, _ = lapack.ztrtri(self.cholesky, lower=1)
        half = np.tril(half)
        covariance = half.conj().T @ half
        if self.terms.size < t * size:
            whole = np.zeros((t * size, t * size), dtype=np.complex64)
            whole[self.terms[:, None], self.terms] = covariance
            covariance = whole
        pairs = (b[:, :, None] * b[:, None, :]).reshape(len(b), -1)
        blocks = covariance.reshape(t, size, t, size).transpose(0, 2, 1, 3)
        within = (pairs @ blocks.reshape(t * t, -1)).reshape(-1, size, size)
        spread = np.matmul(self.delay, within) * np.conj(self.delay)
        return np.maximum(spread.sum(axis=2).real, 0)


@lru_cache(maxsize=256)
def _knots(n: int, steps: int) -> NDArray[np.int64]:
    """About `steps` symbols of n, evenly spread from the first to the last."""
    return np.unique(np.linspace(0, n - 1, steps).astype(int))


@lru_cache(maxsize=256)
def _lines(n: int, steps: int) -> NDArray[np.float32]:
    """Matrix of linear interpolation from `steps` even knots to 0 … n - 1; [n, steps]."""
    m, knots = np.arange(n), _knots(n, steps)
    rows = [np.interp(m, knots, row) for row in np.eye(len(knots))]
    return np.stack(rows, axis=1).astype(np.float32)


class _Solved(NamedTuple):
    """A solution, and all that its `Fit` needs beside it: of most only the score is asked for."""

    score: float
    c: NDArray[np.complex128]
    lower: NDArray[np.complex128]
    functions: Tables
    energy: float

    def fit(self) -> Fit:
        """All of it."""
        b, u, terms = self.functions.b, self.functions.u, self.functions.terms
        coefficients = np.zeros(len(b) * u.shape[1], dtype=np.complex64)
        coefficients[terms] = self.c
        return Fit(
            coefficients=coefficients.reshape(len(b), u.shape[1]),
            cholesky=self.lower,
            terms=terms,
            time=b.T,
            delay=u * np.float32(math.sqrt(self.energy)),
            score=self.score,
        )


def fit(observed: Observed, spread: int, doppler: int, cfg: WaveformConfig) -> Fit:
    """Estimate the channel under one pair of covariances.

    Args:
        observed: what is known.
        spread, doppler: indices of `DELAY_SPREADS` and `DOPPLERS`.
    """
    return _solve(observed, spread, doppler, cfg).fit()


def _solve(observed: Observed, spread: int, doppler: int, cfg: WaveformConfig) -> _Solved:
    """What `fit` does, but for putting it together."""
    n, energy = len(observed.matched), observed.energy
    octave = math.ceil(math.log2(max(observed.total * energy, 1e-3)))
    functions = tables(cfg, n, spread, doppler, octave)
    b, b_products, u, conjugate, u_products, terms = functions
    t, size = len(b), u.shape[1]
    pairs, matched = observed.over(b, b_products)
    # Real matrices times complex ones, without turning the former into the latter.
    gram = (pairs @ u_products).view(np.complex128).reshape(t, t, size, size)
    right = (matched @ conjugate).ravel()
    if terms.size <= _SMALL:
        lower = np.empty((terms.size, terms.size), dtype=np.complex128)
        c = np.empty(terms.size, dtype=np.complex128)
        score = small_fit.solve(gram, right, terms, energy, lower, c)
    else:
        gram = gram.transpose(0, 2, 1, 3).reshape(t * size, t * size)
        if terms.size < right.size:
            gram, right = gram[terms[:, None], terms], right[terms]
        # Coefficients of unit variance: U carries the energy of the channel.
        precision = gram * energy
        precision.flat[:: len(precision) + 1] += 1
        right = right * np.sqrt(energy)
        lower, _ = lapack.zpotrf(precision, lower=1)
        c, _ = lapack.zpotrs(lower, right, lower=1)
        score = np.vdot(right, c).real - 2 * np.log(np.diagonal(lower).real).sum()
    return _Solved(float(score), c, lower, functions, energy)


def best_fit(
    observed: Observed, start: tuple[int, int], cfg: WaveformConfig
) -> tuple[Fit, tuple[int, int]]:
    """The likeliest of all pairs of covariances, climbing from `start` one step at a time.

    Returns:
        The fit and its (spread, doppler), indices of `DELAY_SPREADS` and `DOPPLERS`.
    """
    tried: dict[tuple[int, int], _Solved] = {}

    def score(pair: tuple[int, int]) -> float:
        if not (0 <= pair[0] < len(DELAY_SPREADS) and 0 <= pair[1] < len(DOPPLERS)):
            return -np.inf
        if pair not in tried:
            tried[pair] = _solve(observed, *pair, cfg)
        return tried[pair].score

    at = start
    while True:
        s, d = at
        best = max([(s, d), (s, d + 1), (s, d - 1)], key=score)
        if best == at:
            best = max([(s, d), (s + 1, d), (s - 1, d)], key=score)
        if best == at:
            return tried[at].fit(), at
        at = best
