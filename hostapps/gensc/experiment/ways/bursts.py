"""Sections over the burst waveform in NumPy, the same as GNU Radio's blocks make of them."""

from __future__ import annotations

import numpy as np

from gensc.experiment.scheme import Section, Sent
from gensc.experiment.ways.way import Carried, Way
from gensc.link import channels
from gensc.link.bursts import BurstPath, header_of
from gensc.link.bursts import Section as AirSection
from gensc_phy.waveform.assemble import SectionSymbols
from gensc_phy.waveform.header import Header
from gensc_phy.waveform.header import Section as Kind


class BurstsWay(Way):
    """Preamble, header, OFDM and the receiver that estimates its channel."""

    name = "bursts"
    csi = "estimated"
    channels = channels.CHANNELS
    parallel = True

    def __init__(self) -> None:
        self.path = BurstPath()

    def carry(self, sent: Sent, channel: str, snr_db: float, seed: int, budget: int = 0) -> Carried:
        """See `Way.carry`; `budget` changes nothing, as every burst meets noise of its own."""
        if not sent.sections:
            return Carried(())
        streams = sum(s.kind == "analog" for s in sent.sections)
        air = self.path.modulate(
            [
                AirSection(_header(s), s.symbols, streams > 1 and s.kind == "analog")
                for s in sent.sections
            ]
        )
        drawn = channels.draw(channel, seed)
        heard = self.path.through(air, drawn, None if channel == "none" else snr_db, seed)
        received = sum(s.received for s in heard)
        return Carried(
            tuple(section_of(s) for s in heard),
            air.overhead,
            measured_db(heard),
            air.fragments,
            max(0, air.fragments - received),
        )


def _header(s: Section) -> Header:
    shape, kind = (s.height, s.width), Kind[s.kind.upper()]
    return header_of(kind, shape, s.rate, s.total, s.aux, s.weights, s.stream)


def section_of(heard: SectionSymbols) -> Section:
    """A section as its bursts have told of it."""
    h = heard.header
    return Section(
        h.section.name.lower(),  # type: ignore[arg-type]
        heard.symbols,
        h.height,
        h.width,
        h.rate,
        h.total,
        h.aux,
        h.weights,
        h.stream,
        noise_var=heard.noise_var,
    )


def measured_db(heard: list[SectionSymbols]) -> float | None:
    """Mean Es/N0 over the bursts of the analog sections (all, where there are none), linear."""
    about = [s for s in heard if s.header.section == Kind.ANALOG] or heard
    if not about:
        return None
    powers = [10 ** (s.snr_db / 10) for s in about]
    return float(10 * np.log10(np.average(powers, weights=[s.received for s in about])))
