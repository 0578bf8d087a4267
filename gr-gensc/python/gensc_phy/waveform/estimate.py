"""Channel estimation: least squares on known carriers, smoothed in the delay domain."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.sequences import ce_carriers

# Where fine timing puts the first path: samples of the cyclic prefix left for what comes before
# it (the tails of a path that falls between two samples) without inter-symbol interference.
PRE_CURSOR = 4
# Singular values below this share of the largest carry more noise than channel.
_RANK_TOLERANCE = 0.03


@lru_cache(maxsize=8)
def delay_projection(cfg: WaveformConfig) -> tuple[NDArray[np.complex64], int]:
    """Projection of a frequency response onto channels at most one cyclic prefix long.

    The response of taps at delays 0 … cp_len-1 on the occupied carriers spans a subspace; least
    squares onto it leaves rank/occupied of the noise.

    Returns:
        P [occupied, occupied] (apply as `h @ P.T`), and its rank.
    """
    delays = np.arange(cfg.cp_len)
    basis = np.exp(-2j * np.pi * np.outer(cfg.carriers, delays) / cfg.fft_size)
    u, s, _ = np.linalg.svd(basis, full_matrices=False)
    u = u[:, s > _RANK_TOLERANCE * s[0]]
    return (u @ u.conj().T).astype(np.complex64), u.shape[1]


@lru_cache(maxsize=8)
def _taper(cfg: WaveformConfig) -> NDArray[np.float32]:
    """Hann window over the band: keeps the side lobes of a strong path from passing as paths."""
    return np.hanning(cfg.occupied + 2)[1:-1].astype(np.float32)


def _tapered_grid(h: NDArray[np.complex64], cfg: WaveformConfig) -> NDArray[np.complex64]:
    grid = np.zeros((*h.shape[:-1], cfg.fft_size), dtype=np.complex64)
    grid[..., cfg.carriers] = h * _taper(cfg)
    return grid


def first_path(h: NDArray[np.complex64], cfg: WaveformConfig) -> int:
    """Delay of the first significant path relative to the FFT window, samples (may be negative).

    Args:
        h: least-squares response on the occupied carriers, [occupied]; or those of several
            antennas that hear the same paths, [antennas, occupied], whose powers are added.
    """
    response = scipy.fft.ifft(_tapered_grid(h, cfg))
    delays = np.arange(-cfg.cp_len, cfg.cp_len)
    response = response[..., delays]
    taps = response.real**2 + response.imag**2
    if taps.ndim > 1:
        taps = taps.sum(axis=0)
    strongest = int(taps.argmax())
    # The median of exponentially distributed powers is ln 2 of their mean.
    noise = float(np.sort(taps)[len(taps) // 2]) / np.log(2)
    # 15 dB below the strongest path and well above the noise floor counts as a path.
    floor = max(taps[strongest] * 10**-1.5, 8.0 * noise)
    window = taps[max(0, strongest - cfg.cp_len + 2 * PRE_CURSOR) : strongest + 1]
    significant = np.flatnonzero(window >= floor)
    back = (len(window) - 1 - int(significant[0])) if significant.size else 0
    # The taper smears every path over its neighbours: the first path is the sample after.
    return int(delays[strongest - max(0, back - 1)])


def estimate_from_training(
    received: NDArray[np.complex64], cfg: WaveformConfig
) -> NDArray[np.complex64]:
    """Least-squares response from the channel-estimation symbols.

    Args:
        received: their occupied carriers, [ce_symbols, occupied].

    Returns:
        [occupied], not smoothed.
    """
    return received.sum(axis=0) / (len(received) * ce_carriers(cfg))


def estimate_from_known(
    received: NDArray[np.complex64], known: NDArray[np.complex64]
) -> NDArray[np.complex64]:
    """Least-squares response per carrier from known symbols; both [symbols, occupied]."""
    energy = (known.real**2 + known.imag**2).sum(axis=0)
    return (received * np.conj(known)).sum(axis=0) / energy
