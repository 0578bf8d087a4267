"""Receiving images: the flowgraph behind `gensc receive`, and the files it leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gensc.editing.choose import NONE as NO_EDITOR
from gensc.editing.choose import choose_editor
from gensc.link.driver_output import caught
from gensc.link.level import Level
from gensc.link.offset import receiver_config
from gensc.link.radio import Place, RadioSettings, open_sink, open_source
from gensc.link.schemes import all_decoders, load_scheme
from gensc.receiver.reference import References
from gensc.results.result import METRICS, Result, Symbols, write_line
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.system.weights import Weights
from gensc_models.codecs.layout import MAX_RATE, SideInfo, symbols_for
from gensc_phy.adaptation.side_link import side_link
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import fragment_edges

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_models import Codec
    from gnuradio.gensc.metadata import Metadata

_POLL_S = 0.1
#: A live stream's incomplete images are given out after so long without any burst.
EXPIRY_S = 2.0


@dataclass(frozen=True)
class ReceiveSettings:
    """What is done with what arrives.

    Attributes:
        out: folder for images, texts and results.jsonl.
        model: only this codec; "" takes the one each burst names.
        count: end after so many images; 0 never does.
        seconds: end after so long; 0 never does.
        keep_open: do not end with the sender's stream (ZeroMQ).
        refine: refiner whose image is written beside the received one; "none" has none.
        edit: editor whose image is written beside the received one; "none" has none.
        edit_limit_s: seconds an edit may take.
        cfo_range_hz: largest carrier offset accepted, Hz; None takes the waveform's.
    """

    out: Path
    model: str = ""
    count: int = 0
    seconds: float = 0.0
    keep_open: bool = False
    refine: str = codecs.NO_REFINER
    edit: str = NO_EDITOR
    edit_limit_s: float = 300.0
    save_iq: str = ""
    reference: Sequence[str] = ()
    cfo_range_hz: float | None = None


@dataclass
class ReceiveReport:
    """What came in.

    Attributes:
        images, texts: written to files.
        refined: refined images written beside them.
        edited: images written beside them that an editor has changed.
        incomplete: images of which bursts were lost.
        counters: of receiver, assembler, decoders and the source.
        level: of the samples; None where ZeroMQ brought them.
        interrupted: Ctrl-C ended it.
    """

    images: int = 0
    texts: int = 0
    refined: int = 0
    edited: int = 0
    incomplete: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    interrupted: bool = False
    level: Level | None = None


class Writer:
    """Writes each image and text as it arrives; what is written survives whatever comes next.

    Args:
        out: folder; made when it is not there.
        place: where the samples come from, for the result lines.
        config: waveform, for the overhead.
        on_image: told a line about each file.
        refiner: weights of the refined images.
        only: the one codec that is received; None takes what is installed.
        reference: originals; see `gensc.receiver.reference`.
    """

    def __init__(
        self,
        out: Path,
        place: Place,
        config: WaveformConfig,
        on_image: Callable[[str], None],
        refiner: Weights | None = None,
        only: Codec | None = None,
        reference: Sequence[str] = (),
    ) -> None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{out}: {error.strerror}") from error
        self.config = config
        self.out = out
        self.place = place
        self.report = ReceiveReport()
        self._say = on_image
        self._lines = (out / "results.jsonl").open("a", encoding="utf-8")
        self._only = only
        self._weights = lru_cache(maxsize=64)(self._weights_of)
        self._refiner = refiner
        self._references = References(reference) if reference else None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the result file."""
        self._lines.close()

    def image(self, seen: Seen) -> None:
        """Write an image as PNG and its result line."""
        meta = seen.metadata
        path = self._save(seen, "")
        result, scored = self._scored(self._result(meta, path), seen)
        with self._lock:
            write_line(self._lines, result)
            self.report.images += 1
            self.report.incomplete += bool(result.fragments_lost) or meta.complete is False
        height, width, _ = result.shape
        self._say(
            f"{path.name}: {width}x{height}, SNR {meta.snr_db:.1f} dB, "
            f"{meta.fragments_received}/{meta.fragments} bursts{scored}"
        )

    def refined(self, seen: Seen) -> None:
        """Write a refined image and its result line; one that was not refined is there already."""
        if self._refiner is None or seen.metadata.refiner is None:
            return
        path = self._save(seen, "-refined")
        plain = self._result(seen.metadata, path)
        result = replace(plain, scheme=f"{plain.scheme}+{self._refiner.id}", refiner=self._refiner)
        result, _ = self._scored(result, seen)
        with self._lock:
            write_line(self._lines, result)
            self.report.refined += 1
        self._say(f"{path.name}: refined by {self._refiner.id}")

    def edited(self, seen: Seen) -> None:
        """Write what an editor made of an image, and a result line that says what became of it."""
        meta = seen.metadata
        path = self._save(seen, "-edited")
        plain = self._result(meta, path)
        told = {"editor": meta.editor, "edit": meta.edit, "edit_reason": meta.edit_reason}
        result = replace(plain, scheme=f"{plain.scheme}+edit", extra=plain.extra | told)
        result, _ = self._scored(result, seen)
        with self._lock:
            write_line(self._lines, result)
            self.report.edited += meta.edit in ("accepted", "blended")
        reason = f" ({meta.edit_reason})" if meta.edit_reason else ""
        self._say(f"{path.name}: edit by {meta.editor} {meta.edit}{reason}")

    def _scored(self, result: Result, seen: Seen) -> tuple[Result, str]:
        """The result with metrics against its original where there is one, and words for it."""
        if self._references is None:
            return result, ""
        match = self._references.match(seen.data.reshape(result.shape))
        if match is None:
            missing = dict.fromkeys(METRICS, "none of the references is this picture")
            return replace(result, reasons=missing), ", no reference"
        extra = result.extra | {"reference": match.name}
        scored = replace(result, metrics=match.metrics, reasons=match.reasons, extra=extra)
        return scored, f", PSNR {match.metrics['psnr']:.2f} dB against {match.name}"

    def _save(self, seen: Seen, mark: str) -> Path:
        """Write the pixels to a file of their own."""
        meta = seen.metadata
        assert meta.shape is not None
        path = self._free(f"{meta.image_id:05d}{mark}", ".png")
        Image.fromarray(seen.data.reshape(meta.shape)).save(path)
        return path

    def _result(self, meta: Metadata, path: Path) -> Result:
        """The result line of an image as the decoder gave it."""
        assert meta.shape is not None
        fragments, received = meta.fragments or 0, meta.fragments_received or 0
        known = self._weights(meta.weights or 0)
        reasons = dict.fromkeys(METRICS, "the receiver has no original to compare with")
        return Result(
            image=path.name,
            image_id=meta.image_id,
            shape=meta.shape,
            scheme=known.id if known else f"weights {meta.weights or 0:04x}",
            weights=known,
            channel="recording" if self.place.kind == "file" else "air",
            via="air",
            snr_measured_db=meta.snr_db,
            symbols=self._symbols(meta),
            reasons=reasons,
            fragments=fragments,
            fragments_lost=fragments - received,
            extra={"rate": meta.rate, "cfo_hz": meta.cfo_hz},
        )

    def _weights_of(self, fingerprint: int) -> Weights | None:
        """What the results call the codec of a burst header."""
        if self._only is not None and self._only.fingerprint == fingerprint:
            return Weights(self._only.name, self._only.sha256)
        return codecs.weights_of(fingerprint)

    def text(self, seen: Seen) -> None:
        """Write a text file; one that is cut down to what is whole has it in its name."""
        meta = seen.metadata
        if meta.text_state == "dropped":
            self._say(f"{meta.image_id:05d}: the caption is too damaged and dropped")
            return
        mark = "" if meta.crc_ok else "-damaged"
        path = self._free(f"{meta.image_id:05d}{mark}", ".txt")
        path.write_bytes(seen.data.tobytes() + b"\n")
        with self._lock:
            self.report.texts += 1
        self._say(f"{path.name}: {seen.data.tobytes().decode('utf-8', 'replace')}")

    def _symbols(self, meta: Metadata) -> Symbols:
        """Symbols of an image, lost bursts included; of two streams the overhead is nearly so."""
        assert meta.shape is not None
        analog = meta.total or 0
        overhead = self._overhead(analog, meta.fragments or 1)
        # The rate counts all sections of an image: what is no analog symbol is header section.
        several = meta.streams is not None and 1 <= (meta.rate or 0) <= MAX_RATE
        digital = symbols_for(*meta.shape[:2], meta.rate or 1) - analog if several else 0
        if digital:
            copies = side_link(SideInfo.unpack(meta.aux or 0).snr_db).copies
            each = digital // copies
            overhead += copies * self._overhead(each, -(-each // self.config.max_payload))
        return Symbols(analog=analog, digital=digital, overhead=overhead)

    def _overhead(self, symbols: int, fragments: int) -> int:
        """Air overhead of all bursts of a section."""
        return sum(
            self.config.overhead(int(n)) for n in np.diff(fragment_edges(symbols, fragments))
        )

    def _free(self, stem: str, suffix: str) -> Path:
        """A file that does not exist yet: image numbers come round again."""
        path, number = self.out / f"{stem}{suffix}", 2
        while path.exists():
            path, number = self.out / f"{stem}-{number}{suffix}", number + 1
        return path


def receive_images(
    settings: ReceiveSettings,
    place: Place,
    radio: RadioSettings,
    *,
    bind: bool = False,
    on_image: Callable[[str], None] = lambda line: None,
) -> ReceiveReport:
    """Receive until the stream ends, `count` images are there, time is up, or Ctrl-C.

    However it ends, what has arrived is decoded and written, incomplete images included.

    Raises:
        UserError: no such recording, device or model.
    """
    gensc = codecs.gnuradio_blocks()
    scheme = load_scheme(settings.model) if settings.model else None
    decoders = all_decoders(gensc) if scheme is None else (scheme.decoder(gensc),)
    refiner = codecs.load_refiner(settings.refine)
    chosen = choose_editor(settings.edit)
    from gensc.link.blocks import PduCollector, StreamGate
    from gnuradio import gr

    source = open_source(place, radio, bind, settings.keep_open)
    if place.is_hardware:
        on_image(source.tuned.line())
    # A raw recording does not say at what rate it was made.
    recorded = source.recording.sample_rate if hasattr(source, "recording") else None
    config = receiver_config(recorded or radio.sample_rate, settings.cfo_range_hz)
    writer = Writer(
        settings.out, place, config, on_image, refiner[1] if refiner else None,
        scheme.codec if scheme else None, settings.reference,
    )  # fmt: skip
    top = gr.top_block("gensc_receive", catch_exceptions=False)
    # A ZeroMQ source can end by itself, also while nothing arrives; the others need the gate.
    gate = source if place.kind == "zmq" else StreamGate()
    rx = gensc.burst_rx(config)
    assembler = gensc.assembler(config, expiry_s=0.0 if place.kind == "file" else EXPIRY_S)
    text_decoder = gensc.text_decoder()
    images = PduCollector(np.uint8, on_pdu=writer.image)
    texts = PduCollector(np.uint8, on_pdu=writer.text)
    if gate is source:
        top.connect(source, rx)
    else:
        top.connect(source, gate, rx)
    if settings.save_iq:
        told = replace(radio, sample_rate=config.sample_rate)
        top.connect(gate, open_sink(Place("file", settings.save_iq), told))
    for sender, output, taker, port in (
        (rx, "fragment", assembler, "fragment"),
        *((assembler, "section", decoder, "section") for decoder in decoders),
        *((decoder, "image", images, "in") for decoder in decoders),
        (assembler, "section", text_decoder, "section"),
        (text_decoder, "text", texts, "in"),
    ):
        top.msg_connect((sender, output), (taker, port))
    if refiner is not None:
        refine = gensc.refiner(settings.refine)
        refined = PduCollector(np.uint8, on_pdu=writer.refined)
        top.msg_connect((images, "out"), (refine, "image"))
        top.msg_connect((refine, "image"), (refined, "in"))
    if chosen is not None:
        edit = gensc.editor(chosen, limit_s=settings.edit_limit_s)
        edited = PduCollector(np.uint8, on_pdu=writer.edited)
        top.msg_connect((images, "out"), (edit, "image"))
        top.msg_connect((text_decoder, "text"), (edit, "text"))
        top.msg_connect((edit, "image"), (edited, "in"))
    try:
        with caught() as printed:
            _run(top, gate, settings, writer)
    finally:
        writer.close()
    report = writer.report
    report.counters = {
        "samples": rx.stats.samples,
        "bursts": rx.stats.headers_ok,
        "headers_bad": rx.stats.headers_bad,
        "bad_cfo_hz": rx.stats.bad_cfo_hz,
        "bursts_cut_short": rx.stats.truncated,
        "messages_dropped": getattr(source, "dropped", 0),
        "sections_dropped": sum(b.dropped for b in (*decoders, text_decoder, assembler)),
        "images_lost": sum(getattr(decoder, "lost", 0) for decoder in decoders),
        "overflows": printed.overflows + getattr(gate, "restarts", 0),
    }
    if isinstance(gate, StreamGate):
        report.level = gate.level
    return report


def _run(top: Any, gate: Any, settings: ReceiveSettings, writer: Writer) -> None:
    """Run the flowgraph; on Ctrl-C end its stream instead of stopping it, so that all comes out."""
    ended = threading.Event()

    def wait() -> None:
        top.wait()
        ended.set()

    top.start()
    threading.Thread(target=wait, daemon=True).start()
    deadline = time.monotonic() + settings.seconds if settings.seconds else None
    while not ended.is_set():
        try:
            ended.wait(_POLL_S)
            late = deadline is not None and time.monotonic() >= deadline
            if late or (settings.count and writer.report.images >= settings.count):
                gate.close()
        except KeyboardInterrupt:
            if writer.report.interrupted:
                top.stop()  # the second time: at once
            writer.report.interrupted = True
            gate.close()
