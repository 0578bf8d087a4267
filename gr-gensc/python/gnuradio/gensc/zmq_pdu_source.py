"""ZMQ PDU source block."""

from __future__ import annotations

import threading

import zmq

from . import zmq_frame
from .errors import PduError
from .message_ports import message_block
from .zmq_socket import Endpoint


class zmq_pdu_source(message_block):
    """Receives the PDUs of a `zmq_pdu_sink` in another process on [out] (PULL socket).

    Frames that are damaged or no frames at all, and peers that do not speak ZeroMQ, are counted in
    `dropped`, logged in one line and forgotten. Ends when the other process's stream ends.

    Args:
        address: ZeroMQ address of the sink.
        bind: this end binds and the sink connects.
        keep_open: do not end with the sender's stream; wait for the next sender.

    Raises:
        GenscError: not an address, or taken.
    """

    def __init__(self, address: str, bind: bool = False, keep_open: bool = False) -> None:
        message_block.__init__(self, "zmq_pdu_source")
        self.keep_open = bool(keep_open)
        self.received = 0
        self._endpoint = Endpoint(
            zmq.PULL, address, bind, {zmq.RCVHWM: 16, zmq.MAXMSGSIZE: zmq_frame.MAX_FRAME}
        )
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.setup_ports({}, ["out"])

    @property
    def address(self) -> str:
        """Where it listens, a port chosen by the system filled in."""
        return self._endpoint.address

    def start(self) -> bool:
        """Start the thread that waits on the socket."""
        self._endpoint.open()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._receive, args=[self._closing], daemon=True)
        started = super().start()
        self._thread.start()
        return started

    def stop(self) -> bool:
        """End that thread and close the socket."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self._endpoint.close()
        return super().stop()

    def _receive(self, closing: threading.Event) -> None:
        socket, monitor = self._endpoint.socket, self._endpoint.monitor
        poller = zmq.Poller()
        poller.register(socket, zmq.POLLIN)
        poller.register(monitor, zmq.POLLIN)
        while not closing.is_set():
            ready = dict(poller.poll(100))
            if monitor in ready and self._endpoint.stranger_left():
                self.drop("a peer that does not speak ZeroMQ")
            if socket in ready and self._take(socket.recv()):
                self.finish()
                return

    def _take(self, frame: bytes) -> bool:
        """Publish a frame's PDU; True when the stream has ended."""
        try:
            pdu = zmq_frame.unpack(frame)
        except PduError as error:
            self.drop(str(error))
        except Exception as error:  # what the PMT parser makes of a body
            self.drop(f"{type(error).__name__}: {error}")
        else:
            if pdu is None:
                return not self.keep_open
            self.publish("out", pdu)
            self.received += 1
        return False
