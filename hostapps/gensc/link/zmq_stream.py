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

from gensc.system.errors import UserError
from gnuradio import gr
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.zmq_socket import Endpoint

#: Samples in one message at most.
MESSAGE = 1 << 15
#: No receiver delivers samples beyond this: such a message is noise, or of another type.
LARGEST = 1e6
_POLL_MS = 100
#: A peer that is not there after so long is waited for in words.
_SILENT_S = 1.0


#: Bytes of a message at most; ZeroMQ lets go of a peer that sends a longer one.
LONGEST = 1 << 26


def _open(kind: int, address: str, bind: bool, options: dict[int, int]) -> Endpoint:
    try:
        return Endpoint(kind, address, bind, options)
    except GenscError as error:
        raise UserError(str(error)) from error


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
        self._endpoint = _open(zmq.PUSH, address, bind, options)
        self.samples = 0
        self._waiting = _Waiting(f"waiting for a receiver at {address}")

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Send a message; takes nothing when there is nobody to take it."""
        part = input_items[0][:MESSAGE]
        try:
            self._endpoint.socket.send(part.tobytes())
        except zmq.Again:
            self._waiting.still()
            return 0
        self._waiting.over()
        self.samples += part.size
        return int(part.size)

    def stop(self) -> bool:
        """Say that the stream has ended, let everything leave, close."""
        try:
            self._endpoint.socket.send(b"")
        except zmq.Again:
            self.linger_ms = 0  # nobody is there
        self._endpoint.close(self.linger_ms / 1000)
        return True


class ZmqStreamSource(gr.sync_block):
    """Gives out the samples that others push, until the stream's end or `close`.

    Args:
        address: ZeroMQ address.
        bind: this end binds and the sender connects.
        keep_open: at the end of a stream wait for the next one.

    Attributes:
        dropped: messages that were no samples.
        messages, samples: received.

    Raises:
        UserError: not an address, or taken.
    """

    def __init__(self, address: str, bind: bool = False, keep_open: bool = False) -> None:
        gr.sync_block.__init__(self, "zmq_stream_source", None, [np.complex64])
        limits: dict[int, int] = {zmq.RCVHWM: 64, zmq.MAXMSGSIZE: LONGEST}
        self._endpoint = _open(zmq.PULL, address, bind, limits)
        self.keep_open = keep_open
        self.dropped = 0
        self.messages = self.samples = 0
        self._waiting = _Waiting(f"waiting for a sender at {address}")
        self._rest = np.zeros(0, dtype=np.complex64)
        self._closing = threading.Event()

    @property
    def address(self) -> str:
        """Where it listens, a port chosen by the system filled in."""
        return self._endpoint.address

    def close(self) -> None:
        """End the stream after what has been received; may be called from any thread."""
        self._closing.set()

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """What has arrived; nothing after a wait of 0.1 s."""
        if not self._rest.size and not self._fill():
            return -1
        out = output_items[0]
        n = min(out.size, self._rest.size)
        out[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n

    def _fill(self) -> bool:
        """Wait for samples, 0.1 s at most; False where none will come any more."""
        # All within one call: GNU Radio waits after one that gave nothing, and whoever sends junk
        # would hold up whoever sends samples.
        deadline = time.monotonic() + _POLL_MS / 1000
        socket = self._endpoint.socket
        while (left_s := deadline - time.monotonic()) > 0:
            if self._closing.is_set():
                return False
            if not socket.poll(int(1000 * left_s) + 1):
                self._waiting.still()
                return True
            self._waiting.over()
            message, *more = socket.recv_multipart()
            if not (message or more):
                if not self.keep_open:
                    return False
                continue
            # In several parts it is no end of a stream either, whatever its first part.
            samples = None if more else as_samples(message)
            if samples is not None:
                self.messages += 1
                self.samples += samples.size
                self._rest = samples
                return True
            self.dropped += 1
        return True

    def stop(self) -> bool:
        """Close the socket."""
        self._endpoint.close()
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
