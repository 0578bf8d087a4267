"""The part of the link runner's flowgraph that every payload shares: fragmenter to assembler."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.link import channels
from gensc.link.to_end import run_to_end
from gensc.results.result import Symbols

if TYPE_CHECKING:
    from gensc_phy.waveform.config import WaveformConfig

#: The carrier offset of a run is drawn within ± this many subcarriers.
CFO_RANGE = 0.2


@dataclass(frozen=True)
class Conditions:
    """What a run meets on its way.

    Attributes:
        channel: of `gensc.link.channels.CHANNELS`; `none` ignores `snr_db`.
        snr_db: Es/N0.
        seed: of taps, fading, noise and carrier offset.
        lost: numbers of fragments that are dropped behind the receiver.
        lost_section: the kind of section they are of.
    """

    channel: str
    snr_db: float
    seed: int
    lost: frozenset[int] = frozenset()
    lost_section: str = "analog"


class Air:
    """A flowgraph from sections to sections, to which encoders and decoders are connected.

    Args:
        gensc: the package `gnuradio.gensc`.
        config: waveform.
        at: channel, noise and losses.
        sample_offset_ppm: clock offset of the receiver; profiles have their own.
    """

    def __init__(
        self,
        gensc: ModuleType,
        config: WaveformConfig,
        at: Conditions,
        sample_offset_ppm: float = 0.0,
    ) -> None:
        from gensc.link.blocks import FragmentDropper, PduCollector
        from gnuradio import gr

        realised = channels.draw(at.channel, at.seed)
        rng = np.random.default_rng((at.seed, 0xCF0))
        self.config = config
        self.top = gr.top_block("link", catch_exceptions=False)
        self.fragmenter = gensc.fragmenter(config, session=0)
        # Without a tail, the samples on the air do not depend on when the queue ran empty.
        self.tx = gensc.burst_tx(config, idle="wait", tail=0)
        self.rx = gensc.burst_rx(config)
        self.assembler = gensc.assembler(config)
        snr_db = None if at.channel == "none" else at.snr_db
        if realised.hostile is not None:
            told = realised.at(config.sample_rate, snr_db)
            air = gensc.hostile_channel.of(told, at.seed)
        else:
            air = gensc.channel(
                snr_db=float("inf") if snr_db is None else snr_db,
                cfo_hz=rng.uniform(-1, 1) * CFO_RANGE * config.subcarrier_hz,
                sample_offset_ppm=sample_offset_ppm,
                taps=realised.taps,
                fading_hz=realised.fading_hz,
                seed=at.seed + 1,  # GNU Radio takes 0 for "any"
                sample_rate=config.sample_rate,
            )
        self.fragments, self.sections = PduCollector(np.complex64), PduCollector(np.complex64)
        # GNU Radio does not keep Python blocks alive; an attribute does.
        self.dropper = FragmentDropper(at.lost, at.lost_section)
        self.connect(self.fragmenter, "fragment", self.tx, "fragment")
        self.connect(self.fragmenter, "fragment", self.fragments, "in")
        self.top.connect(self.tx, air, self.rx)
        self.connect(self.rx, "fragment", self.dropper, "in")
        self.connect(self.dropper, "out", self.assembler, "fragment")
        self.connect(self.assembler, "section", self.sections, "in")

    def connect(self, source: Any, output: str, sink: Any, port: str) -> None:
        """Connect two message ports."""
        self.top.msg_connect((source, output), (sink, port))

    def run(self) -> float:
        """Run the flowgraph to its end; returns when it started (`time.perf_counter`)."""
        started = time.perf_counter()
        run_to_end(self.top)
        return started

    def count(self, section: str) -> int:
        """Fragments of a section that went on the air."""
        return sum(f.metadata.section == section for f in self.fragments.seen)

    def symbols(self) -> Symbols:
        """Channel symbols that went on the air."""
        spent = {"analog": 0, "bits": 0, "text": 0}
        overhead = 0
        for f in self.fragments.seen:
            spent[f.metadata.section or "analog"] += f.data.size
            overhead += self.config.overhead(f.data.size)
        return Symbols(spent["analog"], spent["bits"], spent["text"], overhead)

    def counters(self) -> dict[str, int]:
        """Counters of the receiver and the assembler."""
        rx, assembler = self.rx.stats, self.assembler.stats
        return {
            "bursts_sent": len(self.fragments.seen),
            "bursts_detected": rx.detected,
            "headers_ok": rx.headers_ok,
            "headers_bad": rx.headers_bad,
            "sections_incomplete": assembler.incomplete,
        }
