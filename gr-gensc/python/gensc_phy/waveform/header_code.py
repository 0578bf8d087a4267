"""Channel code of the burst header: shortened LDPC, repeated over many QPSK symbols.

The header must be readable well below the payload's working point. 184 bits (header and CRC-24)
are put into the 324 information bits of the IEEE 802.11n code (n = 648, rate 1/2), the rest are
zeros known to both ends and not sent; the remaining coded bits are repeated cyclically until the
header symbols are full, and spread over all carriers by a fixed permutation. Of the shortest
header every third parity bit or so is left out.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding import ldpc
from gensc_phy.coding.crc import crc24
from gensc_phy.coding.pseudorandom import permutation
from gensc_phy.compiled import compiled
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.header import CODED_BYTES, Header, HeaderError

_INFO_BITS, _CODED_BITS = 8 * CODED_BYTES, 648
# Least agreement of the repeated bits, see `_agreement`; at -3 dB it is 1.6.
_AGREE = 1.25
# The same at a first look, with clipped amplitudes; where there is no header it is 1 +- 0.063.
_SEEM_TO_AGREE = 1.1
# Amplitude over the mean one that a bit counts at most there.
_LOUDEST = 1.7
# Bits that must be repeated for that to be a figure.
_LEAST_REPEATED = 200
# Log-likelihood ratio of a bit the receiver knows to be zero.
_CERTAIN = 60.0


@lru_cache(maxsize=8)
def _layout(cfg: WaveformConfig) -> NDArray[np.int64]:
    """Index of the coded bit that every bit on the air repeats; [header symbols x data x 2]."""
    code = ldpc.code(_CODED_BITS, "1/2")
    n_air = cfg.header_symbols * cfg.n_data * 2
    parity = np.arange(code.k, code.n)
    room = n_air - _INFO_BITS
    if room < parity.size:
        parity = parity[np.arange(room) * parity.size // room]
    sent = np.concatenate([np.arange(_INFO_BITS), parity])
    layout = np.empty(n_air, dtype=np.int64)
    layout[permutation(n_air, 0x4EAD)] = np.resize(sent, n_air)
    return layout


@lru_cache(maxsize=1)
def _parity_rows() -> NDArray[np.uint8]:
    """Parity bits of each information bit alone, packed; the code is linear, so rows just add."""
    code = ldpc.code(_CODED_BITS, "1/2")
    unit = np.zeros((_INFO_BITS, code.k), dtype=np.uint8)
    np.fill_diagonal(unit, 1)
    return np.packbits(code.encode(unit)[:, code.k :], axis=1)


def encode_header(header: Header, cfg: WaveformConfig) -> NDArray[np.complex64]:
    """QPSK symbols of a header; [header_symbols, n_data], unit energy."""
    code = ldpc.code(_CODED_BITS, "1/2")
    coded = np.zeros(code.n, dtype=np.uint8)
    info = np.unpackbits(np.frombuffer(header.pack_with_crc(), dtype=np.uint8))
    coded[:_INFO_BITS] = info
    parity = np.bitwise_xor.reduce(_parity_rows()[info.astype(bool)], axis=0)
    coded[code.k :] = np.unpackbits(parity)[: code.n - code.k]
    # A QPSK bit is the sign of its axis.
    axes = (np.sqrt(0.5) * (1 - 2 * np.arange(2))).astype(np.float32)[coded[_layout(cfg)]]
    return axes.view(np.complex64).reshape(cfg.header_symbols, cfg.n_data)


def decode_header(
    symbols: NDArray[np.complex64], noise_var: NDArray[np.float32], cfg: WaveformConfig
) -> Header:
    """Decode equalised header symbols.

    Args:
        symbols: [header_symbols, n_data].
        noise_var: their noise variances, same shape.

    Raises:
        HeaderError: the code or the CRC fails, or the content is not a valid header.
    """
    code = ldpc.code(_CODED_BITS, "1/2")
    # LLR of a Gray QPSK bit: 2 sqrt(2) Re(y) / N0.
    scaled = symbols * (np.float32(2 * np.sqrt(2)) / noise_var)
    weights = np.ascontiguousarray(scaled, dtype=np.complex64).ravel().view(np.float32)
    llr = np.empty(code.n, dtype=np.float32)
    agreement = _agreement(weights, _layout(cfg), np.float32(np.inf), llr)
    # At high SNR the repeated bits are right as they are, and their CRC says so.
    hard = np.packbits(llr[:_INFO_BITS] < 0).tobytes()
    if crc24(hard[:-3]) == int.from_bytes(hard[-3:], "big"):
        return Header.unpack(hard[:-3])
    if agreement < _AGREE:
        raise HeaderError("the copies of the header's bits do not agree")
    llr[_INFO_BITS : code.k] = _CERTAIN
    result = code.decode(llr[None, :], max_iter=30)
    if not result.ok[0]:
        raise HeaderError("header code did not converge")
    return Header.unpack_with_crc(np.packbits(result.bits[0, :_INFO_BITS]).tobytes())


def copies_agree(symbols: NDArray[np.complex64], cfg: WaveformConfig) -> bool:
    """Whether equal bits look equal; amplitudes are clipped: no interferer outvotes the others.

    Args:
        symbols: [header_symbols, n_data], of any amplitude.
    """
    bits = np.ascontiguousarray(symbols).view(np.float32).ravel()
    most = _LOUDEST * float(np.abs(bits).mean())
    summed = np.empty(_CODED_BITS, dtype=np.float32)
    return bool(_agreement(bits, _layout(cfg), np.float32(most), summed) > _SEEM_TO_AGREE)


@compiled("float64(float32[::1], int64[::1], float32, float32[::1])")
def _agreement(
    received: NDArray[np.float32],
    layout: NDArray[np.int64],
    most: np.float32,
    summed: NDArray[np.float32],
) -> float:
    """Energy of the sums of repeated bits over the sum of their energies.

    1 where they are independent, their number where they are equal; a header that is none is told
    by it at a thousandth of what the decoder costs. Of bits sent but once there is nothing to say:
    it is infinite where hardly any is repeated.

    Args:
        received: LLR of every bit on the air; layout: see `_layout`.
        most: that one of them counts.
        summed: LLR of every coded bit, comes out.
    """
    alone = np.zeros(summed.size, dtype=np.float32)
    count = np.zeros(summed.size, dtype=np.int64)
    summed[:] = 0
    for i in range(received.size):
        at, value = layout[i], min(max(received[i], -most), most)
        summed[at] += value
        alone[at] += value * value
        count[at] += 1
    together, energy, repeated = 0.0, 1e-30, 0
    for at in range(summed.size):
        if count[at] > 1:
            together += summed[at] ** 2
            energy += alone[at]
            repeated += 1
    return together / energy if repeated >= _LEAST_REPEATED else np.inf
