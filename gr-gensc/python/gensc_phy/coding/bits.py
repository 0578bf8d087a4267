"""Bit sections: payload bytes to channel symbols and back (`code_blocks` says how)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.code_blocks import CodeBlocks, code_blocks
from gensc_phy.coding.mcs import Mcs

MAX_ITERATIONS = 50
"""Of the LDPC decoder; it stops where a block's checks hold."""


@dataclass(frozen=True)
class BitsResult:
    """What became of a bit section.

    Attributes:
        payload: as many bytes as were asked for; best effort where `crc_ok` is False.
        crc_ok: the payload is what was sent.
        codewords_ok: codewords that satisfy all their parity checks and their CRC.
        codewords: codewords of the section.
        intact: bool [bytes], those whose codewords do.
    """

    payload: bytes
    crc_ok: bool
    codewords_ok: int
    codewords: int
    intact: NDArray[np.bool_] = field(compare=False)


def symbols_for(n_bytes: int, mcs: Mcs) -> int:
    """Channel symbols of a payload of `n_bytes` bytes; a longer one never needs fewer.

    Raises:
        ValueError: for a negative length.
    """
    return code_blocks(n_bytes, mcs).symbols


def capacity_bytes(n_symbols: int, mcs: Mcs) -> int:
    """The longest payload that fits `n_symbols`; -1 where not even an empty one does."""
    most = int(n_symbols * mcs.efficiency) // 8 + 1
    fitting = bisect_right(range(most + 1), n_symbols, key=lambda n: symbols_for(n, mcs))
    return fitting - 1


def encode_bits(payload: bytes, mcs: Mcs) -> NDArray[np.complex64]:
    """Channel symbols of a payload, complex64 [symbols_for(len(payload), mcs)], unit mean energy.

    An empty payload is legal and costs one short codeword.
    """
    return code_blocks(len(payload), mcs).encode([payload])[0]


def decode_bits(
    symbols: ArrayLike,
    noise_var: ArrayLike,
    n_bytes: int,
    mcs: Mcs,
    max_iter: int = MAX_ITERATIONS,
) -> BitsResult:
    """Decode a payload; never raises on damaged symbols.

    Args:
        symbols: equalised symbols, complex [symbols_for(n_bytes, mcs)].
        noise_var: total complex noise variance per symbol, same shape or scalar; inf = erased.
        n_bytes: payload length in bytes.
        mcs: the scheme it was sent with.
        max_iter: most LDPC iterations.

    Raises:
        ValueError: when the number of symbols does not belong to `n_bytes` and `mcs`.
    """
    layout = code_blocks(n_bytes, mcs)
    received = np.asarray(symbols)
    if received.ndim != 1:
        raise ValueError(f"symbols must be one-dimensional, got shape {received.shape}")
    payloads, ok = _decode(layout, received[None], noise_var, max_iter)
    return BitsResult(
        payload=payloads[0],
        crc_ok=bool(ok.all()),
        codewords_ok=int(ok.sum()),
        codewords=layout.count,
        intact=ok[0].repeat(layout.block_bytes)[:n_bytes],
    )


def encode_payloads(payloads: Sequence[bytes], mcs: Mcs) -> NDArray[np.complex64]:
    """Channel symbols of payloads of one length, complex64 [P, S], as `encode_bits` gives them.

    Raises:
        ValueError: when there are none, or they differ in length.
    """
    lengths = {len(payload) for payload in payloads}
    if len(lengths) != 1:
        raise ValueError(f"payloads must have one length, got {sorted(lengths)}")
    return code_blocks(lengths.pop(), mcs).encode(payloads)


def decode_payloads(
    symbols: ArrayLike,
    noise_var: ArrayLike,
    n_bytes: int,
    mcs: Mcs,
    max_iter: int = MAX_ITERATIONS,
) -> list[bytes | None]:
    """The payloads whose CRCs hold, None for the others; each as `decode_bits` decodes it.

    For sweeps over thousands of images: the decoder gets the codewords of all as one batch.

    Args:
        symbols: equalised symbols, complex [P, symbols_for(n_bytes, mcs)].
        noise_var: total complex noise variance per symbol, broadcast to the same shape.
        n_bytes: length of every payload.
        mcs: the scheme they were sent with.
        max_iter: most LDPC iterations.

    Raises:
        ValueError: when the number of symbols does not belong to `n_bytes` and `mcs`.
    """
    received = np.asarray(symbols)
    if received.ndim != 2:
        raise ValueError(f"symbols must have shape [P, S], got {received.shape}")
    payloads, ok = _decode(code_blocks(n_bytes, mcs), received, noise_var, max_iter)
    return [p if whole else None for p, whole in zip(payloads, ok.all(axis=1), strict=True)]


def _decode(
    layout: CodeBlocks, symbols: NDArray[np.complexfloating], noise_var: ArrayLike, max_iter: int
) -> tuple[list[bytes], NDArray[np.bool_]]:
    """`CodeBlocks.decode` of symbols [P, S] whose count is still to be looked at."""
    if symbols.shape[1] != layout.symbols:
        raise ValueError(
            f"{layout.n_bytes} bytes with {layout.mcs.name} are {layout.symbols} symbols, "
            f"got shape {symbols.shape[1:]}"
        )
    variance = np.broadcast_to(np.asarray(noise_var, dtype=np.float32), symbols.shape)
    return layout.decode(symbols, variance, max_iter)
