"""Samples over ZeroMQ, in the format of GNU Radio's own push and pull blocks (complex64, no tags).

Three things GNU Radio's blocks lack: a message that is no samples is counted and forgotten instead
of ending the flowgraph, what was sent has left the process before the socket closes, and an empty
message says that the stream has ended (GNU Radio's blocks pass over it).
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray

from gensc.remote.closing import close_with
from gensc.system.errors import UserError
from gnuradio import gr

#: Samples in one message at most.
MESSAGE = 1 << 15
#: No receiver delivers samples beyond this: such a message is noise, or of another type.
LARGEST = 1e6
_POLL_MS = 100
#: A peer that is not there after so long is waited for in words.
_SILENT_S = 1.0


def _open(kind: int, address: str, bind: bool, options: dict[int, int]) -> tuple[Any, Any]:
    context = zmq.Context()
    socket = context.socket(kind)
    for option, value in options.items():
        socket.setsockopt(option, value)
    try:
        (socket.bind if bind else socket.connect)(address)
    except zmq.ZMQError as error:
        context.destroy(linger=0)
        raise UserError(f"{address}: {error.strerror}") from error
    return context, socket


class _Waiting:
    """Says once that there is no peer yet, where none has come after a second."""

    def __init__(self, line: str) -> None:
        self._line, self._due = line, time.monotonic() + _SILENT_S

    def still(self) -> None:
        """There is none."""
        if self._line and time.monotonic() > self._due:
            print(self._line, file=sys.stderr, flush=True)
            self._line = ""

    def over(self) -> None:
        """There is one: nothing is said any more."""
        self._line = ""


class ZmqStreamSink(gr.sync_block):
    """Sends its input to whoever pulls; waits while nobody does.

    Args:
        address: ZeroMQ address.
        bind: this end binds and the receiver connects.
        linger_s: how long the end of the stream waits for what was sent to leave.

    Raises:
        UserError: not an address, or taken.
    """

    def __init__(self, address: str, bind: bool = True, linger_s: float = 5.0) -> None:
        gr.sync_block.__init__(self, "zmq_stream_sink", [np.complex64], None)
        self.linger_ms = int(1000 * linger_s)
        options: dict[int, int] = {zmq.SNDHWM: 8, zmq.SNDTIMEO: _POLL_MS, zmq.IMMEDIATE: 1}
        self._context, self._socket = _open(zmq.PUSH, address, bind, options)
        close_with(self, self._context, self._socket)
        self.samples = 0
        self._waiting = _Waiting(f"waiting for a receiver at {address}")

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Send a message; takes nothing when there is nobody to take it."""
        part = input_items[0][:MESSAGE]
        try:
            self._socket.send(part.tobytes())
        except zmq.Again:
            self._waiting.still()
            return 0
        self._waiting.over()
        self.samples += part.size
        return int(part.size)

    def stop(self) -> bool:
        """Say that the stream has ended, let everything leave, close."""
        try:
            self._socket.send(b"")
        except zmq.Again:
            self.linger_ms = 0  # nobody is there
        self._socket.close(linger=self.linger_ms)
        self._context.destroy(linger=self.linger_ms)
        return True


class ZmqStreamSource(gr.sync_block):
    """Gives out the samples that others push, until the stream's end or `close`.

    Args:
        address: ZeroMQ address.
        bind: this end binds and the sender connects.
        keep_open: at the end of a stream wait for the next one.

    Attributes:
        dropped: messages that were no samples.
        samples: samples received.

    Raises:
        UserError: not an address, or taken.
    """

    def __init__(self, address: str, bind: bool = False, keep_open: bool = False) -> None:
        gr.sync_block.__init__(self, "zmq_stream_source", None, [np.complex64])
        self._context, self._socket = _open(zmq.PULL, address, bind, {zmq.RCVHWM: 64})
        close_with(self, self._context, self._socket)
        self.keep_open = keep_open
        self.dropped = 0
        self.samples = 0
        self._waiting = _Waiting(f"waiting for a sender at {address}")
        self._rest = np.zeros(0, dtype=np.complex64)
        self._closing = threading.Event()

    def close(self) -> None:
        """End the stream after what has been received; may be called from any thread."""
        self._closing.set()

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """What has arrived; nothing after a wait of 0.1 s."""
        if not self._rest.size:
            if self._closing.is_set():
                return -1
            if not self._socket.poll(_POLL_MS):
                self._waiting.still()
                return 0
            self._waiting.over()
            message = self._socket.recv()
            if not message:
                return 0 if self.keep_open else -1
            samples = as_samples(message)
            if samples is None:
                self.dropped += 1
                return 0
            self.samples += samples.size
            self._rest = samples
        out = output_items[0]
        n = min(out.size, self._rest.size)
        out[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def stop(self) -> bool:
        """Close the socket."""
        self._socket.close(linger=0)
        self._context.destroy(linger=0)
        return True


def as_samples(message: bytes) -> NDArray[np.complex64] | None:
    """A message as samples; None when it is not whole samples of any plausible size."""
    if not message or len(message) % 8:
        return None
    parts = np.frombuffer(message, dtype="<f4")
    # A comparison with NaN is false as well.
    if not (np.abs(parts) < LARGEST).all():
        return None
    return parts.view("<c8").astype(np.complex64, copy=False)
