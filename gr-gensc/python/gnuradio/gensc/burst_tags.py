"""What a transmitter tells of its bursts along the stream of samples, and what a recorder notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pmt

from .errors import PduError
from .metadata import Metadata, known

BURST_TAG = pmt.intern("burst")
"""Tag at the first sample of a burst: (samples of the burst . metadata of its fragment)."""
MOST = 100_000
"""Sections noted at most; a recording that goes on for days must not fill the memory."""


def burst_tag(metadata: Metadata, samples: int) -> Any:
    """The value of a tag."""
    return pmt.cons(pmt.from_long(samples), metadata.to_pmt())


@dataclass
class _Section:
    start: int
    stop: int
    bursts: int


class BurstLog:
    """The sections that go by in a stream, each from its first burst to its last."""

    def __init__(self) -> None:
        self._sections: dict[Metadata, _Section] = {}

    def add(self, tags: Iterable[Any]) -> None:
        """Take the tags of some samples; other tags pass by."""
        for tag in tags:
            if not (pmt.eq(tag.key, BURST_TAG) and pmt.is_pair(tag.value)):
                continue
            try:
                burst = Metadata.from_pmt(pmt.cdr(tag.value), require=("section", "image_id"))
            except PduError:
                continue  # somebody else's tag of that name
            stop = tag.offset + pmt.to_long(pmt.car(tag.value))
            section = replace(burst, fragment=None)
            found = self._sections.setdefault(section, _Section(tag.offset, stop, 0))
            found.stop = max(found.stop, stop)
            found.bursts += 1
            while len(self._sections) > MOST:
                del self._sections[next(iter(self._sections))]

    def annotations(self) -> list[tuple[int, int, dict[str, Any]]]:
        """First sample, samples, and the fields of each section for a SigMF recording."""
        return [
            (section.start, section.stop - section.start, _fields(about, section.bursts))
            for about, section in sorted(self._sections.items(), key=lambda item: item[1].start)
        ]


def _fields(about: Metadata, bursts: int) -> dict[str, Any]:
    height, width, colours = about.shape or (0, 0, 3)
    symbols = about.header().section_symbols
    values = {
        "core:label": f"{about.key} {about.section}",
        "core:generator": "gr-gensc",
        "gensc:image": about.name,
        "gensc:session": f"{known(about.session):04x}",
        "gensc:image_id": about.image_id,
        "gensc:section": about.section,
        "gensc:codec": about.codec,
        "gensc:weights_sha256": about.sha256,
        "gensc:rate": about.rate,
        "gensc:symbols": symbols,
        "gensc:cbr": symbols / (height * width * colours) if height and width else None,
        "gensc:bursts": bursts,
    }
    return {name: value for name, value in values.items() if value is not None}
