"""The adaptive link as one flowgraph: image after image, the SNR fed back over ZeroMQ.

::

    image ─ rate_controller ─ cie_encoder ─ bits_encoder ─ fragmenter ─ burst_tx ─ channel ─┐
                 ▲                                                                          │
                 └─ ZeroMQ ─ snr_feedback ─┬───────────────────────────────────── burst_rx ─┘
    image ─ cie_decoder ─ bits_decoder ─ assembler

Blocks, samples, bursts and the feedback's socket are real; time is simulated. The controller is
given a clock that stands still while an image is on its way and is then set to when the next one
is due, so a slow machine does not make an old report of a new one. The channel's SNR is set
before each image; a burst never sees it change.
"""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc.link.blocks import PduCollector, PduSource, Seen
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc_phy.adaptation.rate_control import ControlConfig
from gensc_phy.adaptation.rate_table import Choice
from gensc_phy.waveform.config import WaveformConfig
from gnuradio import gr
from gnuradio.gensc import choice_message
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import Metadata, known, make_pdu

ADDRESS = "tcp://127.0.0.1:*"
#: Seconds until a subscription has reached the feedback's socket.
SUBSCRIBE_S = 0.3
#: Seconds an image may take through the flowgraph before it is asked for, and then given up.
PATIENCE_S, LAST_PATIENCE_S = 20.0, 5.0
_POLL_S = 0.001


@dataclass(frozen=True)
class LoopConfig:
    """What the two ends of the link are.

    Attributes:
        bank: codec bank, name or folder of weights.
        importance: as `gnuradio.gensc.cie_encoder` takes it.
        table: file of rate tables; empty: the one beside the bank's weights.
        t_max_s, mask_psnr_db: which table of the file.
        control: of the rate controller.
        waveform: of the bursts.
        report_s: seconds from an image's choice until its bursts' SNR is reported.
    """

    bank: str = "hyperprior"
    importance: str = ""
    table: str = ""
    t_max_s: float = 0.05
    mask_psnr_db: float = 30.0
    control: ControlConfig = field(default_factory=ControlConfig)
    waveform: WaveformConfig = field(default_factory=WaveformConfig)
    report_s: float = 0.06


@dataclass(frozen=True)
class Passed:
    """What became of one image.

    Attributes:
        choice: the row of the rate table that the controller had chosen.
        point, alpha, mcs, bits, gvif: what the encoder made of it.
        in_time: the container fitted into the row's budget.
        complete: it arrived undamaged.
        level_db: SNR by which the controller had chosen, filtered; NaN before the first report.
        measured_db: SNR that the receiver measured on this image's bursts; NaN where it heard none.
        image: as decoded; None where nothing of it arrived.
    """

    choice: Choice
    point: int
    alpha: float
    mcs: int
    bits: int
    gvif: float
    in_time: bool
    complete: bool
    level_db: float
    measured_db: float
    image: NDArray[np.uint8] | None

    @property
    def delivered(self) -> bool:
        """Undamaged and in time."""
        return self.complete and self.in_time


class _Told(message_block):
    """Keeps the dicts that arrive at [sent]."""

    def __init__(self) -> None:
        message_block.__init__(self, "told")
        self.dicts: queue.Queue[dict[str, Any]] = queue.Queue()
        self.setup_ports({"sent": lambda message: self.dicts.put(pmt.to_python(message))})


class ClosedLoop:
    """The running flowgraph; a context manager.

    Args:
        config: the link.
        fixed: sent whatever the channel does; None: what the controller chooses.
        seed: of the noise. The noise of each image also depends on how GNU Radio's scheduler has
            cut the stream into bursts and silence, so two runs agree in distribution only.
        snr_db: Es/N0 of the channel before the first image; about a thousand samples of its noise
            are there already when another one is set.

    Raises:
        UserError: no such weights or tables.
    """

    def __init__(
        self,
        config: LoopConfig,
        fixed: Choice | None = None,
        seed: int = 1,
        snr_db: float = 20.0,
    ) -> None:
        gensc, waveform = codecs.gnuradio_blocks(), config.waveform
        self.config, self._fixed = config, fixed
        self._now = 0.0
        self._images: queue.Queue[Any] = queue.Queue()
        self._got: list[Seen] = []
        self._missed = 0  # reports that never arrived
        control = config.control
        try:
            # One report per image: the mean over its bursts.
            self.feedback = gensc.snr_feedback(ADDRESS, True, math.inf)
            self.controller = gensc.rate_controller(
                config.table, self.feedback.address, False, config.t_max_s, config.mask_psnr_db,
                control.margin_db, control.spread_factor, control.hysteresis_db,
                control.time_constant_s, control.silence_s, control.fallback_s,
            )  # fmt: skip
            self.encoder = gensc.cie_encoder(config.bank, config.importance)
            self.decoder = gensc.cie_decoder(config.bank)
        except gensc.GenscError as error:
            raise UserError(str(error)) from error
        self.controller.clock = lambda: self._now
        self.channel = gensc.channel(snr_db=snr_db, seed=seed, sample_rate=waveform.sample_rate)
        self.receiver, self.assembler = gensc.burst_rx(waveform), gensc.assembler(waveform)
        self._source, self._told = PduSource(iter(self._images.get, None)), _Told()
        self._sink = PduCollector(np.uint8, self._got.append)
        bits, unbits = gensc.bits_encoder(), gensc.bits_decoder()
        cutter, transmitter = gensc.fragmenter(waveform, session=0), gensc.burst_tx(waveform)
        self._blocks = (bits, unbits, cutter, transmitter)  # GNU Radio does not keep them alive
        self._top = gr.top_block("closed loop", catch_exceptions=False)
        self._top.handle_sigint = False
        if fixed is None:
            self._connect(self._source, "out", self.controller, "image")
            self._connect(self.controller, "image", self.encoder, "image")
        else:
            self._connect(self._source, "out", self.encoder, "image")
        for source, output, sink, port in (
            (self.encoder, "sent", self._told, "sent"),
            (self.encoder, "bytes", bits, "bytes"),
            (bits, "section", cutter, "section"),
            (cutter, "fragment", transmitter, "fragment"),
            (self.receiver, "fragment", self.feedback, "fragment"),
            (self.receiver, "fragment", self.assembler, "fragment"),
            (self.assembler, "section", unbits, "section"),
            (unbits, "bytes", self.decoder, "bytes"),
            (self.decoder, "image", self._sink, "in"),
        ):
            self._connect(source, output, sink, port)
        self._top.connect(transmitter, self.channel, self.receiver)

    def _connect(self, source: Any, output: str, sink: Any, port: str) -> None:
        self._top.msg_connect((source, output), (sink, port))

    def __enter__(self) -> ClosedLoop:
        """Start it."""
        self._top.start()
        time.sleep(SUBSCRIBE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it run dry, or stop it after an error."""
        self._images.put(None)
        if kind is not None:
            self._top.stop()
        self._top.wait()

    def send(self, image: NDArray[np.uint8], image_id: int, snr_db: float, at_s: float) -> Passed:
        """Send an image and wait until it has arrived, with the reports about its bursts.

        Args:
            image: uint8 H×W×3.
            image_id: 0 … 65535, another one for each image.
            snr_db: Es/N0 of the channel while it is on the air.
            at_s: when it is sent, simulated seconds; never before an earlier image.
        """
        self._now = at_s
        self.channel.set_snr_db(snr_db)
        choice = self._fixed or self.controller.choice()
        level = self.controller.level()
        failed = self._failures()
        height, width, _ = image.shape
        pdu = make_pdu(Metadata(image_id=image_id, shape=(height, width, 3)), image)
        self._images.put(pdu if self._fixed is None else choice_message.attach(pdu, choice))
        told = self._told.dicts.get()
        self._now = at_s + self.config.report_s

        def arrived() -> bool:
            return bool(self._got) or self._failures() > failed

        if not _wait(arrived, PATIENCE_S):
            # A burst was lost: what there is of the image.
            self.assembler._post(pmt.intern("flush"), pmt.PMT_T)
            _wait(arrived, LAST_PATIENCE_S)
        seen = self._got.pop() if self._got else None
        self._await_report()
        metadata = seen.metadata if seen else Metadata()
        return Passed(
            choice=choice,
            **{name: told[name] for name in ("point", "alpha", "mcs", "bits", "gvif", "in_time")},
            complete=bool(metadata.complete) and metadata.image_id == image_id,
            level_db=level,
            measured_db=float("nan") if metadata.snr_db is None else metadata.snr_db,
            image=seen.data.reshape(known(metadata.shape)) if seen else None,
        )

    def _failures(self) -> int:
        return int(self.decoder.lost + self.decoder.dropped)

    def _await_report(self) -> None:
        """Wait until the controller has heard what the receiver has measured."""
        receiver, feedback = self.receiver, self.feedback
        _wait(lambda: feedback.measured >= receiver.stats.headers_ok, LAST_PATIENCE_S)
        if self._fixed is None:
            _wait(lambda: self._unheard() <= self._missed, LAST_PATIENCE_S)
            self._missed = self._unheard()

    def _unheard(self) -> int:
        """Reports that were sent and have not reached the controller."""
        return int(self.feedback.sent - self.controller.received)


def _wait(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True
