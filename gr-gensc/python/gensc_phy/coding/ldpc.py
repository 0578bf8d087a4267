"""LDPC codes of IEEE 802.11n: systematic encoder and layered min-sum decoder in NumPy.

Log-likelihood ratios are LLR = log p(bit = 0) / p(bit = 1): positive means 0, zero is an erasure.

Encoder: the dual diagonal of the parity part gives all parity bits in one pass (Richardson and
Urbanke, "Efficient encoding of low-density parity-check codes", 2001).

Decoder: row-layered belief propagation (Hocevar, "A reduced complexity decoder architecture via
layered decoding of LDPC codes", 2004) with the normalised min-sum check rule (Chen and Fossorier,
"Near optimum universal belief propagation based decoding of LDPC codes", 2002). Measured against
exact belief propagation at BLER 1e-2 it loses 0.2 dB with QPSK 1/2 and 0.1 dB with 256-QAM 3/4; an
offset in place of the factor changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.ldpc_tables import BLOCK_COLUMNS, base_matrix

MAX_LLR = 100.0
"""Channel LLRs are clipped to this: one wildly overconfident symbol must not outvote the rest."""

NORMALISATION = np.float32(0.8125)
"""Factor on check messages that makes up for min-sum's overestimate; best of .7 to .85."""

SIGN_BIT = np.int32(-(2**31))
"""Sign of an IEEE 754 single."""

CHUNK = 64
"""Words decoded side by side; also the width of the packed words in the syndrome check."""

COMPACT_AT = 0.25
"""Share of finished words in a batch at which the unfinished ones are moved together."""


@dataclass(frozen=True)
class DecodeResult:
    """What the decoder found.

    Attributes:
        bits: information bits, uint8 [B, k]; best effort where `ok` is False.
        ok: bool [B]; every parity check holds and no bit is left undecided.
        iterations: int32 [B]; 0 where the channel's hard decisions were a codeword already.
    """

    bits: NDArray[np.uint8]
    ok: NDArray[np.bool_]
    iterations: NDArray[np.int32]


class LdpcCode:
    """One of the twelve 802.11n codes.

    Args:
        n: codeword length in bits, 648, 1296 or 1944.
        rate: "1/2", "2/3", "3/4" or "5/6".

    Attributes:
        n: codeword length in bits.
        k: information bits per codeword; they come first in the codeword.
        rate: the code rate as given.
        z: sub-block size n / 24.
    """

    def __init__(self, n: int, rate: str) -> None:
        base = base_matrix(n, rate)
        self.n = n
        self.rate = rate
        self.z = n // BLOCK_COLUMNS
        self.block_rows = base.shape[0]
        self.k = n - self.block_rows * self.z
        # One layer per block row: its (block column, shift) pairs.
        self._layers = [[(int(c), int(row[c])) for c in np.flatnonzero(row >= 0)] for row in base]
        # Bits taking part in each check, check after check, for the syndrome.
        lanes = np.arange(self.z)
        self._check_bits = np.concatenate(
            [
                np.stack([c * self.z + (lanes + s) % self.z for c, s in layer], axis=1).ravel()
                for layer in self._layers
            ]
        )
        degrees = np.repeat([len(layer) for layer in self._layers], self.z)
        self._check_start = np.concatenate([[0], np.cumsum(degrees)[:-1]])

    def __repr__(self) -> str:
        return f"LdpcCode(n={self.n}, rate={self.rate!r})"

    def parity_check_matrix(self) -> NDArray[np.uint8]:
        """The dense parity-check matrix H, uint8 [n - k, n], for tests and other decoders."""
        h = np.zeros((self.n - self.k, self.n), dtype=np.uint8)
        degrees = np.diff(np.append(self._check_start, self._check_bits.size))
        h[np.repeat(np.arange(self.n - self.k), degrees), self._check_bits] = 1
        return h

    def encode(self, bits: ArrayLike) -> NDArray[np.uint8]:
        """Systematic codewords, uint8 [B, n], of information bits (0 or 1) of shape [B, k].

        Raises:
            ValueError: when the shape is not [B, k].
        """
        info = np.asarray(bits, dtype=np.uint8)
        if info.ndim != 2 or info.shape[1] != self.k:
            raise ValueError(f"information bits must have shape [B, {self.k}], got {info.shape}")
        z, rows, k_columns = self.z, self.block_rows, BLOCK_COLUMNS - self.block_rows
        word = np.empty((BLOCK_COLUMNS, z, info.shape[0]), dtype=np.uint8)
        word[:k_columns] = info.T.reshape(k_columns, z, -1)
        partial = np.zeros((rows, z, info.shape[0]), dtype=np.uint8)
        for r, layer in enumerate(self._layers):
            for c, s in layer:
                if c < k_columns:
                    partial[r, : z - s] ^= word[c, s:]
                    partial[r, z - s :] ^= word[c, :s]
        # Summed over all block rows the dual diagonal cancels and only the first parity block,
        # seen through shifts 1, 0 and 1, is left.
        first = np.bitwise_xor.reduce(partial, axis=0)
        rotated = np.roll(first, -1, axis=0)
        word[k_columns] = first
        word[k_columns + 1] = partial[0] ^ rotated
        for r in range(1, rows - 1):
            word[k_columns + 1 + r] = partial[r] ^ word[k_columns + r]
            if r == rows // 2:
                word[k_columns + 1 + r] ^= first
        return np.ascontiguousarray(word.reshape(self.n, -1).T)

    def is_codeword(self, bits: ArrayLike) -> NDArray[np.bool_]:
        """Whether each row of `bits`, shape [B, n], satisfies every parity check; bool [B]."""
        words = np.asarray(bits, dtype=np.uint8)
        if words.ndim != 2 or words.shape[1] != self.n:
            raise ValueError(f"codewords must have shape [B, {self.n}], got {words.shape}")
        ok = np.empty(words.shape[0], dtype=bool)
        for start in range(0, len(ok), CHUNK):
            chunk = words[start : start + CHUNK]
            ok[start : start + CHUNK] = self._checks_hold(np.ascontiguousarray(chunk.T) != 0)
        return ok

    def decode(self, llr: ArrayLike, max_iter: int = 50) -> DecodeResult:
        """Decode a batch of words.

        Args:
            llr: LLR per codeword bit, shape [B, n]. NaN counts as an erasure (0), infinities and
                large values are clipped to `MAX_LLR`.
            max_iter: most layered iterations per word; words that converge leave the batch.

        Raises:
            ValueError: when the shape is not [B, n] or `max_iter` is negative.
        """
        values = np.asarray(llr, dtype=np.float32)
        if values.ndim != 2 or values.shape[1] != self.n:
            raise ValueError(f"LLRs must have shape [B, {self.n}], got {values.shape}")
        if max_iter < 0:
            raise ValueError(f"max_iter must not be negative, got {max_iter}")
        batch = values.shape[0]
        bits = np.empty((batch, self.k), dtype=np.uint8)
        ok = np.zeros(batch, dtype=bool)
        iterations = np.zeros(batch, dtype=np.int32)
        for start in range(0, batch, CHUNK):
            part = slice(start, start + CHUNK)
            self._decode_chunk(values[part], max_iter, bits[part], ok[part], iterations[part])
        return DecodeResult(bits, ok, iterations)

    def _checks_hold(self, hard: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Syndrome of at most 64 words at once: hard decisions [n, B] -> bool [B]."""
        batch = hard.shape[1]
        packed = np.zeros((self.n, 8), dtype=np.uint8)
        packed[:, : (batch + 7) // 8] = np.packbits(hard, axis=1)
        one_integer_per_bit = packed.view(np.uint64)[:, 0]
        checks = np.bitwise_xor.reduceat(one_integer_per_bit[self._check_bits], self._check_start)
        failed = np.bitwise_or.reduce(checks)
        return np.unpackbits(np.array([failed]).view(np.uint8), count=batch) == 0

    def _converged(self, posterior: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Words [n, B] whose hard decisions are a codeword with no undecided (zero) bit."""
        done = self._checks_hold(posterior < 0)
        candidates = np.flatnonzero(done)
        if candidates.size:
            done[candidates] = (posterior[:, candidates] != 0).all(axis=0)
        return done

    def _decode_chunk(
        self,
        llr: NDArray[np.float32],
        max_iter: int,
        bits: NDArray[np.uint8],
        ok: NDArray[np.bool_],
        iterations: NDArray[np.int32],
    ) -> None:
        """Decode at most `CHUNK` words into the output arrays."""
        # Words are the last axis, so that a cyclic shift moves whole contiguous rows.
        posterior = np.clip(np.nan_to_num(llr.T, nan=0.0), -MAX_LLR, MAX_LLR)
        posterior = np.ascontiguousarray(posterior, dtype=np.float32)
        alive = np.arange(llr.shape[0])
        finished = np.zeros(llr.shape[0], dtype=bool)
        schedule: _Schedule | None = None
        for iteration in range(max_iter + 1):
            done = self._converged(posterior)
            leaving = ~finished if iteration == max_iter else done & ~finished
            gone = alive[leaving]
            bits[gone] = (posterior[: self.k, leaving] < 0).T
            ok[gone] = done[leaving]
            iterations[gone] = iteration
            finished |= leaving
            if finished.all():
                return
            # Moving the state costs about an iteration: only do it once it pays.
            if schedule is None or finished.mean() >= COMPACT_AT:
                stay = ~finished
                messages = None if schedule is None else schedule.messages[..., stay]
                posterior = np.ascontiguousarray(posterior[:, stay])
                alive, finished = alive[stay], finished[stay]
                schedule = _Schedule(self._layers, self.z, posterior, messages)
            schedule.iterate()


class _Schedule:
    """One batch's decoder state and the array views that every iteration goes through.

    A cyclic shift is never carried out: each block is read and written as two slices. All views
    are made once per batch, so that an iteration is nothing but ufunc calls on them.
    """

    def __init__(
        self,
        layers: list[list[tuple[int, int]]],
        z: int,
        posterior: NDArray[np.float32],
        messages: NDArray[np.float32] | None,
    ) -> None:
        batch = posterior.shape[1]
        edges = sum(len(layer) for layer in layers)
        if messages is None:
            messages = np.zeros((edges, z, batch), dtype=np.float32)
        self.messages = np.ascontiguousarray(messages)
        blocks = posterior.reshape(BLOCK_COLUMNS, z, batch)
        widest = max(len(layer) for layer in layers)
        extrinsic = np.empty((widest, z, batch), dtype=np.float32)
        magnitude = np.empty_like(extrinsic)
        self._running_min = np.empty((z, batch), dtype=np.float32)
        self._product = np.empty((z, batch), dtype=np.int32)
        self._layers = []
        edge = 0
        for layer in layers:
            degree = len(layer)
            message = self.messages[edge : edge + degree]
            edge += degree
            moves = []
            for e, (column, shift) in enumerate(layer):
                block, cut = blocks[column], z - shift
                moves.append((block[shift:], message[e, :cut], extrinsic[e, :cut]))
                if shift:
                    moves.append((block[:shift], message[e, cut:], extrinsic[e, cut:]))
            self._layers.append((moves, message, extrinsic[:degree], magnitude[:degree]))

    def iterate(self) -> None:
        """Go once over all layers, updating `posterior` and `messages` in place."""
        for moves, message, extrinsic, magnitude in self._layers:
            for block, old, out in moves:
                np.subtract(block, old, out=out)
            np.abs(extrinsic, out=magnitude)
            magnitude *= NORMALISATION
            self._minimum_of_the_others(magnitude, message)
            # The sign bit of the xor over all edges is the product of all signs; one more xor
            # takes an edge's own sign out of it again.
            # (`magnitude` is free again and serves as scratch; np.copysign is eight times slower.)
            signs, scratch, bits = (a.view(np.int32) for a in (extrinsic, magnitude, message))
            np.bitwise_xor.reduce(signs, axis=0, out=self._product)
            np.bitwise_xor(signs, self._product, out=scratch)
            np.bitwise_and(scratch, SIGN_BIT, out=scratch)
            np.bitwise_or(bits, scratch, out=bits)
            for block, new, extr in moves:
                np.add(extr, new, out=block)

    def _minimum_of_the_others(
        self, magnitude: NDArray[np.float32], out: NDArray[np.float32]
    ) -> None:
        """out[e] = min over e' != e of magnitude[e'], from running minima of both directions."""
        degree = len(magnitude)
        np.copyto(out[1], magnitude[0])
        for e in range(2, degree):
            np.minimum(out[e - 1], magnitude[e - 1], out=out[e])
        np.copyto(out[0], magnitude[degree - 1])
        running = self._running_min
        np.copyto(running, magnitude[degree - 1])
        for e in range(degree - 2, 0, -1):
            np.minimum(out[e], running, out=out[e])
            np.minimum(running, magnitude[e], out=running)
        np.copyto(out[0], running)


@cache
def code(n: int, rate: str) -> LdpcCode:
    """The code of length `n` (648, 1296, 1944) and rate "1/2", "2/3", "3/4" or "5/6"; cached.

    Raises:
        ValueError: when the standard has no such code.
    """
    return LdpcCode(n, rate)
