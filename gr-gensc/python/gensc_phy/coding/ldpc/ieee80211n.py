"""LDPC codes of IEEE 802.11n with their systematic encoder.

The dual diagonal of the parity part gives all parity bits in one pass (Richardson and Urbanke,
"Efficient encoding of low-density parity-check codes", 2001).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.ldpc.ieee80211n_tables import BLOCK_COLUMNS, base_matrix
from gensc_phy.coding.ldpc.quasi_cyclic import QuasiCyclicCode


class LdpcCode(QuasiCyclicCode):
    """One of the twelve 802.11n codes.

    Args:
        n: codeword length in bits, 648, 1296 or 1944.
        rate: "1/2", "2/3", "3/4" or "5/6".

    Attributes:
        rate: the code rate as given.
    """

    def __init__(self, n: int, rate: str) -> None:
        super().__init__(base_matrix(n, rate), n // BLOCK_COLUMNS)
        self.rate = rate

    def __repr__(self) -> str:
        return f"LdpcCode(n={self.n}, rate={self.rate!r})"

    def encode(self, bits: ArrayLike) -> NDArray[np.uint8]:
        """Systematic codewords, uint8 [B, n], of information bits (0 or 1) of shape [B, k].

        Raises:
            ValueError: when the shape is not [B, k].
        """
        info = np.asarray(bits, dtype=np.uint8)
        if info.ndim != 2 or info.shape[1] != self.k:
            raise ValueError(f"information bits must have shape [B, {self.k}], got {info.shape}")
        z, rows = self.z, len(self.layers)
        k_columns = BLOCK_COLUMNS - rows
        word = np.empty((BLOCK_COLUMNS, z, info.shape[0]), dtype=np.uint8)
        word[:k_columns] = info.T.reshape(k_columns, z, -1)
        partial = np.zeros((rows, z, info.shape[0]), dtype=np.uint8)
        for r, layer in enumerate(self.layers):
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


@cache
def code(n: int, rate: str) -> LdpcCode:
    """The code of length `n` (648, 1296, 1944) and rate "1/2", "2/3", "3/4" or "5/6"; cached.

    Raises:
        ValueError: when the standard has no such code.
    """
    return LdpcCode(n, rate)
