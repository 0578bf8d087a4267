"""Assembler block."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc_phy.waveform.assemble import Assembler, SectionSymbols
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.demodulate import Burst

from .message_ports import message_block
from .metadata import Metadata, known, make_pdu, read_fragment

_REQUIRED = ("noise_var", "snr_db", "cfo_hz")


class assembler(message_block):
    """Collects [fragment]s into [section]s, with a noise variance for every symbol.

    A section comes out when it is complete. When it is not, it comes out, with its lost symbols 0
    and their noise variance infinite, as soon as `max_pending` newer ones wait, none of its
    fragments has arrived for `deadline_s` of the received stream, no fragment at all has arrived
    for `expiry_s`, any message arrives on [flush], or the stream ends.

    Args:
        config: waveform the fragments were sent with.
        expiry_s: seconds without any fragment after which incomplete sections are given out;
            0 never does: right for simulations, which may be slower than real time.
        max_pending: incomplete sections kept waiting at most.
        max_symbols: largest section accepted.
        copies: how often a sender sends everything: a section is complete when every fragment has
            arrived so often, and the copies are combined.
        deadline_s: seconds of the received stream, by its samples, after which a section is given
            out while others arrive; 0 never does. Of one stream's fragments only.

    Attributes:
        last_arrival: when the last fragment came, s of `time.monotonic`.
    """

    def __init__(
        self,
        config: WaveformConfig,
        expiry_s: float = 0.0,
        max_pending: int = 8,
        max_symbols: int = 1 << 22,
        copies: int = 1,
        deadline_s: float = 0.0,
    ) -> None:
        message_block.__init__(self, "assembler")
        self.config = config
        self._deadline = round(float(deadline_s) * config.sample_rate)
        self.expiry_s = float(expiry_s)
        self._assembler = Assembler(max_pending, max_symbols, copies)
        self.last_arrival = time.monotonic()
        self._end_clock = threading.Event()
        self.setup_ports(
            {"fragment": self._add, "flush": self._flush, "clock": self._tick},
            ["section"],
            controls=["flush", "clock"],
        )

    @property
    def stats(self) -> Any:
        """Counters of the assembler (`gensc_phy.waveform.assemble.AssemblerStats`)."""
        return self._assembler.stats

    def start(self) -> bool:
        """Start the clock that finds sections nothing more arrives of."""
        self._end_clock = threading.Event()
        if self.expiry_s > 0:
            clock = threading.Thread(target=self._run_clock, args=[self._end_clock], daemon=True)
            clock.start()
        return super().start()

    def stop(self) -> bool:
        """Stop that clock."""
        self._end_clock.set()
        return super().stop()

    def _run_clock(self, end: threading.Event) -> None:
        # Only posts: the sections belong to the block's own thread.
        while not end.wait(self.expiry_s / 4):
            self._post(pmt.intern("clock"), pmt.PMT_NIL)

    def _tick(self, _: Any) -> None:
        # Fragments may wait because whatever follows this block was slow.
        quiet = time.monotonic() - self.last_arrival
        if quiet >= self.expiry_s and not self.backlog("fragment"):
            self._give(self._assembler.flush())

    def _add(self, pdu: Any) -> None:
        metadata, header, symbols = read_fragment(pdu, _REQUIRED)
        self.last_arrival = time.monotonic()
        burst = Burst(
            header=header,
            symbols=symbols,
            noise_var=known(metadata.noise_var),
            snr_db=known(metadata.snr_db),
            cfo_hz=known(metadata.cfo_hz),
            start=metadata.sample or 0,
            # Of one burst only; a section has no use for them.
            noise_power=float("nan"),
            channel=np.zeros(0, dtype=np.complex64),
            metric=float("nan"),
            sampling_offset_ppm=float("nan"),
            header_symbols=metadata.header_symbols,
        )
        refused = self._assembler.stats.refused
        sections = self._assembler.add(burst)
        self._give(sections)
        if self._deadline:
            self._give(self._assembler.expire(burst.start - self._deadline))
        if self._assembler.stats.refused > refused:
            self.drop(f"[fragment] a section of {header.section_symbols} symbols is too large")

    def _flush(self, _: Any) -> None:
        # Ports have no order among them: fragments sent before the flush may still wait.
        if self.backlog("fragment"):
            self._post(pmt.intern("flush"), pmt.PMT_T)
            return
        self._give(self._assembler.flush())

    def end_of_stream(self) -> None:
        """Give out the sections that will not be completed any more."""
        self._give(self._assembler.flush())

    def _give(self, sections: Iterable[SectionSymbols]) -> None:
        for section in sections:
            self.publish("section", section_pdu(section))


def erased_of(noise_var: NDArray[np.float32]) -> int:
    """Symbols that are of no use to a decoder."""
    return int(np.count_nonzero(~np.isfinite(noise_var)))


def section_pdu(section: SectionSymbols) -> Any:
    """The PDU of a received section."""
    metadata = Metadata.of_header(
        section.header,
        fragments_received=section.received,
        noise_var=section.noise_var,
        snr_db=section.snr_db,
        cfo_hz=section.cfo_hz,
        sample=section.last_sample,
        header_symbols=section.header_symbols,
        erased=erased_of(section.noise_var),
    )
    return make_pdu(metadata, section.symbols)
