"""Sections to bursts and back: fragmentation, interleaving, reassembly.

A section's symbols are permuted pseudo-randomly over all its fragments, so that a lost burst
becomes erasures spread over the whole section, at positions the receiver knows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding.pseudorandom import permutation
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.demodulate import Burst
from gensc_phy.waveform.header import Header, Section

MAX_FRAGMENTS = 4096
T = TypeVar("T")
_Key = tuple[int, int, Section, int]
"""Session, image, section and stream."""


def _interleaver(header: Header) -> NDArray[np.int64]:
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
    mixed = np.asarray(symbols, dtype=np.complex64)[_interleaver(header)]
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


@dataclass(frozen=True)
class SectionSymbols:
    """A section put together again, complete or not.

    Attributes:
        header: header of the section (fragment 0).
        symbols: [N]; 0 where lost.
        noise_var: error variance of every symbol, [N]; inf where lost.
        received: fragments received; `fragments` of them were sent.
        snr_db: mean over the received bursts of their Es/N0, averaged in linear units.
        cfo_hz: mean over the received bursts.
        last_sample: start of the latest of its bursts, sample index.
    """

    header: Header
    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]
    received: int
    snr_db: float
    cfo_hz: float
    last_sample: int

    @property
    def fragments(self) -> int:
        """Fragments that were sent."""
        return self.header.fragments

    @property
    def complete(self) -> bool:
        """Every fragment was received."""
        return self.received == self.fragments


@dataclass
class AssemblerStats:
    """Counters of an assembler.

    Attributes:
        fragments: bursts added.
        duplicates: bursts that were there already.
        refused: bursts whose header contradicts itself or is larger than allowed.
        complete, incomplete: sections given out.
    """

    fragments: int = 0
    duplicates: int = 0
    refused: int = 0
    complete: int = 0
    incomplete: int = 0


class _Pending:
    """A section that is still being received."""

    def __init__(self, header: Header) -> None:
        n = header.section_symbols
        self.header = header
        self.mixed = np.zeros(n, dtype=np.complex64)
        self.noise_var = np.full(n, np.inf, dtype=np.float32)
        self.seen: set[int] = set()
        self.snr: list[float] = []
        self.cfo: list[float] = []
        self.last_sample = 0

    def finish(self) -> SectionSymbols:
        order = _interleaver(self.header)
        symbols, noise_var = np.empty_like(self.mixed), np.empty_like(self.noise_var)
        symbols[order], noise_var[order] = self.mixed, self.noise_var
        return SectionSymbols(
            header=self.header,
            symbols=symbols,
            noise_var=noise_var,
            received=len(self.seen),
            snr_db=float(10 * np.log10(np.mean(10 ** (np.array(self.snr) / 10)))),
            cfo_hz=float(np.mean(self.cfo)),
            last_sample=self.last_sample,
        )


class Assembler:
    """Collects bursts into sections.

    A section is given out when it is complete; when it is not, as soon as `max_pending` newer
    ones wait beside it, when `expire` finds it old, or at `flush`. What was received is never
    thrown away: missing symbols are marked by an infinite noise variance.

    Args:
        max_pending: sections kept waiting at most.
        max_symbols: largest section accepted; bounds the memory a header can ask for.
    """

    def __init__(self, max_pending: int = 8, max_symbols: int = 1 << 22) -> None:
        self.max_pending = max_pending
        self.max_symbols = max_symbols
        self.stats = AssemblerStats()
        self._pending: OrderedDict[_Key, _Pending] = OrderedDict()

    def add(self, burst: Burst) -> list[SectionSymbols]:
        """Take a burst; return the sections that come out because of it."""
        header = burst.header
        self.stats.fragments += 1
        if header.section_symbols > self.max_symbols or len(burst.symbols) != header.length:
            self.stats.refused += 1
            return []
        key = (header.session, header.image_id, header.section, header.stream)
        common = replace(header, fragment=0)
        out: list[SectionSymbols] = []
        pending = self._pending.get(key)
        if pending is not None and pending.header != common:
            # The image number came round again: the old section will not be completed.
            out.append(self._give(key))
            pending = None
        if pending is None:
            pending = self._pending[key] = _Pending(common)
        if header.fragment in pending.seen:
            self.stats.duplicates += 1
            return out
        here = slice(header.first, header.first + header.length)
        pending.mixed[here] = burst.symbols
        pending.noise_var[here] = burst.noise_var
        pending.seen.add(header.fragment)
        pending.snr.append(burst.snr_db)
        pending.cfo.append(burst.cfo_hz)
        pending.last_sample = max(pending.last_sample, burst.start)
        if len(pending.seen) == header.fragments:
            out.append(self._give(key))
        while len(self._pending) > self.max_pending:
            out.append(self._give(next(iter(self._pending))))
        return out

    def expire(self, before: int) -> list[SectionSymbols]:
        """Give out the sections whose latest burst started before sample `before`."""
        old = [k for k, p in self._pending.items() if p.last_sample < before]
        return [self._give(key) for key in old]

    def flush(self) -> list[SectionSymbols]:
        """Give out everything that waits."""
        return [self._give(key) for key in list(self._pending)]

    def _give(self, key: _Key) -> SectionSymbols:
        pending = self._pending.pop(key)
        section = pending.finish()
        self.stats.complete += section.complete
        self.stats.incomplete += not section.complete
        return section
