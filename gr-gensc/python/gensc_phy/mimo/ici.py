"""Inter-carrier interference of users whose carrier offsets differ.

One common offset is removed in time; a user that is off by w rad per sample still turns within
each FFT window, e^{jw(n - c)} about the window's centre c. To first order in w that adds

    sum over l of  w D[k,l] S[l],    D = F diag(j (n - c)) F^H,

to carrier k, with S what the antenna hears of the user: at 0.02 subcarriers 29 dB below S. As S is
known once the user is read, it can be taken away.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig


@lru_cache(maxsize=8)
def ici_matrix(cfg: WaveformConfig) -> NDArray[np.complex64]:
    """D on the occupied carriers, [occupied, occupied]; its diagonal is 0."""
    n = np.arange(cfg.fft_size)
    # D depends on k - l only: the spectrum of j (n - c).
    spectrum = np.fft.fft(1j * (n - n.mean())) / cfg.fft_size
    return spectrum[cfg.carriers[:, None] - cfg.carriers].astype(np.complex64)


def without_ici(
    received: NDArray[np.complex64],
    channel: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    spins: NDArray[np.float64],
    cfg: WaveformConfig,
) -> NDArray[np.complex64]:
    """Take the users' interference between carriers from what was received.

    Args:
        received: [A, symbols, occupied].
        channel: [A, U, occupied].
        sent: every user's carriers with its gain in each symbol, [U, symbols, occupied].
        spins: every user's rotation, rad per symbol, [U].

    Returns:
        As `received`.
    """
    rates = (spins / cfg.symbol_len).astype(np.float32)
    heard = np.zeros_like(received)
    for u, rate in enumerate(rates):
        heard += (rate * channel[:, u])[:, None] * sent[u]
    return received - heard @ ici_matrix(cfg).T
