"""Sections to bursts: fragmentation and interleaving; `assemble` is the way back.

A section's symbols are permuted pseudo-randomly over all its fragments, so that a lost burst
becomes erasures spread over the whole section, at positions the receiver knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding.pseudorandom import permutation
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.header import Header

MAX_FRAGMENTS = 4096
T = TypeVar("T")


def interleaver(header: Header) -> NDArray[np.int64]:
    """Order in which the symbols of a section are cut into fragments; [N]."""
    seed = (header.image_id << 4) | (header.stream << 2) | header.section
    return permutation(header.section_symbols, seed)


def split(
    header: Header,
    symbols: NDArray[np.complex64],
    cfg: WaveformConfig,
    at_least: int = 1,
) -> list[tuple[Header, NDArray[np.complex64]]]:
    """Cut a section into fragments of nearly equal length.

    Args:
        header: of the section, as one fragment.
        symbols: all symbols of the section, [N].
        cfg: waveform; a fragment holds at most cfg.max_payload symbols.
        at_least: fragments, as far as each then has a symbol.

    Returns:
        (header, symbols) for every burst, in order.

    Raises:
        ValueError: more symbols than MAX_FRAGMENTS bursts hold, or another number of them than the
            header says.
    """
    n = len(symbols)
    if header.section_symbols != n:
        raise ValueError(
            f"{header.section.name.lower()} section of {n} symbols, "
            f"header says {header.section_symbols}"
        )
    count = max(1, min(at_least, n), -(-n // cfg.max_payload))
    if count > MAX_FRAGMENTS:
        raise ValueError(f"{n} symbols need {count} bursts, more than {MAX_FRAGMENTS}")
    mixed = np.asarray(symbols, dtype=np.complex64)[interleaver(header)]
    parts = [replace(header, fragment=i, fragments=count) for i in range(count)]
    return [(part, mixed[part.first : part.first + part.length]) for part in parts]


def interleave(sections: Sequence[Sequence[T]]) -> list[T]:
    """The items of several sequences in one, those of each spread evenly over the whole."""
    placed = [
        ((number + 0.5) / len(section), order, item)
        for order, section in enumerate(sections)
        for number, item in enumerate(section)
    ]
    return [item for _, _, item in sorted(placed, key=lambda p: p[:2])]


def fragment_edges(n: int, count: int) -> NDArray[np.int64]:
    """First symbol of every fragment, and the end; [count + 1]."""
    return np.arange(count + 1, dtype=np.int64) * n // count
