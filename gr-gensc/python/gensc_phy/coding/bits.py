"""Payload bytes to channel symbols and back: CRC, scrambler, LDPC, interleaver, QAM.

    payload + CRC-32 -> scramble -> split evenly over codewords -> shortened LDPC
        -> interleave within the codeword -> QAM -> interleave the codewords -> repeat

Everything follows from the payload's length and the MCS: a receiver needs these two, no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding import ldpc, qam
from gensc_phy.coding.crc import crc32
from gensc_phy.coding.mcs import Mcs
from gensc_phy.coding.pseudorandom import hashes, permutation

CRC_BYTES = 4
SCRAMBLER_SEED = 0x5343
INTERLEAVER_SEED = 0x494C

LENGTH_COST = {1944: 1.0, 1296: 1.03, 648: 1.10}
"""Energy a codeword of each length needs for the same block error rate, relative to the longest
(measured at rate 1/2 and BLER 1e-2: +0.13 and +0.42 dB): parity saved against coding gain lost."""


@dataclass(frozen=True)
class BitsResult:
    """What became of a bit section.

    Attributes:
        payload: as many bytes as were asked for; best effort where `crc_ok` is False.
        crc_ok: the payload is what was sent.
        codewords_ok: codewords that satisfy all their parity checks.
        codewords: codewords of the section.
        intact: bool [bytes], those whose codewords satisfy all their checks; all where `crc_ok`.
    """

    payload: bytes
    crc_ok: bool
    codewords_ok: int
    codewords: int
    intact: NDArray[np.bool_] = field(compare=False)


@dataclass(frozen=True)
class _Layout:
    """How a payload is laid out in codewords."""

    code: ldpc.LdpcCode
    codewords: int
    info: int  # message bits per codeword; the code's other information bits are zeros, not sent
    symbols: int  # symbols per codeword and repetition

    @property
    def sent(self) -> int:
        """Coded bits per codeword on the air."""
        return self.info + self.code.n - self.code.k


@lru_cache(maxsize=256)
def _layout(n_bytes: int, mcs: Mcs) -> _Layout:
    """The cheapest layout: each length's sent bits, weighed by `LENGTH_COST`."""
    if n_bytes < 0:
        raise ValueError(f"payload length must not be negative, got {n_bytes}")
    message = 8 * (n_bytes + CRC_BYTES)
    best: tuple[float, _Layout] | None = None
    for n, cost in LENGTH_COST.items():
        code = ldpc.code(n, mcs.code_rate)
        codewords = -(-message // code.k)
        # Every n is a multiple of every constellation's bits, so rounding up stays within n.
        sent = -(-message // codewords) + n - code.k
        symbols = -(-sent // mcs.bits_per_symbol)
        info = symbols * mcs.bits_per_symbol - (n - code.k)
        weighed = codewords * symbols * cost
        if best is None or weighed < best[0]:
            best = weighed, _Layout(code, codewords, info, symbols)
    assert best is not None
    return best[1]


def _scrambler(n_bits: int) -> NDArray[np.uint8]:
    """The scrambling sequence: without it an all-zero payload would be one constant symbol."""
    words = hashes(-(-n_bits // 64), SCRAMBLER_SEED)
    return np.unpackbits(words.astype("<u8").view(np.uint8), count=n_bits)


@lru_cache(maxsize=64)
def _interleaver(sent: int, bits_per_symbol: int) -> NDArray[np.int64]:
    """Codeword bit carried by every bit position of every symbol, int64 [symbols, bits].

    A pseudo-random permutation. Giving the better protected bit positions to the information
    bits instead costs 0.3 dB at 16-QAM 1/2 and 0.2 dB at 256-QAM 3/4 [measured].
    """
    return permutation(sent, INTERLEAVER_SEED).reshape(-1, bits_per_symbol)


def symbols_for(n_bytes: int, mcs: Mcs) -> int:
    """Channel symbols of a payload of `n_bytes` bytes.

    Raises:
        ValueError: for a negative length.
    """
    layout = _layout(n_bytes, mcs)
    return layout.codewords * layout.symbols * mcs.repetition


def capacity_bytes(n_symbols: int, mcs: Mcs) -> int:
    """The longest payload that fits `n_symbols`; -1 where not even an empty one does."""
    n_bytes = max(int(n_symbols * mcs.efficiency) // 8 - CRC_BYTES, -1)
    while n_bytes >= 0 and symbols_for(n_bytes, mcs) > n_symbols:
        n_bytes -= 1
    return n_bytes


def encode_bits(payload: bytes, mcs: Mcs) -> NDArray[np.complex64]:
    """Channel symbols of a payload, complex64 [symbols_for(len(payload), mcs)], unit mean energy.

    An empty payload is legal and costs one short codeword.
    """
    layout = _layout(len(payload), mcs)
    code = layout.code
    framed = payload + crc32(payload).to_bytes(CRC_BYTES, "big")
    message = np.zeros(layout.codewords * layout.info, dtype=np.uint8)
    message[: 8 * len(framed)] = np.unpackbits(np.frombuffer(framed, dtype=np.uint8))
    message ^= _scrambler(message.size)

    info = np.zeros((layout.codewords, code.k), dtype=np.uint8)
    info[:, : layout.info] = message.reshape(layout.codewords, layout.info)
    words = code.encode(info)
    sent = np.delete(words, np.s_[layout.info : code.k], axis=1)
    interleaved = sent[:, _interleaver(layout.sent, mcs.bits_per_symbol)]
    # Symbol by symbol from all codewords in turn: a burst of losses hits all of them alike.
    in_turn = interleaved.transpose(1, 0, 2).reshape(-1)
    return np.tile(qam.modulate(in_turn, mcs.bits_per_symbol), mcs.repetition)


def decode_bits(
    symbols: ArrayLike, noise_var: ArrayLike, n_bytes: int, mcs: Mcs, max_iter: int = 50
) -> BitsResult:
    """Decode a payload; never raises on damaged symbols.

    Args:
        symbols: equalised symbols, complex [symbols_for(n_bytes, mcs)].
        noise_var: total complex noise variance per symbol, same shape or scalar; inf = erased.
        n_bytes: payload length in bytes, without the CRC.
        mcs: the scheme it was sent with.
        max_iter: most LDPC iterations.

    Raises:
        ValueError: when the number of symbols does not belong to `n_bytes` and `mcs`.
    """
    layout = _layout(n_bytes, mcs)
    code = layout.code
    received = np.asarray(symbols)
    expected = symbols_for(n_bytes, mcs)
    if received.shape != (expected,):
        raise ValueError(
            f"{n_bytes} bytes with {mcs.name} are {expected} symbols, got shape {received.shape}"
        )
    llr = qam.soft_demap(received, noise_var, mcs.bits_per_symbol)
    llr = llr.reshape(mcs.repetition, layout.symbols, layout.codewords, -1).sum(axis=0)
    sent = np.empty((layout.codewords, layout.sent), dtype=np.float32)
    sent[:, _interleaver(layout.sent, mcs.bits_per_symbol)] = llr.transpose(1, 0, 2)
    words = np.full((layout.codewords, code.n), ldpc.MAX_LLR, dtype=np.float32)
    words[:, : layout.info] = sent[:, : layout.info]
    words[:, code.k :] = sent[:, layout.info :]

    decoded = code.decode(words, max_iter)
    message = decoded.bits[:, : layout.info].reshape(-1)
    message = message ^ _scrambler(message.size)
    framed = np.packbits(message)[: n_bytes + CRC_BYTES].tobytes()
    payload, check = framed[:n_bytes], int.from_bytes(framed[n_bytes:], "big")
    crc_ok = crc32(payload) == check
    intact = decoded.ok.repeat(layout.info)[: 8 * n_bytes].reshape(-1, 8).all(axis=1)
    return BitsResult(
        payload=payload,
        crc_ok=crc_ok,
        codewords_ok=int(decoded.ok.sum()),
        codewords=layout.codewords,
        intact=intact | crc_ok,
    )
