"""Channel estimation: least squares on known carriers, smoothed in the delay domain."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.median import upper_median
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
def _to_delays(cfg: WaveformConfig) -> NDArray[np.complex64]:
    """From carriers to taps at delays -cp_len … cp_len - 1, [occupied, 2 cp_len].

    Under a Hann window: it keeps the side lobes of a strong path from passing as paths.
    """
    delays = np.arange(-cfg.cp_len, cfg.cp_len)
    window = np.hanning(cfg.occupied + 2)[1:-1, None] / cfg.fft_size
    turn = np.exp(2j * np.pi / cfg.fft_size * np.outer(cfg.carriers, delays))
    return (window * turn).astype(np.complex64)


def first_path(h: NDArray[np.complex64], cfg: WaveformConfig) -> int:
    """Delay of the first significant path relative to the FFT window, samples (may be negative).

    Args:
        h: least-squares response on the occupied carriers, [occupied]; or those of several
            antennas that hear the same paths, [antennas, occupied], whose powers are added.
    """
    taps = np.atleast_2d(h) @ _to_delays(cfg)
    return int(_first(taps, cfg.cp_len))


@compiled("int64(complex64[:, ::1], int64)")
def _first(taps: NDArray[np.complex64], cp_len: int) -> int:
    """Delay of the first significant one of taps at delays -cp_len …, [antennas, 2 cp_len]."""
    power = np.zeros(taps.shape[1])
    for antenna in range(taps.shape[0]):
        for i in range(power.size):
            tap = taps[antenna, i]
            power[i] += tap.real * tap.real + tap.imag * tap.imag
    strongest = int(np.argmax(power))
    # The median of exponentially distributed powers is ln 2 of their mean.
    noise = upper_median(power.copy(), power.size) / np.log(2)
    # 15 dB below the strongest path and well above the noise floor counts as a path.
    floor = max(power[strongest] * 10**-1.5, 8.0 * noise)
    at = strongest
    for i in range(max(0, strongest - cp_len + 2 * PRE_CURSOR), strongest):
        if power[i] >= floor and power[strongest] >= floor:
            # The taper smears every path over its neighbours: the first path is the sample after.
            at = min(i + 1, strongest)
            break
    return at - cp_len


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
