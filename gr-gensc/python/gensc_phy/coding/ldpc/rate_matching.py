"""Any number of information bits in any number of coded bits: filler bits and a circular buffer.

TS 38.212, 5.4.2.1: the codeword without its punctured columns and without the filler bits is a
ring; as many bits as are to be sent are read from it, once around or several times.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.ldpc.nr import (
    BG1,
    BG2,
    CORE_ROWS,
    PUNCTURED_COLUMNS,
    BaseGraph,
    lifting_size,
    nr_code,
)
from gensc_phy.coding.ldpc.quasi_cyclic import MAX_LLR, DecodeResult


def base_graph(information_bits: int, rate: float) -> BaseGraph:
    """The graph for a block of this length and code rate (TS 38.212, 6.2.2)."""
    if information_bits <= 292 or (rate <= 0.67 and information_bits <= 3824):
        return BG2
    return BG2 if rate <= 0.25 and information_bits <= BG2.max_information_bits else BG1


def longest_block(rate: float) -> int:
    """Information bits of the longest block at a code rate."""
    return BG2.max_information_bits if rate <= 0.25 else BG1.max_information_bits


class RateMatchedCode:
    """A code for k information bits in e coded bits.

    Args:
        k: information bits, 1 to the longest of the graph.
        e: coded bits sent, at least k.
        graph: `BG1` or `BG2`; by `base_graph` where not given.

    Attributes:
        code: the lifted code, with no more rows than what is sent makes use of.
    """

    def __init__(self, k: int, e: int, graph: BaseGraph | None = None) -> None:
        if not 1 <= k <= e:
            raise ValueError(f"{k} information bits in {e} coded bits: need 1 <= k <= e")
        graph = base_graph(k, k / e) if graph is None else graph
        z = lifting_size(graph, k)
        filler = graph.information_columns * z - k
        columns = -(-(e + filler) // z) + PUNCTURED_COLUMNS
        rows = min(max(columns - graph.information_columns, CORE_ROWS), graph.rows)
        self.k = k
        self.e = e
        self.code = nr_code(graph, z, rows)
        ring = np.arange(PUNCTURED_COLUMNS * z, self.code.n)
        ring = ring[(ring < k) | (ring >= k + filler)]
        self._ring = ring

    def encode(self, bits: ArrayLike) -> NDArray[np.uint8]:
        """Coded bits, uint8 [B, e], of information bits [B, k].

        Raises:
            ValueError: when the shape is not [B, k].
        """
        info = np.asarray(bits, dtype=np.uint8)
        if info.ndim != 2 or info.shape[1] != self.k:
            raise ValueError(f"information bits must have shape [B, {self.k}], got {info.shape}")
        filled = np.zeros((len(info), self.code.k), dtype=np.uint8)
        filled[:, : self.k] = info
        return self.code.encode(filled)[:, np.resize(self._ring, self.e)]

    def decode(self, llr: ArrayLike, max_iter: int = 50) -> DecodeResult:
        """Decode a batch; LLRs of a bit that was sent several times are added.

        Args:
            llr: LLR per coded bit, shape [B, e].
            max_iter: most iterations per word.

        Raises:
            ValueError: when the shape is not [B, e] or `max_iter` is negative.
        """
        result = self.code.decode(self.fill(llr), max_iter)
        return DecodeResult(result.bits[:, : self.k], result.ok, result.iterations)

    def fill(self, llr: ArrayLike) -> NDArray[np.float32]:
        """LLRs of whole codewords, float32 [B, n]: filler is certain, what is not sent unknown."""
        received = np.asarray(llr, dtype=np.float32)
        if received.ndim != 2 or received.shape[1] != self.e:
            raise ValueError(f"LLRs must have shape [B, {self.e}], got {received.shape}")
        words = np.zeros((len(received), self.code.n), dtype=np.float32)
        words[:, self.k : self.code.k] = MAX_LLR
        for start in range(0, self.e, self._ring.size):
            part = received[:, start : start + self._ring.size]
            words[:, self._ring[: part.shape[1]]] += part
        return words


@lru_cache(maxsize=256)
def rate_matched(k: int, e: int) -> RateMatchedCode:
    """The code of k information bits in e coded bits; the latest ones are kept."""
    return RateMatchedCode(k, e)
