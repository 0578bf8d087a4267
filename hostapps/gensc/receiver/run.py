"""Receiving images: the flowgraph behind `gensc receive`, and the files it leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gensc.editing.choose import NONE as NO_EDITOR
from gensc.editing.choose import choose_editor
from gensc.link.driver_output import caught
from gensc.link.offset import receiver_config
from gensc.link.radio import Place, RadioSettings, open_sink, open_source
from gensc.link.schemes import all_decoders
from gensc.receiver.kept import SUFFIX, read_sections
from gensc.receiver.writer import ReceiveReport, Writer
from gensc.system import codecs
from gensc_models.catalogue.shared import shared_codec_by_fingerprint

_POLL_S = 0.1
#: A live stream's incomplete images are given out after so long without any burst.
EXPIRY_S = 2.0
#: Sections of a session that wait to be completed, at most; between two copies others are sent.
WAITING, WAITING_FOR_COPIES = 8, 512


@dataclass(frozen=True)
class ReceiveSettings:
    """What is done with what arrives.

    Attributes:
        out: folder for images, texts and results.jsonl.
        models: where codecs are looked for beside the installed ones: folders of weights, folders
            that hold such, names, or FILE.py:CLASS.
        count: end after so many images; 0 never does.
        seconds: end after so long; 0 never does.
        keep_open: do not end with the sender's stream (ZeroMQ).
        refine: refiner whose image is written beside the received one; "none" has none.
        edit: editor whose image is written beside the received one; "none" has none.
        edit_limit_s: seconds an edit may take.
        save_iq: recording of the samples as they are received; "" makes none.
        reference: originals; see `gensc.receiver.reference`.
        cfo_range_hz: largest carrier offset accepted, Hz; None takes the waveform's.
        copies: how often the sender repeats everything; copies are waited for and combined.
    """

    out: Path
    models: tuple[str, ...] = ()
    count: int = 0
    seconds: float = 0.0
    keep_open: bool = False
    refine: str = codecs.NO_REFINER
    edit: str = NO_EDITOR
    edit_limit_s: float = 300.0
    save_iq: str = ""
    reference: Sequence[str] = ()
    cfo_range_hz: float | None = None
    copies: int = 1


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
        UserError: no such recording, device, model or folder.
    """
    gensc = codecs.gnuradio_blocks()
    places = tuple(codecs.check_place(model) for model in settings.models)
    decoders = all_decoders(gensc, places)
    refiner = codecs.load_refiner(settings.refine)
    chosen = choose_editor(settings.edit)
    from gensc.link.blocks import PduCollector, PduSource, StreamGate
    from gensc.receiver.keep import SectionKeeper
    from gnuradio import gr

    kept = place.kind == "sections"
    source = (
        PduSource(_sections(place.name))
        if kept
        else open_source(place, radio, bind, settings.keep_open)
    )
    if place.is_hardware:
        on_image(source.tuned.line())
    # A raw recording does not say at what rate it was made.
    recorded = source.recording.sample_rate if hasattr(source, "recording") else None
    config = receiver_config(recorded or radio.sample_rate, settings.cfo_range_hz)
    writer = Writer(
        settings.out, place, config, on_image, refiner[1] if refiner else None,
        lambda fingerprint: shared_codec_by_fingerprint(fingerprint, places), settings.reference,
    )  # fmt: skip
    keeper = SectionKeeper(places, writer.leave if kept else writer.keep)
    top = gr.top_block("gensc_receive", catch_exceptions=False)
    # A ZeroMQ source can end by itself, also while nothing arrives; so does what sends PDUs. The
    # others need the gate.
    gate = source if kept or place.kind == "zmq" else StreamGate()
    rx = gensc.burst_rx(config)
    assembler = gensc.assembler(
        config,
        expiry_s=EXPIRY_S if place.is_live else 0.0,
        max_pending=WAITING if settings.copies == 1 else WAITING_FOR_COPIES,
        copies=settings.copies,
    )
    text_decoder = gensc.text_decoder()
    images = PduCollector(np.uint8, on_pdu=writer.image)
    texts = PduCollector(np.uint8, on_pdu=writer.text)
    if kept:
        top.msg_connect((source, "out"), (keeper, "section"))
    else:
        top.connect(*([source] if gate is source else [source, gate]), rx)
        if settings.save_iq:
            told = replace(radio, sample_rate=config.sample_rate)
            top.connect(gate, open_sink(Place("file", settings.save_iq), told))
        top.msg_connect((rx, "fragment"), (assembler, "fragment"))
        top.msg_connect((assembler, "section"), (keeper, "section"))
    for sender, output, taker, port in (
        *((keeper, "section", decoder, "section") for decoder in decoders),
        *((decoder, "image", images, "in") for decoder in decoders),
        (keeper, "section", text_decoder, "section"),
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
    report.missing = keeper.missing
    heard, put_together = rx.stats, assembler.stats
    report.counters = {
        "samples": heard.samples,
        "bursts": heard.headers_ok,
        "headers_bad": heard.headers_bad,
        "headers_other": heard.headers_other,
        "bad_cfo_hz": heard.bad_cfo_hz,
        "bursts_cut_short": heard.truncated,
        "bursts_repeated": put_together.duplicates,
        "bursts_late": put_together.late,
        "bursts_refused": put_together.refused,
        "numbers_used_twice": put_together.conflicting,
        "messages_dropped": getattr(source, "dropped", 0),
        "sections_dropped": sum(b.dropped for b in (*decoders, keeper, text_decoder, assembler)),
        "sections_kept": keeper.kept,
        "images_lost": sum(getattr(decoder, "lost", 0) for decoder in decoders),
        "overflows": printed.overflows + getattr(gate, "restarts", 0),
    }
    if isinstance(gate, StreamGate):
        report.level = gate.level
    return report


def _sections(name: str) -> Iterator[Any]:
    """The PDUs of kept sections: of a file, or of all such files in a folder."""
    from gnuradio.gensc.assembler import section_pdu

    path = Path(name)
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    return map(section_pdu, [section for file in files for section in read_sections(file)])


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
