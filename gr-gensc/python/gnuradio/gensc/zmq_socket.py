"""A ZeroMQ socket that says in one line why it cannot be opened, and a thread that listens."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from .errors import GenscError

_COME_AND_GO = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED


def _let_go(context: zmq.Context[Any], socket: zmq.Socket[bytes], linger_ms: int = 0) -> None:
    """Close the socket with its monitor, then the context."""
    socket.disable_monitor()
    socket.close(linger=linger_ms)
    context.destroy(linger=linger_ms)


class Endpoint:
    """One socket in a context of its own; opened by the constructor.

    Args:
        kind: of socket, zmq.PUSH for one.
        address: where; with port * any free one, then found in `address`.
        bind: bind there, or connect.
        options: integer socket options.

    Attributes:
        socket: the socket.
        monitor: tells of peers that come and go.

    Raises:
        GenscError: the address cannot be opened.
    """

    def __init__(self, kind: int, address: str, bind: bool, options: Mapping[int, int]) -> None:
        self._kind, self.address, self._bind = kind, address, bool(bind)
        self._options = dict(options)
        self._peers = 0
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self.open()

    def open(self) -> None:
        """Open the socket, unless it is open."""
        if self._context is not None:
            return
        self._peers = 0
        self._context = zmq.Context()
        self.socket = self._context.socket(self._kind)
        # Collected in a cycle, a context may be finalised before its sockets, and then waits for
        # them for ever. The finaliser's references keep both out of the cycle.
        self._finaliser = weakref.finalize(self, _let_go, self._context, self.socket)
        self._finaliser.atexit = False
        for option, value in self._options.items():
            self.socket.setsockopt(option, value)
        self.monitor = self.socket.get_monitor_socket(_COME_AND_GO)
        try:
            (self.socket.bind if self._bind else self.socket.connect)(self.address)
        except zmq.ZMQError as error:
            self.close()
            raise GenscError(f"{self.address}: {error.strerror}") from error
        if self._bind:
            self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def peers(self) -> int:
        """Peers that are connected now, after reading what `monitor` has to say."""
        while self.monitor.poll(0):
            self.stranger_left()
        return self._peers

    def stranger_left(self) -> bool:
        """Read one event of `monitor`: whether a peer left that never spoke ZeroMQ.

        libzmq does not say which peer left. With others connected a stranger is noticed only when
        they have gone too.
        """
        if recv_monitor_message(self.monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._peers += 1
            return False
        self._peers -= 1
        stranger = self._peers < 0
        self._peers = max(0, self._peers)
        return stranger

    def close(self, linger_s: float = 0.0) -> None:
        """Close it, after at most `linger_s` for what was sent to leave."""
        if self._context is None:
            return
        self._finaliser.detach()
        _let_go(self._context, self.socket, int(linger_s * 1000))
        self._context = None


class Listener:
    """A thread that hands on what arrives at an endpoint, from `start` to `stop`.

    Args:
        endpoint: opened by `start`, closed by `stop`.
        take: called with each message; True ends the thread. What it raises costs that message.
        drop: called with the reason for what is not handed on: messages in several parts, peers
            that do not speak ZeroMQ, and what `take` raised.
        poll_ms: longest wait for a message.
        between: called before each wait.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        take: Callable[[bytes], bool],
        drop: Callable[[str], None],
        poll_ms: int = 100,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoint, self._take, self._drop = endpoint, take, drop
        self._poll_ms, self._between = poll_ms, between
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the endpoint and listen; a SUB socket to everything."""
        self._endpoint.open()
        if self._endpoint.socket.type == zmq.SUB:
            self._endpoint.socket.subscribe(b"")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=[self._closing], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the endpoint."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self._endpoint.close()

    def _listen(self, closing: threading.Event) -> None:
        socket, monitor = self._endpoint.socket, self._endpoint.monitor
        poller = zmq.Poller()
        poller.register(socket, zmq.POLLIN)
        poller.register(monitor, zmq.POLLIN)
        while not closing.is_set():
            self._between()
            ready = dict(poller.poll(self._poll_ms))
            if monitor in ready and self._endpoint.stranger_left():
                self._drop("a peer that does not speak ZeroMQ")
            if socket not in ready:
                continue
            parts = socket.recv_multipart()
            if len(parts) != 1:
                self._drop(f"a message in {len(parts)} parts")
            elif self._taken(parts[0]):
                return

    def _taken(self, message: bytes) -> bool:
        try:
            return self._take(message)
        except Exception as error:  # nothing that arrives may end the thread
            self._drop(f"{type(error).__name__}: {error}")
            return False
