"""Known sequences of the burst: preamble, channel estimation, pilots, fill, permutations.

All of them come from closed formulas on integers, so that transmitter and receiver agree
whatever their NumPy version is.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.coding.pseudorandom import hashes
from gensc_phy.waveform.config import WaveformConfig

PREAMBLE_SEED = 730
CE_ROOT = 11

# Signs of the preamble's copies, by their number. Between the cover codes of one row the products
# of successive signs are as different as their number allows, and no shift of one looks as much
# like another as itself.
COVERS: dict[int, tuple[tuple[int, ...], ...]] = {
    4: ((1, 1, 1, -1), (1, -1, -1, -1), (1, 1, -1, -1)),
    5: ((1, 1, 1, 1, -1), (1, 1, 1, -1, -1), (1, 1, -1, -1, -1)),
    6: ((1, 1, 1, 1, -1, -1), (1, 1, -1, -1, -1, -1), (1, 1, 1, -1, -1, -1)),
}


def qpsk_sequence(n: int, seed: int) -> NDArray[np.complex64]:
    """`n` pseudo-random unit-energy QPSK symbols."""
    word = hashes(n, seed)
    i = 1.0 - 2.0 * (word & np.uint64(1)).astype(np.float32)
    q = 1.0 - 2.0 * ((word >> np.uint64(1)) & np.uint64(1)).astype(np.float32)
    return ((i + 1j * q) / np.sqrt(2)).astype(np.complex64)


def zadoff_chu(n: int, root: int) -> NDArray[np.complex128]:
    """First `n` values of the Zadoff-Chu sequence of odd length n or n+1."""
    length = n if n % 2 else n + 1
    k = np.arange(n)
    return np.exp(-1j * np.pi * root * k * (k + 1) / length)


def to_time(
    carriers: NDArray[np.complexfloating], cfg: WaveformConfig
) -> NDArray[np.complexfloating]:
    """Unitary IFFT of occupied-carrier values; [..., occupied] -> [..., fft_size]."""
    grid = np.zeros((*carriers.shape[:-1], cfg.fft_size), dtype=carriers.dtype)
    grid[..., cfg.carriers] = carriers
    return scipy.fft.ifft(grid, axis=-1, norm="ortho")


def boost(cfg: WaveformConfig) -> float:
    """Carrier amplitude that gives training and preamble unit mean power in time."""
    return float(np.sqrt(cfg.fft_size / cfg.occupied))


@lru_cache(maxsize=8)
def preamble_sequence(cfg: WaveformConfig) -> NDArray[np.complex64]:
    """The repeated preamble sequence p, unit mean power; [fft_size].

    Pseudo-random, so that no carrier offset looks like a delay; of the first seeds tried the one
    of the flattest ambiguity function among those with a peak 4 dB above the mean.
    """
    carriers = boost(cfg) * qpsk_sequence(cfg.occupied, PREAMBLE_SEED)
    return to_time(carriers, cfg).astype(np.complex64)


@lru_cache(maxsize=8)
def ce_carriers(cfg: WaveformConfig) -> NDArray[np.complex64]:
    """Carrier values of each channel-estimation symbol; [occupied]."""
    return (boost(cfg) * zadoff_chu(cfg.occupied, CE_ROOT)).astype(np.complex64)


@lru_cache(maxsize=8)
def pilots(cfg: WaveformConfig) -> NDArray[np.complex64]:
    """Pilot values of every header and payload symbol; [header + max payload, n_pilots]."""
    n = cfg.header_symbols + cfg.max_payload_symbols
    return qpsk_sequence(n * cfg.n_pilots, 0x51107).reshape(n, cfg.n_pilots)
