"""One source's flowgraph, from samples or PDUs to images and texts.

::

    samples ─ gate ─ burst_rx ─ [fragment] ─ assembler ─ [section] ─ keeper ┬ decoders ─ images
                                    ▲                        ▲              └ text_decoder ─ texts
    PDUs over ZeroMQ: of bursts ────┘     of sections ───────┘

`gensc receive` and the receiver service build their flowgraphs here. What passes is handed to the
callables of a `Taps`, each in the thread of a block; they must not raise, and what they take long
for holds up what is before them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pmt

from gensc.link.offset import receiver_config
from gensc.link.radio import Place, RadioSettings, open_sink, open_source
from gensc.link.schemes import all_decoders
from gensc.receiver.account import BITS_DAMAGED, BURSTS_LOST, DECODER_FAILED, HEADER_LOST
from gensc.receiver.kept import SUFFIX, read_sections
from gensc.receiver.kinds import LOOPBACK, PDUS
from gensc.receiver.taps import ChainSettings, Taps
from gensc.system import codecs
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc.link.driver_output import Printed
    from gnuradio.gensc.metadata import ImageKey

#: Sections of a session that wait to be completed, at most; between two copies others are sent.
WAITING, WAITING_FOR_COPIES = 8, 512


class Chain:
    """The flowgraph; runs from `start` until its source ends, or `close`.

    Args:
        place: the source.
        radio: of hardware.
        settings: how it is received.
        taps: who is told.

    Attributes:
        config: the waveform.
        top: the flowgraph, to which more may be connected before `start`.
        images, texts: blocks behind all decoders, with [out].
        text_decoder: with [text].
        keeper: what weights are missing.
        source: what was opened.
        probe: that looks at the samples, where one was asked for.
        closed: its end was asked for; a radio whose samples end without is gone.

    Raises:
        UserError: no such recording, device or address.
    """

    def __init__(
        self, place: Place, radio: RadioSettings, settings: ChainSettings, taps: Taps
    ) -> None:
        gensc = codecs.gnuradio_blocks()
        from gensc.link.blocks import PduCollector, StreamGate
        from gensc.receiver.bank import BankDecoder
        from gensc.receiver.keep import SectionKeeper
        from gensc.receiver.probe import SampleProbe
        from gnuradio import gr

        self.place, self.settings, self._taps = place, settings, taps
        self.top = gr.top_block("gensc_receive", catch_exceptions=False)
        self.top.handle_sigint = False
        self.source = self._open(radio)
        # A raw recording does not say at what rate it was made.
        recorded = self.source.recording.sample_rate if hasattr(self.source, "recording") else None
        self.config = receiver_config(recorded or radio.sample_rate, settings.cfo_range_hz)
        self._by_samples = place.kind not in ("sections", PDUS)
        ending: Any = self.source
        if place.kind == LOOPBACK:
            assert taps.open is not None
            ending = taps.open(self.top, self.config)
            self.source = ending.block
        self.rx = gensc.burst_rx(self.config) if self._by_samples else None
        self.assembler = gensc.assembler(
            self.config,
            expiry_s=settings.quiet_s,
            max_pending=WAITING if settings.copies == 1 else WAITING_FOR_COPIES,
            copies=settings.copies,
            deadline_s=settings.section_s if self._by_samples else 0.0,
        )
        self.keeper = SectionKeeper(settings.places, taps.keep)
        expiry = round(2 * settings.section_s * self.config.sample_rate) if self._by_samples else 0
        bank = BankDecoder(settings.places)
        self.decoders = (*all_decoders(gensc, settings.places, expiry), bank)
        self.text_decoder = gensc.text_decoder()
        self.images = PduCollector(np.uint8, on_pdu=taps.image)
        self.texts = PduCollector(np.uint8, on_pdu=taps.text)
        # A ZeroMQ source can end by itself, also while nothing arrives; so does what sends PDUs.
        # The others need the gate.
        own_end = place.kind in ("zmq", "sections", PDUS, LOOPBACK)
        self.gate: Any = ending if own_end else StreamGate()
        self._between = [] if own_end else [self.gate]
        self.probe = SampleProbe() if settings.probe and self._by_samples else None
        # GNU Radio does not keep them alive.
        self._blocks: list[Any] = []
        self._taken: list[Any] = []
        self._connect_samples(radio)
        self._connect_messages(PduCollector)
        for block in (*self.decoders, self.text_decoder, self.assembler):
            block.on_refused = self._on_refused
        for decoder in self.decoders:
            if hasattr(decoder, "on_lost"):
                decoder.on_lost = self._on_lost
        self._ended, self._started = threading.Event(), False
        self.closed = False

    def _open(self, radio: RadioSettings) -> Any:
        """The source of a place; None where `Taps.open` makes it."""
        place, settings = self.place, self.settings
        if place.kind == LOOPBACK:
            return None
        if place.kind == "sections":
            from gensc.link.blocks import PduSource
            from gnuradio.gensc.assembler import section_pdu

            path = Path(place.name)
            files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
            return PduSource(map(section_pdu, [s for file in files for s in read_sections(file)]))
        if place.kind == PDUS:
            gensc = codecs.gnuradio_blocks()
            try:
                return gensc.zmq_pdu_source(place.name, settings.bind, settings.keep_open)
            except gensc.GenscError as error:
                raise UserError(str(error)) from error
        return open_source(place, radio, settings.bind, settings.keep_open)

    def _connect_samples(self, radio: RadioSettings) -> None:
        if not self._by_samples:
            return
        between = self._between + ([] if self.probe is None else [self.probe])
        self.top.connect(self.source, *between, self.rx)
        if self.settings.save_iq:
            told = replace(radio, sample_rate=self.config.sample_rate)
            sink = open_sink(Place("file", self.settings.save_iq), told)
            self._blocks.append(sink)
            self.top.connect((self._between or [self.source])[-1], sink)

    def _connect_messages(self, collector: type) -> None:
        """Wire the message blocks, with a tap in series where one is asked for."""

        def tapped(block: Any, port: str, tap: Callable[[Seen], None] | None) -> tuple[Any, str]:
            if tap is None:
                return block, port
            taken = collector(np.complex64, on_pdu=tap)
            self._taken.append(taken)
            self.top.msg_connect((block, port), (taken, "in"))
            return taken, "out"

        sections: tuple[Any, str]
        if self.place.kind == "sections" or (
            self.place.kind == PDUS and self.settings.pdus == "section"
        ):
            sections = self.source, "out"
        else:
            start = (self.rx, "fragment") if self._by_samples else (self.source, "out")
            bursts = tapped(*start, self._taps.fragment)
            self.top.msg_connect(bursts, (self.assembler, "fragment"))
            sections = self.assembler, "section"
        self.top.msg_connect(tapped(*sections, self._taps.section), (self.keeper, "section"))
        for decoder in self.decoders:
            self.top.msg_connect((self.keeper, "section"), (decoder, "section"))
            self.top.msg_connect((decoder, "image"), (self.images, "in"))
        self.top.msg_connect((self.keeper, "section"), (self.text_decoder, "section"))
        self.top.msg_connect((self.text_decoder, "text"), (self.texts, "in"))

    def _on_refused(self, message: Any, error: Exception) -> None:
        """A block failed on a PDU: of which image, its metadata says, if it has any."""
        from gensc.receiver.bank import DamagedError
        from gnuradio.gensc.errors import PduError
        from gnuradio.gensc.metadata import Metadata

        if self._taps.failed is None or not pmt.is_pair(message):
            return
        cause = BITS_DAMAGED if isinstance(error, DamagedError) else DECODER_FAILED
        try:
            metadata = Metadata.from_pmt(pmt.car(message), ("session", "image_id", "shape"))
        except PduError:
            return  # counted by the block; it belongs to no image
        if metadata.section != "text":
            self._taps.failed(metadata, cause, str(error) or type(error).__name__)

    def _on_lost(self, key: ImageKey, why: str) -> None:
        """A decoder of several sections has given an image up."""
        from gnuradio.gensc.gened_decoder import NO_HEADER
        from gnuradio.gensc.metadata import Metadata

        if self._taps.failed is not None:
            session, image_id, height, width = key
            about = Metadata(session, image_id, shape=(height, width, 3))
            self._taps.failed(about, HEADER_LOST if why == NO_HEADER else BURSTS_LOST, why)

    # ------------------------------------------------------------------ running

    def start(self) -> None:
        """Start the flowgraph."""
        self.top.start()
        self._started = True
        threading.Thread(target=self._wait, name="gensc-chain", daemon=True).start()

    def _wait(self) -> None:
        # One thread only may wait for a flowgraph.
        self.top.wait()
        self._ended.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it has come. All taps have been told everything then."""
        return not self._started or self._ended.wait(timeout_s)

    @property
    def ended(self) -> bool:
        """It has come to its end."""
        return self._ended.is_set()

    def close(self) -> None:
        """End the stream: what has been received is still decoded. `wait` tells when."""
        self.closed = True
        self.gate.close()

    def stop(self) -> None:
        """Stop at once; what is under way is lost."""
        self.closed = True
        if self._started:
            self.top.stop()

    def flush(self) -> None:
        """Decode what waits for the rest of it."""
        for block in self.decoders:
            if hasattr(block, "expiry_samples"):
                block._post(pmt.intern("flush"), pmt.PMT_T)

    def idle_s(self) -> float:
        """Seconds since the last burst or section came."""
        return time.monotonic() - max(self.assembler.last_arrival, self.keeper.last_arrival)

    def backlog(self) -> int:
        """PDUs that wait before decoders."""
        blocks = (self.keeper, *self.decoders, self.text_decoder)
        return sum(block.backlog("section") for block in blocks) + self.images.backlog("in")

    # ------------------------------------------------------------------ what was counted

    @property
    def level(self) -> Any:
        """Of the samples; None where they pass no gate."""
        return getattr(self.probe or self.gate, "level", None)

    def counters(self, driver: Printed | None = None) -> dict[str, Any]:
        """Sums since the start; `driver` is what that of a radio has printed."""
        heard, put_together = self.rx.stats if self.rx else None, self.assembler.stats
        blocks = (*self.decoders, self.keeper, self.text_decoder, self.assembler)
        blocks += (self.images, self.texts, *self._taken)
        return {
            "samples": heard.samples if heard else 0,
            "bursts": heard.headers_ok if heard else put_together.fragments,
            "headers_bad": heard.headers_bad if heard else 0,
            "headers_other": heard.headers_other if heard else 0,
            "bad_cfo_hz": heard.bad_cfo_hz if heard else 0.0,
            "bursts_cut_short": heard.truncated if heard else 0,
            "bursts_repeated": put_together.duplicates,
            "bursts_late": put_together.late,
            "bursts_refused": put_together.refused,
            "numbers_used_twice": put_together.conflicting,
            "messages_dropped": getattr(self.source, "dropped", 0),
            "sections_dropped": sum(block.dropped for block in blocks),
            "sections_kept": self.keeper.kept,
            "images_lost": sum(getattr(decoder, "lost", 0) for decoder in self.decoders),
            "overflows": (driver.overflows if driver else 0) + getattr(self.gate, "restarts", 0),
        }
