"""Many payloads of one length at once: what `bits` does, for sweeps over thousands of images.

All payloads share the length and the MCS, so all have the same layout, and the LDPC decoder gets
the codewords of all of them as one batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding import bits, ldpc, qam
from gensc_phy.coding.crc import crc32
from gensc_phy.coding.mcs import Mcs


def encode_payloads(payloads: Sequence[bytes], mcs: Mcs) -> NDArray[np.complex64]:
    """Channel symbols of every payload, complex64 [P, S], each row as `bits.encode_bits` gives it.

    Raises:
        ValueError: when there are none, or they differ in length.
    """
    lengths = {len(payload) for payload in payloads}
    if len(lengths) != 1:
        raise ValueError(f"payloads must have one length, got {sorted(lengths)}")
    layout = bits._layout(lengths.pop(), mcs)
    code, count = layout.code, len(payloads)
    framed = [payload + crc32(payload).to_bytes(bits.CRC_BYTES, "big") for payload in payloads]
    message = np.zeros((count, layout.codewords * layout.info), dtype=np.uint8)
    message[:, : 8 * len(framed[0])] = np.unpackbits(
        np.frombuffer(b"".join(framed), dtype=np.uint8).reshape(count, -1), axis=1
    )
    message ^= bits._scrambler(message.shape[1])

    info = np.zeros((count * layout.codewords, code.k), dtype=np.uint8)
    info[:, : layout.info] = message.reshape(-1, layout.info)
    words = code.encode(info)
    sent = np.delete(words, np.s_[layout.info : code.k], axis=1)
    interleaved = sent[:, bits._interleaver(layout.sent, mcs.bits_per_symbol)]
    in_turn = interleaved.reshape(count, layout.codewords, layout.symbols, -1).transpose(0, 2, 1, 3)
    symbols = qam.modulate(in_turn.reshape(-1), mcs.bits_per_symbol).reshape(count, -1)
    return np.tile(symbols, (1, mcs.repetition))


def decode_payloads(
    symbols: ArrayLike, noise_var: ArrayLike, n_bytes: int, mcs: Mcs, max_iter: int = 50
) -> list[bytes | None]:
    """The payloads whose CRC holds, None for the others; each as `bits.decode_bits` decodes it.

    Args:
        symbols: equalised symbols, complex [P, bits.symbols_for(n_bytes, mcs)].
        noise_var: total complex noise variance per symbol, broadcast to the same shape.
        n_bytes: length of every payload, without the CRC.
        mcs: the scheme they were sent with.
        max_iter: most LDPC iterations.

    Raises:
        ValueError: when the number of symbols does not belong to `n_bytes` and `mcs`.
    """
    received = np.asarray(symbols)
    expected = bits.symbols_for(n_bytes, mcs)
    if received.ndim != 2 or received.shape[1] != expected:
        raise ValueError(
            f"{n_bytes} bytes with {mcs.name} are {expected} symbols, got shape {received.shape}"
        )
    variance = np.broadcast_to(np.asarray(noise_var, dtype=np.float32), received.shape)
    layout = bits._layout(n_bytes, mcs)
    code, count = layout.code, len(received)
    llr = qam.soft_demap(received.ravel(), variance.ravel(), mcs.bits_per_symbol)
    llr = llr.reshape(count, mcs.repetition, layout.symbols, layout.codewords, -1).sum(axis=1)
    sent = np.empty((count, layout.codewords, layout.sent), dtype=np.float32)
    order = bits._interleaver(layout.sent, mcs.bits_per_symbol)
    sent[:, :, order] = llr.transpose(0, 2, 1, 3)
    words = np.full((count, layout.codewords, code.n), ldpc.MAX_LLR, dtype=np.float32)
    words[..., : layout.info] = sent[..., : layout.info]
    words[..., code.k :] = sent[..., layout.info :]

    decoded = code.decode(words.reshape(-1, code.n), max_iter)
    message = decoded.bits[:, : layout.info].reshape(count, -1)
    framed = np.packbits(message ^ bits._scrambler(message.shape[1]), axis=1)
    framed = framed[:, : n_bytes + bits.CRC_BYTES]
    return [_checked(row.tobytes(), n_bytes) for row in framed]


def _checked(framed: bytes, n_bytes: int) -> bytes | None:
    payload = framed[:n_bytes]
    return payload if crc32(payload) == int.from_bytes(framed[n_bytes:], "big") else None
