"""Receiving images: the flowgraph behind `gensc receive`, and the files it leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.editing.choose import NONE as NO_EDITOR
from gensc.editing.choose import choose_editor
from gensc.link.driver_output import caught
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.chain import Chain
from gensc.receiver.spent import codec_or_bank
from gensc.receiver.taps import ChainSettings, Taps
from gensc.receiver.writer import ReceiveReport, Writer
from gensc.system import codecs

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_models.restore.editing import Editor

_POLL_S = 0.1
#: A live stream's incomplete images are given out after so long without any burst.
EXPIRY_S = 2.0


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
    refiner = codecs.load_refiner(settings.refine)
    chosen = choose_editor(settings.edit)
    # The place of the samples is opened before the folder is made, and tells their rate.
    writer: Writer | None = None

    def told() -> Writer:
        assert writer is not None
        return writer

    kept = place.kind == "sections"
    chain = Chain(
        place,
        radio,
        ChainSettings(
            places,
            settings.copies,
            settings.cfo_range_hz,
            quiet_s=EXPIRY_S if place.is_live else 0.0,
            save_iq=settings.save_iq,
            bind=bind,
            keep_open=settings.keep_open,
        ),
        Taps(
            image=lambda seen: told().image(seen),
            text=lambda seen: told().text(seen),
            keep=lambda *section: (told().leave if kept else told().keep)(*section),
        ),
    )
    if place.is_hardware:
        on_image(chain.source.tuned.line())
    writer = Writer(
        settings.out, place, chain.config, on_image, refiner[1] if refiner else None,
        lambda fingerprint: codec_or_bank(fingerprint, places), settings.reference,
    )  # fmt: skip
    behind = _stages(gensc, chain, settings, writer, refiner is not None, chosen)
    try:
        with caught() as printed:
            _run(chain, settings, writer)
    finally:
        writer.close()
        del behind  # GNU Radio does not keep blocks alive: until here this did
    report = writer.report
    report.missing = chain.keeper.missing
    report.counters = chain.counters(printed)
    report.level = chain.level
    report.radio_gone = place.is_hardware and not chain.closed
    return report


def _stages(
    gensc: ModuleType,
    chain: Chain,
    settings: ReceiveSettings,
    writer: Writer,
    refines: bool,
    chosen: Editor | None,
) -> list[Any]:
    """Connect refiner and editor behind the decoders, as blocks of the same flowgraph."""
    from gensc.link.blocks import PduCollector

    blocks: list[Any] = []

    def behind_images(block: Any, taker: Callable[[Seen], None]) -> None:
        collector = PduCollector(np.uint8, on_pdu=taker)
        chain.top.msg_connect((chain.images, "out"), (block, "image"))
        chain.top.msg_connect((block, "image"), (collector, "in"))
        blocks.extend((block, collector))

    if refines:
        behind_images(gensc.refiner(settings.refine), writer.refined)
    if chosen is not None:
        edit = gensc.editor(chosen, limit_s=settings.edit_limit_s)
        behind_images(edit, writer.edited)
        chain.top.msg_connect((chain.text_decoder, "text"), (edit, "text"))
    return blocks


def _run(chain: Chain, settings: ReceiveSettings, writer: Writer) -> None:
    """Run the flowgraph; on Ctrl-C end its stream instead of stopping it, so that all comes out."""
    chain.start()
    deadline = time.monotonic() + settings.seconds if settings.seconds else None
    while not chain.ended:
        try:
            chain.wait(_POLL_S)
            late = deadline is not None and time.monotonic() >= deadline
            if late or (settings.count and writer.report.images >= settings.count):
                chain.close()
        except KeyboardInterrupt:
            if writer.report.interrupted:
                chain.stop()  # the second time: at once
            writer.report.interrupted = True
            chain.close()
