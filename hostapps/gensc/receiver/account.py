"""What is known of one image while it is received, and what became of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gensc.receiver.archive.record import Fates
from gensc_phy.waveform.fragment import fragment_edges

if TYPE_CHECKING:
    from gensc.remote.reports import Sent
    from gnuradio.gensc.metadata import Metadata

OPEN, STORED, DAMAGED, LOST = "open", "stored", "damaged", "lost"
#: Why an image is damaged or lost.
NEVER_HEARD = "never heard"
HEADER_LOST = "header section lost"
BURSTS_LOST = "bursts lost"
SYMBOLS_ERASED = "symbols erased"
BITS_DAMAGED = "bits damaged"
WEIGHTS_MISSING = "weights missing"
DECODER_FAILED = "decoder failed"
NOT_WRITTEN = "not written"
CAUSES = (
    NEVER_HEARD, HEADER_LOST, BURSTS_LOST, SYMBOLS_ERASED, BITS_DAMAGED, WEIGHTS_MISSING,
    DECODER_FAILED, NOT_WRITTEN,
)  # fmt: skip
#: Bursts whose SNR is kept.
_SNRS = 4096


@dataclass
class Part:
    """A section of an image.

    Attributes:
        fragments: that it has.
        symbols: that it has.
        seen: numbers of the fragments that arrived.
        received: symbols of these.
    """

    fragments: int
    symbols: int
    seen: set[int] = field(default_factory=set)
    received: int = 0

    def take(self, fragment: int, symbols: int) -> None:
        """A burst of it."""
        if fragment not in self.seen:
            self.seen.add(fragment)
            self.received += symbols

    def put_together(self, metadata: Metadata) -> None:
        """It is complete, or as complete as it gets: symbols may be erased in bursts that came."""
        if not self.seen:  # no bursts were looked at
            self.take_section(metadata)
        if metadata.erased is not None:
            self.received = max(0, self.symbols - metadata.erased)

    def take_section(self, metadata: Metadata) -> None:
        """All that there is of it; which bursts that were, nobody says."""
        edges = fragment_edges(self.symbols, self.fragments)
        for n, (first, end) in enumerate(pairwise(edges)):
            if n < (metadata.fragments_received or 0):
                self.take(n, int(end - first))


@dataclass
class Account:
    """One image of one session.

    Attributes:
        source: by which it came; "" while it is only announced.
        session, image_id: as the burst headers say.
        opened_at: when it became known, s of `time.monotonic`.
        heard_at: of its latest burst; None before the first.
        received_at: the same in Unix seconds.
        sent: its sender's announcement.
        parts: sections by (kind, stream), without captions.
        texts: the same of captions, which come after their image as a rule.
        given: those that were put together.
        snrs_db: Es/N0 of its bursts.
        decoded: a picture is there and being stored.
        fate, cause: what became of it; `why` in the decoder's words.
        key: in the archive.
        counted: its symbols as they stand in the sums.
        late: symbols that came after it was settled.
        told: what its sender was last told of missing bursts.
        times: when the last sample of its last burst came, when that burst and its last section
            were through, s of `time.perf_counter`.
    """

    source: str
    session: int
    image_id: int
    opened_at: float
    heard_at: float | None = None
    received_at: float = 0.0
    sent: Sent | None = None
    shape: tuple[int, int, int] | None = None
    weights: int = 0
    parts: dict[tuple[str, int], Part] = field(default_factory=dict)
    texts: dict[tuple[str, int], Part] = field(default_factory=dict)
    counted: Fates = field(default_factory=Fates)
    given: set[tuple[str, int]] = field(default_factory=set)
    snrs_db: list[float] = field(default_factory=list)
    decoded: bool = False
    fate: str = OPEN
    cause: str = ""
    why: str = ""
    key: str = ""
    late: int = 0
    told: frozenset[tuple[str, int, int]] = frozenset()
    times: dict[str, float] = field(default_factory=dict)

    def touch(self, now: float, metadata: Metadata) -> None:
        """A burst of it came."""
        self.heard_at, self.received_at = now, time.time()
        self.shape = metadata.shape
        self.weights = metadata.weights or self.weights
        if metadata.snr_db is not None and len(self.snrs_db) < _SNRS:
            self.snrs_db.append(metadata.snr_db)

    def part(self, metadata: Metadata) -> Part:
        """The section that a burst belongs to."""
        name = metadata.section or "analog", metadata.stream or 0
        parts = self.texts if metadata.section == "text" else self.parts
        if name not in parts:
            header = metadata.header()
            parts[name] = Part(header.fragments, header.section_symbols)
        return parts[name]

    def missing(self) -> list[tuple[str, int, int]]:
        """Bursts that have not arrived, of sections that something arrived of: (kind, stream,
        number)."""
        return [
            (section, stream, fragment)
            for (section, stream), part in (*self.parts.items(), *self.texts.items())
            for fragment in range(part.fragments)
            if fragment not in part.seen
        ]

    @property
    def whole(self) -> bool:
        """No burst is missing of its sections, captions apart."""
        return all(len(part.seen) == part.fragments for part in self.parts.values())

    @property
    def fragments(self) -> int:
        """Bursts of the sections that something arrived of."""
        return sum(part.fragments for part in self.parts.values())

    @property
    def received(self) -> int:
        """Bursts that arrived in time."""
        return sum(len(part.seen) for part in self.parts.values())

    def snr_db(self) -> float | None:
        """Es/N0 over its bursts, averaged in linear units; None where none was heard."""
        if not self.snrs_db:
            return None
        return float(10 * np.log10(np.mean(10 ** (np.asarray(self.snrs_db) / 10))))

    def spread_db(self) -> float | None:
        """Standard deviation of its bursts, dB."""
        return float(np.std(self.snrs_db)) if self.snrs_db else None

    def symbols(self) -> Fates:
        """Its symbols by fate, as far as its headers tell of them."""
        sent = sum(part.symbols for part in self.parts.values())
        received = min(sent, sum(part.received for part in self.parts.values()))
        return Fates(sent, received, sent - received, late=min(self.late, sent - received))
