"""Quasi-cyclic codes: a base graph lifted by circulants, and the decoder for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.ldpc import kernel, reference
from gensc_phy.coding.ldpc.reference import MAX_LLR

__all__ = ["MAX_LLR", "DecodeResult", "QuasiCyclicCode"]


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


class QuasiCyclicCode:
    """A parity-check matrix made of Z x Z circulants, systematic.

    Args:
        base: int [rows, columns]; an entry i >= 0 is the identity with its columns cyclically
            shifted right by i modulo z, -1 the zero block.
        z: lifting size.

    Attributes:
        n: codeword length in bits.
        k: information bits per codeword; they come first in the codeword.
        z: the lifting size.
    """

    def __init__(self, base: NDArray[np.integer], z: int) -> None:
        rows, columns = base.shape
        self.z = z
        self.n = columns * z
        self.k = (columns - rows) * z
        self.layers: reference.Layers = [
            [(int(c), int(row[c]) % z) for c in np.flatnonzero(row >= 0)] for row in base
        ]
        edges = [edge for layer in self.layers for edge in layer]
        self._columns, self._shifts = np.array(edges, dtype=np.int64).T.copy()
        self._starts = np.cumsum([0, *map(len, self.layers)], dtype=np.int64)

    def parity_check_matrix(self) -> NDArray[np.uint8]:
        """The dense parity-check matrix H, uint8 [n - k, n], for tests and other decoders."""
        h = np.zeros((self.n - self.k, self.n), dtype=np.uint8)
        lanes = np.arange(self.z)
        for row, layer in enumerate(self.layers):
            for column, shift in layer:
                h[row * self.z + lanes, column * self.z + (lanes + shift) % self.z] = 1
        return h

    def is_codeword(self, bits: ArrayLike) -> NDArray[np.bool_]:
        """Whether each row of `bits`, shape [B, n], satisfies every parity check; bool [B]."""
        words = np.asarray(bits, dtype=np.uint8)
        if words.ndim != 2 or words.shape[1] != self.n:
            raise ValueError(f"codewords must have shape [B, {self.n}], got {words.shape}")
        return reference.checks_hold(np.ascontiguousarray(words.T) != 0, self.layers, self.z)

    def decode(self, llr: ArrayLike, max_iter: int = 50) -> DecodeResult:
        """Decode a batch of words by layered belief propagation (`reference`, compiled).

        Args:
            llr: LLR per codeword bit, shape [B, n]. NaN counts as an erasure (0), infinities and
                large values are clipped to `MAX_LLR`.
            max_iter: most iterations per word; a word that converges is done.

        Raises:
            ValueError: when the shape is not [B, n] or `max_iter` is negative.
        """
        values = np.ascontiguousarray(llr, dtype=np.float32)
        if values.ndim != 2 or values.shape[1] != self.n:
            raise ValueError(f"LLRs must have shape [B, {self.n}], got {values.shape}")
        if max_iter < 0:
            raise ValueError(f"max_iter must not be negative, got {max_iter}")
        batch = len(values)
        bits = np.empty((batch, self.k), dtype=np.uint8)
        ok = np.zeros(batch, dtype=bool)
        iterations = np.zeros(batch, dtype=np.int32)
        kernel.decode(
            values,
            self._columns,
            self._shifts,
            self._starts,
            self.z,
            max_iter,
            bits,
            ok,
            iterations,
        )
        return DecodeResult(bits, ok, iterations)
