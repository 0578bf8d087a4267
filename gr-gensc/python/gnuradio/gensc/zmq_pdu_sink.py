"""ZMQ PDU sink block."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import pmt
import zmq

from . import zmq_frame
from .message_ports import message_block
from .zmq_socket import Endpoint


class zmq_pdu_sink(message_block):
    """Sends every message of [in] to a `zmq_pdu_source` in another process (PUSH socket).

    Any port's PDUs travel: images, sections or fragments. While no receiver is connected, or it is
    slower, upstream waits; nothing is lost. At the end of the stream the receiver is told. Several
    receivers would share the PDUs out between them, and none could put an image together: a second
    one is warned of, and counted in `receivers`.

    Args:
        address: ZeroMQ address, e.g. "tcp://127.0.0.1:5555" or "ipc:///tmp/pdus".
        bind: this end binds and the other one connects; one of the two must.
        linger_s: how long the end of the stream waits for a receiver that does not come.

    Raises:
        GenscError: not an address, or taken.
    """

    def __init__(self, address: str, bind: bool = True, linger_s: float = 5.0) -> None:
        message_block.__init__(self, "zmq_pdu_sink")
        self.linger_s = float(linger_s)
        self.sent = 0
        self.receivers = 0  # connected now
        self._endpoint = Endpoint(
            zmq.PUSH, address, bind, {zmq.SNDHWM: 16, zmq.SNDTIMEO: 50, zmq.IMMEDIATE: 1}
        )
        self._waiting: deque[bytes] = deque()
        self._sender = zmq_frame.new_sender()
        self._end_frame = zmq_frame.end(self._sender)
        self.setup_ports(
            {"in": self._send, "retry": self._retry}, limits={"in": 8}, controls=["retry"]
        )

    def start(self) -> bool:
        """Open the socket again after a stop."""
        self._waiting.clear()
        self.receivers = 0
        self._sender = zmq_frame.new_sender()
        self._end_frame = zmq_frame.end(self._sender)
        self._endpoint.open()
        return super().start()

    def backlog(self, port: str) -> int:
        """PDUs waiting, here and in GNU Radio's queue."""
        return super().backlog(port) + len(self._waiting)

    def _send(self, pdu: Any) -> None:
        self._waiting.append(zmq_frame.pack(pdu, self._sender))
        if len(self._waiting) == 1:
            self._retry(None)

    def _retry(self, _: Any) -> None:
        if self._waiting and not self._push():
            # Not a loop: between two messages GNU Radio can stop the block.
            self._post(pmt.intern("retry"), pmt.PMT_NIL)

    def _push(self) -> bool:
        """Send what waits; False when the receiver takes no more for now."""
        self._look_at_receivers()
        while self._waiting:
            try:
                self._endpoint.socket.send(self._waiting[0])
            except zmq.Again:
                return False
            self.sent += self._waiting.popleft() is not self._end_frame
        return True

    def _look_at_receivers(self) -> None:
        before, self.receivers = self.receivers, self._endpoint.peers()
        if self.receivers > max(before, 1):
            self._log.warn(
                f"{self.receivers} receivers share the PDUs of {self._endpoint.address}: "
                "each gets only a part"
            )

    def end_of_stream(self) -> None:
        """Send the rest and tell the receiver."""
        deadline = time.monotonic() + self.linger_s
        while not self._push() and time.monotonic() < deadline:
            continue
        if self._waiting:
            self.drop(f"[in] no receiver took the last {len(self._waiting)} PDUs")
            self._waiting.clear()
        self._waiting.append(self._end_frame)
        self._push()

    def stop(self) -> bool:
        """Let what was sent leave the process, then close the socket."""
        self._endpoint.close(self.linger_s)
        return super().stop()
