"""Covariances of a channel that are tried, as bases over symbols and carriers.

r_f is that of an exponential delay profile, r_t that of a flat Doppler spectrum; see `wiener`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
) -> tuple[NDArray[np.complex64], NDArray[np.complex128], NDArray[np.float64], NDArray[np.float32]]:
    """Of U the columns that matter, conjugate, their products, and their energies.

    The products of every two of them are pairs of real numbers, [occupied, L * L * 2].

    Args:
        octave: binary logarithm of the information on a coefficient of unit energy.
    """
    u = delay_basis(cfg, spread)
    energy = np.mean(np.abs(u) ** 2, axis=0)
    size = _matter(energy, octave)
    u = np.ascontiguousarray(u[:, :size])
    conjugate = np.conj(u).astype(np.complex128)
    products = (conjugate[:, :, None] * u[:, None, :]).reshape(len(u), -1)
    return u, conjugate, products.view(np.float64), energy[:size]


@lru_cache(maxsize=512)
def _time_tables(
    n: int, doppler: int, octave: int
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float32]]:
    """Of B the columns that matter, transposed; their products [T * T, n], and their energies."""
    b = time_basis(n, doppler)
    energy = np.mean(b**2, axis=0)
    rows = np.ascontiguousarray(b[:, : _matter(energy, octave)].T)
    precise = rows.astype(np.float64)
    return rows, (precise[:, None] * precise[None]).reshape(-1, n), energy[: len(rows)]


def _matter(energy: NDArray[np.floating], octave: int) -> int:
    """Basis functions, from the strongest on, that are not lost in the noise."""
    return max(1, int(np.sum(energy * 2.0**octave > _NEGLIGIBLE)))


class Tables(NamedTuple):
    """What `fit` needs of one pair of covariances.

    Attributes:
        b: functions of time that matter, [T, symbols].
        b_products: of every two of them, [T * T, symbols].
        u: functions of frequency that matter, [occupied, L].
        conjugate: the same, conjugate.
        u_products: conjugate of one times another, as pairs of real numbers, [occupied, 2 L * L].
        terms: elements of C, [T, L], that are not lost in the noise; one at least.
    """

    b: NDArray[np.float32]
    b_products: NDArray[np.float64]
    u: NDArray[np.complex64]
    conjugate: NDArray[np.complex128]
    u_products: NDArray[np.float64]
    terms: NDArray[np.int64]


@lru_cache(maxsize=1024)
def tables(cfg: WaveformConfig, n: int, spread: int, doppler: int, octave: int) -> Tables:
    """For n symbols.

    Args:
        octave: binary logarithm of the information on a coefficient of unit energy.
    """
    u, conjugate, u_products, u_energy = _delay_tables(cfg, spread, octave)
    b, b_products, b_energy = _time_tables(n, doppler, octave)
    strength = np.outer(b_energy, u_energy).ravel()
    terms = np.flatnonzero(strength * 2.0**octave > _NEGLIGIBLE)
    terms = terms if terms.size else np.zeros(1, dtype=np.int64)
    return Tables(b, b_products, u, conjugate, u_products, terms)
