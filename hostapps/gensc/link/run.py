"""The link runner: single images through a real GNU Radio flowgraph, measured and repeatable.

::

    image ─ encoder ─┬─────────────────────┬─ fragmenter ─ burst_tx ─ channel ─ burst_rx ─┐
                     └ caption ─ text_enc. ┘                                              │
    image ─ decoder ─┬─ assembler ─ fragment_dropper ─────────────────────────────────────┘
      ├─ refiner     │
      └─ editor ─ text_dec.

Which blocks encoder and decoder are is up to the codec (`gensc.link.schemes`). Every run is a
flowgraph of its own that ends by itself, so that its samples, and with them every figure, depend
on the seed alone and not on what ran before or how fast the machine is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.editing.choose import NONE as NO_EDITOR
from gensc.editing.choose import choose_editor
from gensc.link.air import Air, Conditions
from gensc.link.channels import spread_of
from gensc.link.observed import Stages, note_picture, note_text
from gensc.link.reception import BytesReception, Reception
from gensc.link.schemes import load_scheme
from gensc.results.quality import Effort, score
from gensc.results.result import Result
from gensc.system import codecs, machine
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models import Codec
    from gensc_models.restore.editing import SafeEditor
    from gensc_phy.waveform.config import WaveformConfig

#: What the encoder is told where there is no noise: the highest SNR the codecs are made for.
NOISELESS_DESIGN_DB = 20.0
#: Seconds an edit may take.
EDIT_LIMIT_S = 300.0


class LinkRunner:
    """Sends images through the flowgraph, one run each.

    Args:
        model: codec, by name or folder of weights; "" is the default one.
        rate: channel symbols per 16×16 block.
        config: waveform; the default one where None.
        sample_offset_ppm: clock offset of the receiver.
        refine: refiner behind the decoder, by name or folder of weights; "none" has none.
        edit: editor behind the decoder, as `choose_editor` takes it; "none" has none.
        edit_limit_s: seconds an edit may take.

    Raises:
        UserError: GNU Radio is not there, unknown model, refiner or editor, damaged weights.
    """

    def __init__(
        self,
        model: str = "",
        rate: int = codecs.DEFAULT_RATE,
        config: WaveformConfig | None = None,
        sample_offset_ppm: float = 0.0,
        refine: str = codecs.NO_REFINER,
        edit: str = NO_EDITOR,
        edit_limit_s: float = EDIT_LIMIT_S,
    ) -> None:
        from gensc_phy.waveform.config import WaveformConfig

        self._gensc = codecs.gnuradio_blocks()
        self.scheme = load_scheme(model)
        self.rate = codecs.check_rate_of(self.scheme.codec, rate)
        self.config = config or WaveformConfig()
        self.sample_offset_ppm = sample_offset_ppm
        loaded = codecs.load_refiner(refine)
        self.refiner_weights = loaded[1] if loaded else None
        # Held, so that the blocks of every run find it loaded.
        self._refiner = loaded[0] if loaded else None
        self._refine = refine
        self._editor = _within_limits(edit, edit_limit_s)
        leave_cores_to_gnuradio()

    @property
    def codec(self) -> Codec:
        """The network."""
        return self.scheme.codec

    def send(
        self,
        image: NDArray[np.uint8],
        name: str,
        *,
        snr_db: float,
        channel: str = "awgn",
        seed: int = 1,
        design_snr_db: float | None = None,
        text: str | None = None,
        text_mcs: int | None = None,
        lost: Collection[int] = (),
        lost_section: str = "analog",
        image_id: int = 0,
    ) -> Reception:
        """One image, with a caption where `text` is given.

        Args:
            image: uint8 H×W×3.
            name: of the picture, for results.
            snr_db: Es/N0 of the channel.
            channel: of `gensc.link.channels.CHANNELS`; `none` ignores `snr_db`.
            seed: of taps, fading, noise and carrier offset.
            design_snr_db: what the encoder is told; None: `snr_db`, and without noise the highest.
            text: caption, sent after the image as a text section.
            text_mcs: its modulation and coding scheme; None takes a robust one.
            lost: numbers of fragments that are dropped behind the receiver.
            lost_section: the kind of section they are of.
            image_id: in the burst headers.

        Raises:
            UserError: an image of too many symbols, or of so few that none is left to send it with.
        """
        from gensc.link.blocks import PduCollector, PduFollower, PduSource
        from gensc_phy.coding.mcs import ROBUST_MCS
        from gnuradio.gensc.metadata import Metadata, make_pdu

        codecs.check_fits(name, image.shape, self.rate)
        told_snr_db = snr_db if design_snr_db is None else design_snr_db
        if channel == "none" and design_snr_db is None:
            told_snr_db = NOISELESS_DESIGN_DB
        gensc = self._gensc
        encoder = self.scheme.encoder(gensc, self.rate, told_snr_db, spread_of(channel))
        decoder = self.scheme.decoder(gensc)
        meta = Metadata(image_id=image_id, shape=image.shape, name=name)  # type: ignore[arg-type]
        at = Conditions(channel, snr_db, seed, frozenset(lost), lost_section)
        air = Air(gensc, self.config, at, self.sample_offset_ppm)
        source = PduSource([make_pdu(meta, image)])
        sent, pictures = PduCollector(np.complex64), PduCollector(np.uint8)
        texts, refined, edited = (PduCollector(np.uint8) for _ in range(3))
        encoder.connect(air.connect, (source, "out"), (sent, "in"))
        air.connect(sent, "out", air.fragmenter, "section")
        if text is not None:
            utf8 = np.frombuffer(text.encode("utf-8"), np.uint8)
            caption = PduFollower(lambda _: make_pdu(meta, utf8))
            text_encoder = gensc.text_encoder(ROBUST_MCS.index if text_mcs is None else text_mcs)
            air.connect(sent, "out", caption, "in")
            air.connect(caption, "out", text_encoder, "text")
            air.connect(text_encoder, "section", air.fragmenter, "section")
            text_decoder = gensc.text_decoder()
            air.connect(air.sections, "out", text_decoder, "section")
            air.connect(text_decoder, "text", texts, "in")
        air.connect(air.sections, "out", decoder, "section")
        air.connect(decoder, "image", pictures, "in")
        if self.refiner_weights is not None:
            refiner = gensc.refiner(self._refine)
            air.connect(pictures, "out", refiner, "image")
            air.connect(refiner, "image", refined, "in")
        if self._editor is not None:
            # However long the caption takes: it comes, or the stream ends.
            editor = gensc.editor(self._editor, wait_s=inf)
            air.connect(pictures, "out", editor, "image")
            if text is not None:
                air.connect(texts, "out", editor, "text")
            air.connect(editor, "image", edited, "in")
        started = air.run()
        if not sent.seen and not encoder.failed:
            raise UserError(
                f"{name}: {self.codec.name} sends no {image.shape[1]}x{image.shape[0]} at --rate "
                f"{self.rate}; use a higher one or a larger picture"
            )
        out = Reception(
            name=name,
            original=image,
            image=None,
            channel=channel,
            snr_db=snr_db,
            symbols=air.symbols(),
            seed=seed,
            image_id=image_id,
            fragments=air.count("analog"),
            text_sent=text,
            counters={
                **air.counters(),
                **self.scheme.counters(decoder),
                **({"images_not_encoded": 1} if encoder.failed else {}),
            },
        )
        note_picture(out, Stages(started, sent.seen, air.sections.seen, pictures.seen,
                                   refined.seen, edited.seen))  # fmt: skip
        if text is not None:
            note_text(out, air.sections.seen, texts.seen)
        return out

    def send_bytes(
        self,
        payload: bytes,
        mcs: int,
        *,
        snr_db: float,
        channel: str = "awgn",
        seed: int = 1,
        shape: tuple[int, ...] = (0, 0, 3),
    ) -> BytesReception:
        """A bits section, e.g. a JPEG file: the digital path of the same flowgraph."""
        from gensc.link.blocks import PduCollector, PduSource
        from gnuradio.gensc.metadata import Metadata, make_pdu

        meta = Metadata(image_id=0, shape=shape)  # type: ignore[arg-type]
        at = Conditions(channel, snr_db, seed)
        air = Air(self._gensc, self.config, at, self.sample_offset_ppm)
        source = PduSource([make_pdu(meta, np.frombuffer(payload, np.uint8))])
        encoder, decoder = self._gensc.bits_encoder(mcs), self._gensc.bits_decoder()
        received = PduCollector(np.uint8)
        air.connect(source, "out", encoder, "bytes")
        air.connect(encoder, "section", air.fragmenter, "section")
        air.connect(air.sections, "out", decoder, "section")
        air.connect(decoder, "bytes", received, "in")
        air.run()
        section = next((s for s in air.sections.seen if s.metadata.section == "bits"), None)
        first = received.seen[0] if received.seen else None
        return BytesReception(
            payload=first.data.tobytes() if first else None,
            crc_ok=bool(first and first.metadata.crc_ok),
            symbols=air.symbols(),
            snr_measured_db=section.metadata.snr_db if section else None,
            counters=air.counters(),
        )

    def result(self, reception: Reception, *, effort: Effort = "fidelity") -> Result:
        """The result line of a reception as the decoder gave it, before any refinement."""
        metrics, reasons = _score(reception, reception.image, effort)
        return Result(
            image=reception.name,
            image_id=reception.image_id,
            shape=reception.original.shape,  # type: ignore[arg-type]
            scheme=self.codec.name,
            weights=self.scheme.weights,
            channel=reception.channel,
            via="flowgraph",
            snr_db=None if reception.channel == "none" else reception.snr_db,
            snr_measured_db=reception.snr_measured_db,
            symbols=reception.symbols,
            received=reception.image is not None,
            metrics=metrics,
            reasons=reasons,
            latency_ms=_without(reception.latency_ms, "refine", "edit"),
            fragments=reception.fragments,
            fragments_lost=reception.fragments_lost,
            text=reception.text,
            text_ok=reception.text_ok,
            text_state=reception.text_state,
            seed=reception.seed,
            extra={"rate": self.rate, "cfo_hz": reception.cfo_hz, **reception.counters},
        )

    def refined_result(self, reception: Reception, *, effort: Effort = "fidelity") -> Result | None:
        """The result line of the refined image; None where the runner has no refiner.

        An image that could not be refined has a line too, which says so.
        """
        if self.refiner_weights is None:
            return None
        metrics, reasons = _score(reception, reception.refined, effort)
        if reception.image is not None and reception.refined is None:
            reasons |= dict.fromkeys(("psnr", "ssim", "ms_ssim"), "the refinement failed")
        return replace(
            self.result(reception, effort="psnr"),
            scheme=f"{self.codec.name}+{self.refiner_weights.id}",
            refiner=self.refiner_weights,
            metrics=metrics,
            reasons=reasons,
            latency_ms=_without(reception.latency_ms, "edit"),
        )

    def edited_result(self, reception: Reception, *, effort: Effort = "fidelity") -> Result | None:
        """The result line of what the editor answered; None where the runner has no editor.

        An edit that failed or was rejected has a line too: of the image as it was received, which
        is the answer then.
        """
        if self._editor is None:
            return None
        metrics, reasons = _score(reception, reception.edited, effort)
        plain = self.result(reception, effort="psnr")
        told = {
            "editor": self._editor.name,
            "edit": reception.edit,
            "edit_reason": reception.edit_reason,
        }
        return replace(
            plain,
            scheme=f"{self.codec.name}+edit",
            metrics=metrics,
            reasons=reasons,
            latency_ms=_without(reception.latency_ms, "refine"),
            extra=plain.extra | told,
        )


def _score(
    reception: Reception, shown: NDArray[np.uint8] | None, effort: Effort
) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics of a picture; the caption that was sent says what is in it."""
    return score(reception.original, shown, effort=effort, caption=reception.text_sent)


def _within_limits(edit: str, limit_s: float) -> SafeEditor | None:
    """The editor of an ``--edit`` for all runs: it knows what it is still busy with."""
    from gensc_models.restore.editing import SafeEditor

    chosen = choose_editor(edit)
    return None if chosen is None else SafeEditor(chosen, limit_s)


def leave_cores_to_gnuradio() -> None:
    """Let torch use half of the cores: its threads wait for each other by spinning, and every
    block of the flowgraph is a thread as well."""
    import torch

    torch.set_num_threads(max(1, machine.cores() // 2))


def _without(latency_ms: dict[str, float], *stages: str) -> dict[str, float]:
    """The latencies of all other stages."""
    return {stage: ms for stage, ms in latency_ms.items() if stage not in stages}
