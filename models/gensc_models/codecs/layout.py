"""How an image becomes a row of channel symbols: padding, symbol order, side information.

Symbol order
------------
With ``h x w`` blocks of 16x16 pixels and rate C, symbol ``n = k h w + i w + j`` carries the real
channels ``2k`` and ``2k + 1`` of block (i, j) as ``(+-z[2k] +- 1j z[2k+1]) / sqrt(2)``,
``k = 0 ... C-1``. The signs are pseudo-random (:func:`scrambling`): brightness gives neighbouring
symbols a common sign, which OFDM would turn into a peak.

Side information (16 bit, travels in the burst header)
------------------------------------------------------
Bits 15...6: the image's normalisation ``s`` in steps of 0.05 dB from -30 dB;
bits 5...0: the SNR the encoder designed for in steps of 0.5 dB from -5 dB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.codec import check_rate, symbols_for
from gensc_models.codecs.softcast.linear import COEFFICIENTS, MAX_RATE
from gensc_models.data.photos import BLOCK

__all__ = [
    "MAX_RATE",
    "SideInfo",
    "blocks",
    "check_rate",
    "from_symbols",
    "pad_to_blocks",
    "scrambling",
    "symbols_for",
    "to_symbols",
]

# 1 / noise variance beyond this (60 dB) is treated as noiseless.
MAX_PRECISION = 1e6
# A unit-power symbol never gets near this; a receiver fault may.
MAX_AMPLITUDE = 1e3


@dataclass(frozen=True)
class SideInfo:
    """What the decoder must know beside the symbols; fields are held at their quantised values."""

    scale: float
    snr_db: float

    SCALE_LOW_DB = -30.0
    SCALE_STEP_DB = 0.05
    SNR_LOW_DB = -5.0
    SNR_HIGH_DB = 25.0
    SNR_STEP_DB = 0.5

    @classmethod
    def quantise(cls, scale: float, snr_db: float) -> SideInfo:
        """Nearest representable values (out of range: the nearest end)."""
        return cls.unpack(cls(scale, snr_db).pack())

    def pack(self) -> int:
        """The 16-bit word."""
        scale_db = 20.0 * math.log10(max(self.scale, 1e-9))
        scale_index = round((scale_db - self.SCALE_LOW_DB) / self.SCALE_STEP_DB)
        snr_db = min(max(self.snr_db, self.SNR_LOW_DB), self.SNR_HIGH_DB)
        snr_index = round((snr_db - self.SNR_LOW_DB) / self.SNR_STEP_DB)
        return min(max(scale_index, 0), 1023) << 6 | snr_index

    @classmethod
    def unpack(cls, word: int) -> SideInfo:
        """Reads a 16-bit word; every word is valid."""
        scale_db = cls.SCALE_LOW_DB + cls.SCALE_STEP_DB * ((word >> 6) & 1023)
        snr_db = cls.SNR_LOW_DB + cls.SNR_STEP_DB * (word & 63)
        return cls(10.0 ** (scale_db / 20.0), min(snr_db, cls.SNR_HIGH_DB))


def blocks(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of 16x16 blocks that cover an image."""
    return -(-height // BLOCK), -(-width // BLOCK)


def pad_to_blocks(image: Tensor) -> Tensor:
    """Extends ``B x 3 x H x W`` at the right and bottom to multiples of 16.

    By reflection, which keeps the block statistics photo-like; sides too short to reflect are
    repeated.
    """
    height, width = image.shape[-2:]
    rows, columns = blocks(height, width)
    down, right = rows * BLOCK - height, columns * BLOCK - width
    if not (down or right):
        return image
    mode = "reflect" if down < height and right < width else "replicate"
    return F.pad(image, (0, right, 0, down), mode=mode)


@lru_cache(maxsize=8)
def scrambling(count: int) -> NDArray[np.int8]:
    """Signs +1 or -1 for the real and imaginary part of ``count`` symbols, ``count x 2``.

    The lowest bit of MurmurHash3's 32-bit finaliser of the running number ``2 n + (0 or 1)``: the
    same on every machine and in every language.
    """
    x = np.arange(2 * count, dtype=np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    x ^= x >> np.uint32(16)
    return (1 - 2 * (x & 1).astype(np.int8)).reshape(count, 2)


def to_symbols(channels: Tensor, rate: int) -> NDArray[np.complex64]:
    """Real channels ``1 x 256 x h x w`` to complex symbols with ``mean |x|^2 = 1``.

    The mean is over this image alone and exact to float32 rounding. An image without any
    energy to send (all channels zero) becomes constant symbols.
    """
    used = channels[0, : 2 * rate].double().numpy().reshape(rate, 2, -1)
    pairs = used.transpose(0, 2, 1).reshape(-1, 2) * scrambling(used.size // 2)
    symbols = pairs[:, 0] + 1j * pairs[:, 1]
    power = float(np.mean(np.abs(symbols) ** 2))
    if power <= 0.0:
        return np.ones(symbols.size, np.complex64)
    return (symbols / math.sqrt(power)).astype(np.complex64)


def from_symbols(
    symbols: NDArray[np.complex64], noise_var: NDArray[np.float32], rate: int, rows: int, cols: int
) -> tuple[Tensor, Tensor]:
    """Received symbols and noise variances to real channels and their precision.

    Both results are ``1 x 256 x rows x cols``. A symbol that is not finite, or whose noise
    variance is infinite or NaN, is an erasure: value 0, precision 0.

    Raises
    ------
    ValueError
        The number of symbols or of variances is not ``rows * cols * rate``.
    """
    expected = rows * cols * rate
    symbols = np.asarray(symbols).ravel()
    variance = np.asarray(noise_var, np.float64).ravel()
    if symbols.size != expected:
        raise ValueError(f"expected {expected} symbols, got {symbols.size}")
    if variance.size != expected:
        raise ValueError(f"expected {expected} noise variances, got {variance.size}")
    known = np.isfinite(symbols) & np.isfinite(variance)
    precision = np.zeros(expected)
    precision[known] = 1.0 / np.maximum(variance[known], 1.0 / MAX_PRECISION)
    value = np.where(known, symbols, 0).astype(np.complex128) * math.sqrt(2.0)
    pairs = np.stack([value.real, value.imag], axis=-1).clip(-MAX_AMPLITUDE, MAX_AMPLITUDE)
    pairs *= scrambling(expected)
    shape = (1, COEFFICIENTS, rows, cols)
    received, weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    used = pairs.reshape(rate, rows, cols, 2).transpose(0, 3, 1, 2)
    received[0, : 2 * rate] = used.reshape(2 * rate, rows, cols)
    weight[0, : 2 * rate] = precision.reshape(rate, rows, cols).repeat(2, axis=0)
    return torch.from_numpy(received), torch.from_numpy(weight)
