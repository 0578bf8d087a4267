"""ZMQ PDU source block."""

from __future__ import annotations

import zmq

from . import zmq_frame
from .errors import PduError
from .message_ports import message_block
from .zmq_socket import Endpoint, Listener


class zmq_pdu_source(message_block):
    """Receives the PDUs of a `zmq_pdu_sink` in another process on [out] (PULL socket).

    Frames that are damaged or no frames at all, and peers that do not speak ZeroMQ, are counted in
    `dropped`, logged in one line and forgotten. Several senders may send to one source. Ends when
    the streams of all that have sent something have ended.

    Args:
        address: ZeroMQ address of the sink.
        bind: this end binds and the sink connects.
        keep_open: do not end with the senders' streams; wait for the next sender.

    Attributes:
        received, ends: PDUs, and ends of senders' streams.

    Raises:
        GenscError: not an address, or taken.
    """

    def __init__(self, address: str, bind: bool = False, keep_open: bool = False) -> None:
        message_block.__init__(self, "zmq_pdu_source")
        self.keep_open = bool(keep_open)
        self.received = self.ends = 0
        self._closed = False
        self._senders: set[int] = set()  # whose streams have not ended
        self._endpoint = Endpoint(
            zmq.PULL, address, bind, {zmq.RCVHWM: 16, zmq.MAXMSGSIZE: zmq_frame.MAX_FRAME}
        )
        self._listener = Listener(self._endpoint, self._take, self.drop)
        self.setup_ports({}, ["out"])

    @property
    def address(self) -> str:
        """Where it listens, a port chosen by the system filled in."""
        return self._endpoint.address

    def start(self) -> bool:
        """Start the thread that waits on the socket."""
        started = super().start()
        self._senders.clear()
        self._closed = False
        self._listener.start()
        return started

    def close(self) -> None:
        """End the stream after what has been received; may be called from any thread."""
        self._closed = True
        self.finish()

    def stop(self) -> bool:
        """End that thread and close the socket."""
        self._listener.stop()
        return super().stop()

    def _take(self, frame: bytes) -> bool:
        """Publish the PDU of a frame; True when all streams have ended."""
        if self._closed:
            return True
        try:
            sender, pdu = zmq_frame.unpack(frame)
        except PduError as error:
            self.drop(str(error))
        except Exception as error:  # what the PMT parser makes of a body
            self.drop(f"{type(error).__name__}: {error}")
        else:
            if pdu is None:
                self.ends += 1
                self._senders.discard(sender)
                if self.keep_open or self._senders:
                    return False
                self.finish()
                return True
            self._senders.add(sender)
            self.publish("out", pdu)
            self.received += 1
        return False
