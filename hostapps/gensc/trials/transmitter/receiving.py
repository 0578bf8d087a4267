"""The receiving end in a process of its own flowgraph: samples over ZeroMQ, answers beside them."""

from __future__ import annotations

from types import TracebackType

from gensc.link.zmq_stream import ZmqStreamSource
from gensc.system import codecs
from gensc.trials.transmitter.answering import Answering
from gensc_phy.waveform.config import WaveformConfig
from gnuradio import gr


class Receiving:
    """Runs from entry to exit.

    Args:
        address: ZeroMQ address of the samples, which this end binds.
        answering: what reports.
    """

    def __init__(self, address: str, answering: Answering) -> None:
        gensc, waveform = codecs.gnuradio_blocks(), WaveformConfig()
        self.answering = answering
        self._samples = ZmqStreamSource(address, bind=True, keep_open=True)
        self._blocks = gensc.burst_rx(waveform), gensc.assembler(waveform)
        receiver, assembler = self._blocks
        self._top = gr.top_block("receiving", catch_exceptions=False)
        self._top.connect(self._samples, receiver)
        for source, out, sink, port in (
            (receiver, "fragment", answering, "fragment"),
            (answering, "fragment", assembler, "fragment"),
            (assembler, "section", answering, "section"),
        ):
            self._top.msg_connect((source, out), (sink, port))

    def __enter__(self) -> Receiving:
        """Start it."""
        self._top.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let it run dry."""
        self._samples.close()
        self._top.wait()
        self.answering.close()
