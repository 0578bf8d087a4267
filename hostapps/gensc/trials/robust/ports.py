"""Every ZeroMQ port of the project, opened to be attacked, and how each is asked whether it lives.

GNU Radio keeps no Python block alive: each port keeps its own.
Each is in a process of its own (`python -m gensc.trials.robust.ports NAME`): a crash is seen as
one, and its memory is its own.
"""

from __future__ import annotations

import asyncio
import resource
import struct
import sys
import threading
import zlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import zmq

from gensc.system.plain import json_text


class Port:
    """One port, listening.

    Attributes:
        name: as in the table.
        sender: kind of ZeroMQ socket that an honest peer has.
        limit: bytes of a message at most.
        sealed: its messages have a checksum, see `seal`.
        address: where it listens.
    """

    name: ClassVar[str]
    sender: ClassVar[int] = zmq.PUSH
    limit: ClassVar[int] = 1 << 26
    sealed: ClassVar[bool] = False
    address: str

    @abstractmethod
    def counts(self) -> dict[str, int]:
        """What has been taken, and what was dropped; all of it, so far."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""

    @staticmethod
    @abstractmethod
    def good() -> list[bytes]:
        """Messages of an honest peer; the last one is sent to see whether the port lives."""

    @staticmethod
    def seal(data: bytes) -> bytes:
        """A changed message with its checksum put right; where `sealed` is False there is none."""
        return data


class Pdus(Port):
    """`zmq_pdu_source`, which knows senders and their ends."""

    name = "PDU"
    sealed = True

    def __init__(self) -> None:
        from gnuradio import gensc, gr

        self._block = gensc.zmq_pdu_source("tcp://127.0.0.1:*", bind=True, keep_open=True)
        self._top = gr.top_block()
        self._decoder = gensc.jscc_decoder("softcast")
        self._top.msg_connect(self._block, "out", self._decoder, "section")
        self._top.start()
        self.address = self._block.address

    def counts(self) -> dict[str, int]:
        """Taken: PDUs, and ends of streams."""
        taken = self._block.received + self._block.ends
        return {"taken": taken, "dropped": self._block.dropped}

    def close(self) -> None:
        """Stop the flowgraph."""
        self._top.stop()
        self._top.wait()

    @staticmethod
    def good() -> list[bytes]:
        """A section, and junk that is a PMT."""
        import pmt

        from gnuradio.gensc import zmq_frame
        from gnuradio.gensc.metadata import Metadata, make_pdu

        about = Metadata(
            session=1, image_id=2, section="analog", weights=3, rate=4, shape=(16, 16, 3), aux=0,
            snr_db=10.0, noise_var=np.ones(4, np.float32),
        )  # fmt: skip
        section = make_pdu(about, np.ones(4, np.complex64))
        return [zmq_frame.pack(pdu, 7) for pdu in (pmt.cons(pmt.PMT_T, pmt.PMT_NIL), section)]

    @staticmethod
    def seal(data: bytes) -> bytes:
        """The CRC of a changed frame put right."""
        if len(data) < 18:
            return data
        kind_and_sender, body = data[5:14], data[18:]
        return data[:14] + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind_and_sender))) + body


class Samples(Port):
    """`ZmqStreamSource`, as `gensc receive` has it."""

    name = "samples"

    def __init__(self) -> None:
        from gensc.link.zmq_stream import ZmqStreamSource
        from gensc_phy.waveform.config import WaveformConfig
        from gnuradio import gensc, gr

        self._block = ZmqStreamSource("tcp://127.0.0.1:*", True, keep_open=True)
        self._top = gr.top_block()
        self._rx = gensc.burst_rx(WaveformConfig())
        self._top.connect(self._block, self._rx)
        self._top.start()
        self.address = self._block.address

    def counts(self) -> dict[str, int]:
        """Taken: messages of samples, and ends of streams."""
        return {"taken": self._block.messages, "dropped": self._block.dropped}

    def close(self) -> None:
        """End the stream."""
        self._block.close()
        self._top.wait()

    @staticmethod
    def good() -> list[bytes]:
        """Samples."""
        return [np.full(n, 0.01 + 0.01j, np.complex64).tobytes() for n in (16, 64)]


class Reports(Port):
    """The receiver's end of the reports."""

    name = "reports"
    sender = zmq.DEALER
    limit = 64 << 10

    def __init__(self) -> None:
        from gensc.remote.sockets import ReportServer

        self._server = ReportServer("tcp://127.0.0.1:*", lambda peer, report: None)
        self._server.start()
        self.address = self._server.address

    def counts(self) -> dict[str, int]:
        """Taken: reports."""
        return {"taken": self._server.received, "dropped": self._server.dropped}

    def close(self) -> None:
        """Close the socket."""
        self._server.close()

    @staticmethod
    def good() -> list[bytes]:
        """A question, a farewell, and a greeting."""
        from gensc.remote import reports

        told = (reports.Ask(1, (1, 2, 3)), reports.Bye(2, 3), reports.Hello(1, "roof"))
        return [reports.pack(report) for report in told]


class Feedback(Port):
    """The `rate_controller` of a transmitter."""

    name = "SNR feedback"
    sender = zmq.PUB
    limit = 4096

    def __init__(self) -> None:
        from gnuradio import gensc, gr

        self._block = gensc.rate_controller("", "tcp://127.0.0.1:*", bind=True)
        self._top = gr.top_block()
        self._history = gensc.history("snr_db")
        self._top.msg_connect(self._block, "snr", self._history, "value")
        self._top.start()
        self.address = self._block.address

    def counts(self) -> dict[str, int]:
        """Taken: reports of an SNR."""
        return {"taken": self._block.received, "dropped": self._block.dropped}

    def close(self) -> None:
        """Stop the flowgraph."""
        self._top.stop()
        self._top.wait()

    @staticmethod
    def good() -> list[bytes]:
        """Two SNRs."""
        from gnuradio.gensc.snr_datagram import SnrReport, pack

        return [pack(SnrReport(snr_db, 4)) for snr_db in (-3.5, 12.25)]


class Serve(Port):
    """The service for many users, with a decoder that paints."""

    name = "serve"
    sender = zmq.DEALER
    sealed = True

    def __init__(self) -> None:
        from gensc.serve.runner import ProcessRunner
        from gensc.serve.server import Server
        from gensc.serve.service import Service

        self._loop = asyncio.new_event_loop()
        service = Service([ProcessRunner("gensc.trials.robust.ports:Painter")])
        self._server = Server(service, "tcp://127.0.0.1:*")
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._server.start())
        self.address = self._server.address

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def counts(self) -> dict[str, int]:
        """Taken: requests and cancellations."""
        return {"taken": self._server.taken, "dropped": self._server.junk + self._server.ignored}

    def close(self) -> None:
        """Stop the service."""
        self._do(self._server.stop(False))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @staticmethod
    def good() -> list[bytes]:
        """A cancellation, and a request."""
        from gensc.serve import wire
        from gensc.serve.section import Request, Section

        section = Section(1, 1, 2, 3, 4, np.ones(4, np.complex64), np.full(4, 0.1, np.float32))
        return [wire.pack(wire.Cancel(9)), wire.pack(Request("user", 1, section))]

    @staticmethod
    def seal(data: bytes) -> bytes:
        """The CRC of a changed frame put right."""
        if len(data) < 10:
            return data
        return data[:6] + struct.pack("<I", zlib.crc32(data[10:])) + data[10:]


class Painter:
    """A decoder that answers at once."""

    models: ClassVar[dict[int, str]] = {1: "painter"}

    def decode(self, batch: Sequence[Any]) -> list[bytes | ValueError]:
        """Grey pictures."""
        return [bytes(r.section.height * r.section.width * 3) for r in batch]


PORTS: tuple[type[Port], ...] = (Pdus, Samples, Reports, Serve, Feedback)


def memory_mib() -> float:
    """Memory of this process that is resident now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def main(name: str) -> None:
    """Open a port, say where, and answer each line on stdin with counts and memory."""
    port = next(port for port in PORTS if port.name == name)()
    print(json_text({"address": port.address}), flush=True)
    for line in sys.stdin:
        if line.strip() == "close":
            break
        print(json_text({**port.counts(), "memory_mib": memory_mib()}), flush=True)
    port.close()
    print(json_text({"closed": True}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
