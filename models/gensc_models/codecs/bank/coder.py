"""Entropy coding of integer symbols: constriction's range coder over integer tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import constriction
import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.tables import TOTAL, Counts

# The extension's submodules can be reached as attributes, not imported by their names.
Categorical: TypeAlias = constriction.stream.model.Categorical
Uniform: TypeAlias = constriction.stream.model.Uniform
RangeDecoder = constriction.stream.queue.RangeDecoder
RangeEncoder = constriction.stream.queue.RangeEncoder

Words = NDArray[np.uint32]
Symbols = NDArray[np.int32]


@dataclass(frozen=True)
class CodingTable:
    """A probability table as the range coder wants it; ``cost`` is each symbol's bits."""

    counts: Counts
    model: Categorical
    cost: NDArray[np.float64]

    def __reduce__(self) -> tuple[Callable[[Counts], CodingTable], tuple[Counts]]:
        """Copies and pickles by the counts: the coder's own model can do neither."""
        return CodingTable.from_counts, (self.counts,)

    @classmethod
    def from_counts(cls, counts: Counts) -> CodingTable:
        """Counts of sum 2^20. They and their sums are exact as floating-point numbers, so that
        constriction derives the same 24-bit table on every machine."""
        probability = counts.astype(np.float64) / TOTAL
        return cls(counts, Categorical(probability, perfect=False), -np.log2(probability))


class SymbolWriter:
    """Range encoder that knows the information of what it wrote, by part.

    ``bits`` maps the part names given to the methods to bits (not rounded to words).
    """

    def __init__(self) -> None:
        self._encoder = RangeEncoder()
        self.bits: dict[str, float] = defaultdict(float)

    def write(self, part: str, symbols: Symbols, table: CodingTable) -> None:
        """Symbols ``n`` of one table."""
        if len(symbols):
            self._encoder.encode(np.ascontiguousarray(symbols, dtype=np.int32), table.model)
            self.bits[part] += float(table.cost[symbols].sum())

    def write_uniform(self, part: str, values: Symbols, size: int) -> None:
        """Values ``n`` below ``size`` (2 to 2^16), all equally likely."""
        if len(values):
            self._encoder.encode(np.ascontiguousarray(values, dtype=np.int32), Uniform(size))
            self.bits[part] += len(values) * float(np.log2(size))

    def words(self) -> Words:
        """All that was written."""
        return self._encoder.get_compressed()


class SymbolReader:
    """Range decoder of what :class:`SymbolWriter` wrote.

    Of a stream that is known to be cut off, what was there is told from what the decoder made up:
    it is decoded twice, once continued with zeros and once with ones, and ends where they differ.
    """

    def __init__(self, words: Words, cut_off: bool = False) -> None:
        ends = ([0] * 4, [0xFFFFFFFF] * 4) if cut_off else ([],)
        self._decoders = [
            RangeDecoder(np.concatenate([words, np.array(end, np.uint32)])) for end in ends
        ]

    def _decode(self, model: Categorical | Uniform, count: int) -> Symbols:
        try:
            read = [decoder.decode(model, count) for decoder in self._decoders]
        except (ValueError, AssertionError, RuntimeError) as error:
            raise BitstreamError("the entropy-coded part is damaged") from error
        if any(not np.array_equal(other, read[0]) for other in read[1:]):
            raise BitstreamError("the stream ends too early")
        return read[0]

    def read(self, count: int, table: CodingTable) -> Symbols:
        """``count`` symbols of one table.

        Raises
        ------
        BitstreamError
            The stream is damaged or has ended.
        """
        return self._decode(table.model, count) if count else np.zeros(0, np.int32)

    def read_uniform(self, count: int, size: int) -> Symbols:
        """``count`` values below ``size``; errors as :meth:`read`."""
        return self._decode(Uniform(size), count) if count else np.zeros(0, np.int32)
