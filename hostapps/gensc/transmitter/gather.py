"""The fragments of one image, held back until all are there."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gensc.link.blocks import Seen
from gensc.remote.reports import Part
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import Metadata, known, read_fragment


@dataclass(frozen=True)
class Fragment:
    """A burst to be.

    Attributes:
        metadata: of the fragment.
        symbols: how many.
        pdu: it.
    """

    metadata: Metadata
    symbols: int
    pdu: Any

    @property
    def number(self) -> tuple[str, int, int]:
        """Section, stream and number, as reports name it."""
        meta = self.metadata
        return known(meta.section), meta.stream or 0, known(meta.fragment)


def sections_of(fragments: Sequence[Fragment]) -> tuple[Part, ...]:
    """The sections that they are of, in the order of their sending."""
    found = {part.number[:2]: part.metadata.fragments or 1 for part in fragments}
    return tuple(Part(section, stream, count) for (section, stream), count in found.items())


class Gather(message_block):
    """Keeps what arrives at [fragment] until an image is whole.

    How many sections it has, its first one says; `expect` begins an image and says whether a text
    follows. One image at a time.
    """

    def __init__(self) -> None:
        message_block.__init__(self, "gather")
        self._whole = threading.Event()
        self._lock = threading.Lock()
        self.expect(0, 0, False)
        self.setup_ports({"fragment": self._take}, limits={"fragment": None})

    def expect(self, session: int, image_id: int, with_text: bool) -> None:
        """Forget what there is, and wait for this image."""
        with self._lock:
            self._image = session, image_id
            self._texts = int(with_text)
            self._sections = 0
            self._parts: list[Fragment] = []
            self._counts: dict[tuple[str, int], int] = defaultdict(int)
            self._done = 0
            self._whole.clear()

    def section(self, seen: Seen) -> None:
        """A section is about to be cut into fragments."""
        with self._lock:
            if (seen.metadata.session, seen.metadata.image_id) == self._image:
                self._sections = seen.metadata.sections or 1

    def wait(self, timeout_s: float) -> list[Fragment] | None:
        """All fragments, in the order of their sending; None where some are still missing."""
        if not self._whole.wait(timeout_s):
            return None
        with self._lock:
            return list(self._parts)

    def _take(self, pdu: Any) -> None:
        metadata, _, symbols = read_fragment(pdu)
        with self._lock:
            if (metadata.session, metadata.image_id) != self._image:
                return  # of an image that was given up
            part = Fragment(metadata, symbols.size, pdu)
            self._parts.append(part)
            section, stream, _ = part.number
            self._counts[section, stream] += 1
            if self._counts[section, stream] == metadata.fragments:
                self._done += 1
            # The text follows the last section: until then there is no telling how many these are.
            if self._sections and self._done == self._sections + self._texts:
                self._whole.set()
