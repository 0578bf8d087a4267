"""The link runner: single images through a real GNU Radio flowgraph, measured and repeatable.

::

    image ─ jscc_encoder ─┬─────────────────────┬─ fragmenter ─ burst_tx ─ channel ─ burst_rx ─┐
                          └ caption ─ text_enc. ┘                                              │
    image ─ jscc_decoder ─┬─ assembler ─ fragment_dropper ─────────────────────────────────────┘
      └─ refiner          │
    caption ─ text_dec. ──┘

Every run is a flowgraph of its own that ends by itself, so that its samples, and with them every
figure, depend on the seed alone and not on what ran before or how fast the machine is.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from gensc_host import channels, codecs, machine
from gensc_host.quality import Effort, score
from gensc_host.reception import BytesReception, Reception
from gensc_host.results import Result, Symbols
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gensc_host.blocks import Seen
    from gensc_phy.config import WaveformConfig

#: Symbols kept for a constellation.
CONSTELLATION = 4000
#: What the encoder is told where there is no noise: the highest SNR the codecs are made for.
NOISELESS_DESIGN_DB = 20.0
#: The carrier offset of a run is drawn within ± this many subcarriers.
CFO_RANGE = 0.2


class LinkRunner:
    """Sends images through the flowgraph, one run each.

    Args:
        model: codec, by name or folder of weights; "" is the default one.
        rate: channel symbols per 16×16 block.
        config: waveform; the default one where None.
        sample_offset_ppm: clock offset of the receiver.
        refine: refiner behind the decoder, by name or folder of weights; "none" has none.

    Raises:
        UserError: GNU Radio is not there, unknown model or refiner, damaged weights.
    """

    def __init__(
        self,
        model: str = "",
        rate: int = 32,
        config: WaveformConfig | None = None,
        sample_offset_ppm: float = 0.0,
        refine: str = codecs.NO_REFINER,
    ) -> None:
        from gensc_phy.config import WaveformConfig

        self._gensc = codecs.gnuradio_blocks()
        self.codec, self.weights = codecs.load(model)
        self.rate = codecs.check_rate(rate)
        self.config = config or WaveformConfig()
        self.sample_offset_ppm = sample_offset_ppm
        self._model = model or codecs.DEFAULT
        loaded = codecs.load_refiner(refine)
        self.refiner_weights = loaded[1] if loaded else None
        # Held, so that the blocks of every run find it loaded.
        self._refiner = loaded[0] if loaded else None
        self._refine = refine
        leave_cores_to_gnuradio()

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
        image_id: int = 0,
    ) -> Reception:
        """One image, with a caption where `text` is given.

        Args:
            image: uint8 H×W×3.
            name: of the picture, for results.
            snr_db: Es/N0 of the channel.
            channel: of `gensc_host.channels.CHANNELS`; `none` ignores `snr_db`.
            seed: of taps, fading, noise and carrier offset.
            design_snr_db: what the encoder is told; None: `snr_db`, and without noise the highest.
            text: caption, sent after the image as a text section.
            text_mcs: its modulation and coding scheme; None takes the most robust one.
            lost: numbers of analog fragments that are dropped behind the receiver.
            image_id: in the burst headers.
        """
        from gensc_host.blocks import PduCollector, PduFollower, PduSource
        from gnuradio.gensc.metadata import Metadata, make_pdu

        codecs.check_fits(self.codec, name, image.shape, self.rate)
        told_snr_db = snr_db if design_snr_db is None else design_snr_db
        if channel == "none" and design_snr_db is None:
            told_snr_db = NOISELESS_DESIGN_DB
        encoder = self._gensc.jscc_encoder(self._model, self.rate, told_snr_db)
        decoder = self._gensc.jscc_decoder(self._model)
        meta = Metadata(image_id=image_id, shape=image.shape, name=name)  # type: ignore[arg-type]
        radio = _Radio(self, channel, snr_db, seed, frozenset(lost))
        source = PduSource([make_pdu(meta, image)])
        sent, pictures = PduCollector(np.complex64), PduCollector(np.uint8)
        texts, refined = PduCollector(np.uint8), PduCollector(np.uint8)
        radio.connect(source, "out", encoder, "image")
        radio.connect(encoder, "section", sent, "in")
        radio.connect(sent, "out", radio.fragmenter, "section")
        if text is not None:
            utf8 = np.frombuffer(text.encode("utf-8"), np.uint8)
            caption = PduFollower(lambda _: make_pdu(meta, utf8))
            text_encoder = self._gensc.text_encoder(0 if text_mcs is None else text_mcs)
            radio.connect(sent, "out", caption, "in")
            radio.connect(caption, "out", text_encoder, "text")
            radio.connect(text_encoder, "section", radio.fragmenter, "section")
            text_decoder = self._gensc.text_decoder()
            radio.connect(radio.sections, "out", text_decoder, "section")
            radio.connect(text_decoder, "text", texts, "in")
        radio.connect(radio.sections, "out", decoder, "section")
        radio.connect(decoder, "image", pictures, "in")
        if self.refiner_weights is not None:
            refiner = self._gensc.refiner(self._refine)
            radio.connect(pictures, "out", refiner, "image")
            radio.connect(refiner, "image", refined, "in")
        started = radio.run()

        sections = {s.metadata.section: s for s in radio.sections.seen}
        analog, words = sections.get("analog"), sections.get("text")
        out = Reception(
            name=name,
            original=image,
            image=None,
            channel=channel,
            snr_db=snr_db,
            symbols=radio.symbols(),
            seed=seed,
            image_id=image_id,
            fragments=radio.count("analog"),
            text_sent=text,
            counters=radio.counters(),
        )
        out.fragments_lost = out.fragments - (analog.metadata.fragments_received if analog else 0)
        if analog is not None:
            out.snr_measured_db, out.cfo_hz = analog.metadata.snr_db, analog.metadata.cfo_hz
            out.constellation = _some(analog)
            out.latency_ms = _latency(started, sent.seen, analog, pictures.seen, refined.seen)
        if pictures.seen:
            out.image = pictures.seen[0].data.reshape(image.shape)
        if refined.seen and refined.seen[0].metadata.refiner:
            out.refined = refined.seen[0].data.reshape(image.shape)
        if words is not None:
            out.text_constellation = _some(words)
        if texts.seen:
            out.text = texts.seen[0].data.tobytes().decode("utf-8")
        if text is not None:
            out.text_ok = bool(texts.seen and texts.seen[0].metadata.crc_ok)
            out.text_state = texts.seen[0].metadata.text_state if texts.seen else "dropped"
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
        from gensc_host.blocks import PduCollector, PduSource
        from gnuradio.gensc.metadata import Metadata, make_pdu

        meta = Metadata(image_id=0, shape=shape)  # type: ignore[arg-type]
        radio = _Radio(self, channel, snr_db, seed, frozenset())
        source = PduSource([make_pdu(meta, np.frombuffer(payload, np.uint8))])
        encoder, decoder = self._gensc.bits_encoder(mcs), self._gensc.bits_decoder()
        received = PduCollector(np.uint8)
        radio.connect(source, "out", encoder, "bytes")
        radio.connect(encoder, "section", radio.fragmenter, "section")
        radio.connect(radio.sections, "out", decoder, "section")
        radio.connect(decoder, "bytes", received, "in")
        radio.run()
        section = next((s for s in radio.sections.seen if s.metadata.section == "bits"), None)
        first = received.seen[0] if received.seen else None
        return BytesReception(
            payload=first.data.tobytes() if first else None,
            crc_ok=bool(first and first.metadata.crc_ok),
            symbols=radio.symbols(),
            snr_measured_db=section.metadata.snr_db if section else None,
            counters=radio.counters(),
        )

    def result(self, reception: Reception, *, effort: Effort = "fidelity") -> Result:
        """The result line of a reception as the decoder gave it, before any refinement."""
        metrics, reasons = _score(reception, reception.image, effort)
        return Result(
            image=reception.name,
            image_id=reception.image_id,
            shape=reception.original.shape,  # type: ignore[arg-type]
            scheme=self.codec.name,
            weights=self.weights,
            channel=reception.channel,
            via="flowgraph",
            snr_db=None if reception.channel == "none" else reception.snr_db,
            snr_measured_db=reception.snr_measured_db,
            symbols=reception.symbols,
            received=reception.image is not None,
            metrics=metrics,
            reasons=reasons,
            latency_ms={s: ms for s, ms in reception.latency_ms.items() if s != "refine"},
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
            latency_ms=reception.latency_ms,
        )


def _score(
    reception: Reception, shown: NDArray[np.uint8] | None, effort: Effort
) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics of the decoded or refined picture; the caption that was sent says what is in it."""
    return score(reception.original, shown, effort=effort, caption=reception.text_sent)


def leave_cores_to_gnuradio() -> None:
    """Let torch use half of the cores: its threads wait for each other by spinning, and every
    block of the flowgraph is a thread as well."""
    import torch

    torch.set_num_threads(max(1, machine.cores() // 2))


class _Radio:
    """The part of the flowgraph that every payload shares: fragmenter to assembler."""

    def __init__(
        self, runner: LinkRunner, channel: str, snr_db: float, seed: int, lost: frozenset[int]
    ) -> None:
        from gensc_host.blocks import FragmentDropper, PduCollector
        from gnuradio import gr

        gensc, config = runner._gensc, runner.config
        realised = channels.draw(channel, seed)
        rng = np.random.default_rng((seed, 0xCF0))
        self.config = config
        self.top = gr.top_block("link", catch_exceptions=False)
        self.fragmenter = gensc.fragmenter(config)
        # Without a tail, the samples on the air do not depend on when the queue ran empty.
        self.tx = gensc.burst_tx(config, idle="wait", tail=0)
        self.rx = gensc.burst_rx(config)
        self.assembler = gensc.assembler(config)
        air = gensc.channel(
            snr_db=float("inf") if channel == "none" else snr_db,
            cfo_hz=rng.uniform(-1, 1) * CFO_RANGE * config.subcarrier_hz,
            sample_offset_ppm=runner.sample_offset_ppm,
            taps=realised.taps,
            fading_hz=realised.fading_hz,
            seed=seed + 1,  # GNU Radio takes 0 for "any"
            sample_rate=config.sample_rate,
        )
        self.fragments, self.sections = PduCollector(np.complex64), PduCollector(np.complex64)
        # GNU Radio does not keep Python blocks alive; an attribute does.
        self.dropper = FragmentDropper(lost)
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
        # GNU Radio would take Ctrl-C for the end of this run and let the next one begin.
        self.top.handle_sigint = False
        started = time.perf_counter()
        try:
            self.top.start()
            self.top.wait()
        except KeyboardInterrupt:
            self.top.stop()
            self.top.wait()
            raise
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


def _some(section: Seen) -> NDArray[np.complex64]:
    """Received symbols of a section for a constellation, evenly spaced, lost ones left out."""
    assert section.metadata.noise_var is not None
    heard = section.data[np.isfinite(section.metadata.noise_var)]
    return np.array(heard[:: -(-heard.size // CONSTELLATION) or 1])


def _latency(
    started: float, sent: list[Seen], assembled: Seen, pictures: list[Seen], refined: list[Seen]
) -> dict[str, float]:
    """Milliseconds from start to the encoder's output, from there to the assembler's, and on."""
    stages = {"encode": sent[0].time - started, "air": assembled.time - sent[0].time}
    if pictures:
        stages["decode"] = pictures[0].time - assembled.time
    if refined and refined[0].metadata.refiner:
        stages["refine"] = refined[0].time - pictures[0].time
    return {stage: 1e3 * seconds for stage, seconds in stages.items()}
