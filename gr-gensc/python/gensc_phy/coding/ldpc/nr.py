"""Rate-compatible LDPC codes of 5G New Radio: base graphs, lifting sizes, encoder.

Facts of the standard, 3GPP TS 38.212: lifting sizes table 5.3.2-1, base graphs tables 5.3.2-2 and
5.3.2-3 (the two CSV files beside this one, one edge per line with its shift for each of the eight
sets of lifting sizes). The first two block columns are never sent; behind a core of four block rows
every further row adds one parity column that no other row has, so a code of any lower rate is the
same code with more of its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.ldpc import kernel
from gensc_phy.coding.ldpc.quasi_cyclic import QuasiCyclicCode

CORE_ROWS = 4
"""Block rows whose parity columns depend on each other."""

PUNCTURED_COLUMNS = 2
"""Block columns at the start of the codeword that are never sent."""

_SETS = {
    base << power: index
    for index, base in enumerate((2, 3, 5, 7, 9, 11, 13, 15))
    for power in range(8)
    if base << power <= 384
}

LIFTING_SIZES = tuple(sorted(_SETS))
"""All 51 lifting sizes, 2 to 384."""


@dataclass(frozen=True)
class BaseGraph:
    """One of the two base graphs.

    Attributes:
        number: 1 or 2.
        rows: its block rows.
        information_columns: block columns of information bits.
    """

    number: int
    rows: int
    information_columns: int

    @property
    def max_information_bits(self) -> int:
        """Information bits of the longest code."""
        return self.information_columns * LIFTING_SIZES[-1]

    @cache  # noqa: B019 -- two graphs in all
    def edges(self) -> NDArray[np.int16]:
        """Row, column and the shifts of the eight sets of every edge; int16 [E, 10]."""
        file = Path(__file__).with_name(f"nr_base_graph_{self.number}.csv")
        return np.loadtxt(file, dtype=np.int16, delimiter=",", skiprows=1)

    def shifts(self, z: int, rows: int) -> NDArray[np.int16]:
        """The first `rows` block rows for a lifting size, as `QuasiCyclicCode` takes them."""
        edges = self.edges()
        edges = edges[edges[:, 0] < rows]
        base = np.full((rows, self.information_columns + rows), -1, dtype=np.int16)
        base[edges[:, 0], edges[:, 1]] = edges[:, 2 + _SETS[z]] % z
        return base


BG1 = BaseGraph(1, rows=46, information_columns=22)
"""For long blocks and high rates: 1/3 and above before repetition."""

BG2 = BaseGraph(2, rows=42, information_columns=10)
"""For short blocks and low rates: 1/5 and above before repetition."""


def lifting_size(graph: BaseGraph, information_bits: int) -> int:
    """The smallest lifting size that holds so many bits (TS 38.212, 5.2.2).

    Raises:
        ValueError: there is none.
    """
    columns = graph.information_columns
    if graph is BG2:
        # Short blocks leave the last information columns to filler bits and lift the rest higher.
        columns = next(
            c for c, above in ((10, 640), (9, 560), (8, 192), (6, -1)) if information_bits > above
        )
    for z in LIFTING_SIZES:
        if columns * z >= information_bits:
            return z
    raise ValueError(f"{information_bits} bits: base graph {graph.number} has no lifting size")


class NrCode(QuasiCyclicCode):
    """A base graph with its first block rows only, lifted.

    Args:
        graph: `BG1` or `BG2`.
        z: one of `LIFTING_SIZES`.
        rows: block rows in use, `CORE_ROWS` to all.

    Attributes:
        graph: the base graph.
        rows: block rows in use.

    Raises:
        ValueError: no such lifting size or number of rows.
    """

    def __init__(self, graph: BaseGraph, z: int, rows: int) -> None:
        if z not in _SETS:
            raise ValueError(f"lifting size {z}: not one of {LIFTING_SIZES}")
        if not CORE_ROWS <= rows <= graph.rows:
            raise ValueError(
                f"{rows} rows: base graph {graph.number} has {CORE_ROWS} to {graph.rows}"
            )
        super().__init__(graph.shifts(z, rows), z)
        self.graph = graph
        self.rows = rows

    def __repr__(self) -> str:
        return f"NrCode(BG{self.graph.number}, z={self.z}, rows={self.rows})"

    def encode(self, bits: ArrayLike) -> NDArray[np.uint8]:
        """Systematic codewords, uint8 [B, n], of information bits (0 or 1) of shape [B, k].

        The punctured columns are part of the codeword.

        Raises:
            ValueError: when the shape is not [B, k].
        """
        info = np.asarray(bits, dtype=np.uint8)
        if info.ndim != 2 or info.shape[1] != self.k:
            raise ValueError(f"information bits must have shape [B, {self.k}], got {info.shape}")
        words = np.zeros((len(info), self.n), dtype=np.uint8)
        words[:, : self.k] = info
        blocks = words.reshape(len(info), -1, self.z)
        sums = np.zeros((len(info), self.rows, self.z), dtype=np.uint8)
        kernel.parity(words, self._columns, self._shifts, self._starts, self.z, sums)
        first = self.graph.information_columns
        self._core(blocks[:, first : first + CORE_ROWS], sums[:, :CORE_ROWS])
        if self.rows > CORE_ROWS:
            extension = self._starts[CORE_ROWS:]
            sums = np.zeros((len(info), self.rows - CORE_ROWS, self.z), dtype=np.uint8)
            kernel.parity(words, self._columns, self._shifts, extension, self.z, sums)
            blocks[:, first + CORE_ROWS :] = sums
        return words

    def _core(self, parity: NDArray[np.uint8], sums: NDArray[np.uint8]) -> None:
        """Fill in the core's parity [B, 4, z], given its checks' sums [B, 4, z] without it.

        Over all four rows the dual diagonal cancels, and so do two of the three circulants of the
        first parity column: what is left is that block, shifted.
        """
        first = self.graph.information_columns
        edges = [
            {c - first: s for c, s in layer if c >= first} for layer in self.layers[:CORE_ROWS]
        ]
        shifts = [row[0] for row in edges if 0 in row]
        odd = next(s for s in shifts if shifts.count(s) % 2)
        parity[:, 0] = np.roll(np.bitwise_xor.reduce(sums, axis=1), odd, axis=1)
        for row in range(CORE_ROWS - 1):
            total = sums[:, row].copy()
            for column, shift in edges[row].items():
                if column <= row:
                    total ^= np.roll(parity[:, column], -shift, axis=1)
            parity[:, row + 1] = total


@cache
def nr_code(graph: BaseGraph, z: int, rows: int) -> NrCode:
    """The code of these parameters; cached."""
    return NrCode(graph, z, rows)
