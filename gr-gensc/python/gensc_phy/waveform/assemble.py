"""Bursts to sections: reassembly of what several transmitters send at once, and its accounts.

A section is what has one header but for the number of the fragment. What belongs together is said
by that header alone (session, image, weights, shape, rate …), never by the order of arrival.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.combine import combine
from gensc_phy.waveform.demodulate import Burst
from gensc_phy.waveform.fragment import interleaver
from gensc_phy.waveform.header import Header

REMEMBERED = 256
"""Sections that were given out and whose late and repeated bursts are still known as such."""
# Symbols of a burst that are compared with those of another one of the same number.
_COMPARED = 64
# Sections of all sessions together that wait at most, in units of one session's.
_SESSIONS = 4


@dataclass(frozen=True)
class SectionSymbols:
    """A section put together again, complete or not.

    Attributes:
        header: header of the section (fragment 0).
        symbols: [N]; 0 where lost.
        noise_var: error variance of every symbol, [N]; inf where lost.
        received: fragments received; `fragments` of them were sent.
        snr_db: mean over the fragments received of their Es/N0, averaged in linear units; that of
            copies adds up.
        cfo_hz: mean over the received bursts.
        last_sample: start of the latest of its bursts, sample index.
        header_symbols: OFDM symbols of their headers; None where nobody knows.
    """

    header: Header
    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]
    received: int
    snr_db: float
    cfo_hz: float
    last_sample: int
    header_symbols: int | None = None

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
    """Counters of an assembler; every burst is taken or one of the next five.

    Attributes:
        fragments: bursts added.
        taken: bursts that became a part of a section.
        combined: bursts that were there already and were put together with what was there.
        duplicates: bursts that were there already, with the same content.
        late: bursts of a section that had been given out without them.
        refused: bursts of sections larger than allowed, or of another length than they say.
        conflicting: of those taken, bursts whose number was there already with other content: they
            began a section of their own.
        complete, incomplete: sections given out.
    """

    fragments: int = 0
    taken: int = 0
    combined: int = 0
    duplicates: int = 0
    late: int = 0
    refused: int = 0
    conflicting: int = 0
    complete: int = 0
    incomplete: int = 0


@dataclass(frozen=True)
class _Glimpse:
    """The beginning of a burst, by which another one is known as the same or as another."""

    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]

    @classmethod
    def of(cls, burst: Burst) -> _Glimpse:
        return cls(burst.symbols[:_COMPARED].copy(), burst.noise_var[:_COMPARED].copy())

    def agrees(self, other: _Glimpse) -> bool:
        """Whether the difference is what noise explains, and not what two contents would have.

        Equal symbols differ by both noises, other ones by their own energies in addition; the
        decision is half way. Where noise hides both, they are taken as equal.
        """
        known = np.isfinite(self.noise_var) & np.isfinite(other.noise_var)
        if not known.any():
            return True
        a, b = self.symbols[known], other.symbols[known]
        noise = float(np.mean(self.noise_var[known] + other.noise_var[known]))
        energy = float(np.mean(np.abs(a) ** 2 + np.abs(b) ** 2)) - noise
        return float(np.mean(np.abs(a - b) ** 2)) <= noise + max(energy, 0.0) / 2


@dataclass
class _Pending:
    """A section that is still being received."""

    header: Header
    mixed: NDArray[np.complex64]
    noise_var: NDArray[np.float32]
    seen: dict[int, _Glimpse] = field(default_factory=dict)
    copies: dict[int, int] = field(default_factory=dict)
    snr: dict[int, float] = field(default_factory=dict)
    cfo: list[float] = field(default_factory=list)
    last_sample: int = 0
    header_symbols: int | None = None

    @classmethod
    def of(cls, header: Header) -> _Pending:
        n = header.section_symbols
        return cls(header, np.zeros(n, np.complex64), np.full(n, np.inf, np.float32))

    def take(self, burst: Burst) -> None:
        here = slice(burst.header.first, burst.header.first + burst.header.length)
        self.mixed[here], self.noise_var[here] = burst.symbols, burst.noise_var
        self.seen[burst.header.fragment] = _Glimpse.of(burst)
        self._note(burst)

    def add(self, burst: Burst) -> None:
        """One more copy of a burst that was taken, weighted as its noise says."""
        here = slice(burst.header.first, burst.header.first + burst.header.length)
        self.mixed[here], self.noise_var[here] = combine(
            [(self.mixed[here], self.noise_var[here]), (burst.symbols, burst.noise_var)]
        )
        self._note(burst)

    def whole(self, copies: int) -> bool:
        """Every fragment was received that often."""
        return len(self.seen) == self.header.fragments and min(self.copies.values()) >= copies

    def _note(self, burst: Burst) -> None:
        fragment = burst.header.fragment
        self.copies[fragment] = self.copies.get(fragment, 0) + 1
        # Copies add up: so do their signal-to-noise ratios.
        self.snr[fragment] = self.snr.get(fragment, 0.0) + 10 ** (burst.snr_db / 10)
        self.cfo.append(burst.cfo_hz)
        self.last_sample = max(self.last_sample, burst.start)
        self.header_symbols = burst.header_symbols or self.header_symbols

    def finish(self) -> SectionSymbols:
        order = interleaver(self.header)
        symbols, noise_var = np.empty_like(self.mixed), np.empty_like(self.noise_var)
        symbols[order], noise_var[order] = self.mixed, self.noise_var
        return SectionSymbols(
            header=self.header,
            symbols=symbols,
            noise_var=noise_var,
            received=len(self.seen),
            snr_db=float(10 * np.log10(np.mean(list(self.snr.values())))),
            cfo_hz=float(np.mean(self.cfo)),
            last_sample=self.last_sample,
            header_symbols=self.header_symbols,
        )


class Assembler:
    """Collects bursts into sections.

    A section is given out when it is complete; when it is not, as soon as `max_pending` newer
    ones of its session wait beside it, when `expire` finds it old, or at `flush`. What was received
    is never thrown away: missing symbols are marked by an infinite noise variance.

    Args:
        max_pending: sections of one session kept waiting at most; of all sessions together four
            times as many.
        max_symbols: largest section accepted; bounds the memory a header can ask for.
        copies: how often a sender sends everything: a section is complete when every burst has
            arrived so often, and copies of a burst are combined (maximum ratio).
    """

    def __init__(self, max_pending: int = 8, max_symbols: int = 1 << 22, copies: int = 1) -> None:
        self.max_pending = max_pending
        self.copies = copies
        self.max_symbols = max_symbols
        self.stats = AssemblerStats()
        self._pending: OrderedDict[Header, _Pending] = OrderedDict()
        self._given: OrderedDict[Header, dict[int, _Glimpse]] = OrderedDict()

    def add(self, burst: Burst) -> list[SectionSymbols]:
        """Take a burst; return the sections that come out because of it."""
        header = burst.header
        self.stats.fragments += 1
        if header.section_symbols > self.max_symbols or len(burst.symbols) != header.length:
            self.stats.refused += 1
            return []
        key = replace(header, fragment=0)
        out: list[SectionSymbols] = []
        pending = self._pending.get(key)
        seen = pending.seen if pending is not None else self._given.get(key)
        if seen is not None:
            before = seen.get(header.fragment)
            if before is not None and before.agrees(_Glimpse.of(burst)):
                if pending is None or self.copies == 1:
                    self.stats.duplicates += 1
                    return []
                pending.add(burst)
                self.stats.combined += 1
                return [self._give(key)] if pending.whole(self.copies) else []
            if before is not None:
                # The same number for something else: what was there must not be mixed with it.
                self.stats.conflicting += 1
                out += [self._give(key)] if pending is not None else []
                pending = None
            elif pending is None:
                self.stats.late += 1
                return []
        if pending is None:
            pending = self._pending[key] = _Pending.of(key)
        pending.take(burst)
        self.stats.taken += 1
        if pending.whole(self.copies):
            out.append(self._give(key))
        return [*out, *map(self._give, self._surplus(header.session))]

    def expire(self, before: int) -> list[SectionSymbols]:
        """Give out the sections whose latest burst started before sample `before`."""
        old = [k for k, p in self._pending.items() if p.last_sample < before]
        return [self._give(key) for key in old]

    def flush(self) -> list[SectionSymbols]:
        """Give out everything that waits."""
        return [self._give(key) for key in list(self._pending)]

    def _surplus(self, session: int) -> Iterator[Header]:
        """The oldest sections of a session that has too many, and of all where all are."""
        own = [key for key in self._pending if key.session == session]
        yield from own[: max(0, len(own) - self.max_pending)]
        most = _SESSIONS * self.max_pending
        symbols = sum(key.section_symbols for key in self._pending)
        for key in list(self._pending):
            if len(self._pending) <= most and symbols <= self.max_pending * self.max_symbols:
                return
            symbols -= key.section_symbols
            yield key

    def _give(self, key: Header) -> SectionSymbols:
        pending = self._pending.pop(key)
        self._given.pop(key, None)
        self._given[key] = pending.seen
        while len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
        section = pending.finish()
        self.stats.complete += section.complete
        self.stats.incomplete += not section.complete
        return section
