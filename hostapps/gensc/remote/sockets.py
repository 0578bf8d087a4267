"""Sockets that carry reports: the receiver's, which binds, and a transmitter's, which connects.

Each has a thread of its own, which alone touches the ZeroMQ socket: reports may be sent from any
thread and never wait. What arrives and is no report is dropped and counted, and so is what a peer
does not take. With CURVE keys (`gensc.remote.keys`) both ends prove who they are and nobody reads
along; without them a receiver binds to its own machine only.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

from gensc.remote import reports
from gensc.remote.closing import close_with
from gensc.remote.keys import KeyPair
from gensc.remote.reports import Ask, Bye, Hello, Report, ReportError, Sent
from gensc.system.errors import UserError

#: Reports that wait for a peer, in ZeroMQ and before it.
QUEUE = 1024
#: Sessions of transmitters that a receiver remembers the peer of.
MAX_SESSIONS = 1024
_LINGER_MS = 500
_OPTIONS: dict[int, int] = {
    zmq.MAXMSGSIZE: reports.MAX_BYTES,
    zmq.RCVHWM: QUEUE,
    zmq.SNDHWM: QUEUE,
    # A peer that has vanished without a word is noticed, and so is one that never says who it is.
    zmq.HEARTBEAT_IVL: 2000,
    zmq.HEARTBEAT_TIMEOUT: 6000,
    zmq.HANDSHAKE_IVL: 5000,
    # A receiver that is started again is found again at once.
    zmq.RECONNECT_IVL: 100,
    zmq.RECONNECT_IVL_MAX: 500,
}
_STRANGERS = (
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_EVENTS = _STRANGERS | zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED


class _ReportSocket:
    """The thread, and what both ends have in common."""

    def __init__(self, kind: int, address: str) -> None:
        self.address = address
        self.received = self.dropped = self.undelivered = 0
        self.last_drop = ""
        self._out: deque[list[bytes]] = deque()
        self._closing = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(kind)
        close_with(self, self._context, self._socket)
        for option, value in _OPTIONS.items():
            self._socket.setsockopt(option, value)
        self._monitor = self._socket.get_monitor_socket(_EVENTS)
        self._thread = threading.Thread(target=self._run, name="gensc-reports", daemon=True)
        self._lock = threading.Lock()
        self._closed = False

    def _open(self, opening: Callable[[str], Any]) -> None:
        try:
            opening(self.address)
        except zmq.ZMQError as error:
            self.close()
            raise UserError(f"{self.address}: {error.strerror}") from error

    def close(self) -> None:
        """Let what was sent leave, for half a second at most, and close. Once is enough."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._closing.set()
            with suppress(BlockingIOError):
                os.write(self._wake_write, b"\0")
        if self._thread.is_alive():
            self._thread.join()
        self._socket.disable_monitor()
        self._socket.close(linger=_LINGER_MS)
        self._stop_helpers()
        self._context.destroy(linger=_LINGER_MS)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _stop_helpers(self) -> None:
        """Whatever else lives in the context."""

    def _post(self, parts: list[bytes]) -> bool:
        """Hand a message to the thread; False where too many wait, or the socket is closed."""
        with self._lock:
            if self._closed or len(self._out) >= QUEUE:
                self.undelivered += 1
                return False
            self._out.append(parts)
            with suppress(BlockingIOError):  # full of wakes already
                os.write(self._wake_write, b"\0")
        return True

    def _run(self) -> None:
        poller = zmq.Poller()
        for thing in (self._socket, self._monitor, self._wake_read):
            poller.register(thing, zmq.POLLIN)
        while not self._closing.is_set():
            ready = dict(poller.poll(1000))
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
            if self._monitor in ready:
                self._guarded(self._happened, recv_monitor_message(self._monitor)["event"])
            if self._socket in ready:
                self._guarded(self._take, self._socket.recv_multipart())
            self._send_all()
        self._send_all()

    def _guarded(self, handler: Callable[[Any], None], what: Any) -> None:
        try:
            handler(what)
        except Exception as error:  # whatever a peer causes, others are still listened to
            self._drop(f"{type(error).__name__}: {error}")

    def _send_all(self) -> None:
        while self._out:
            try:
                self._socket.send_multipart(self._out.popleft(), flags=zmq.NOBLOCK)
            except zmq.ZMQError:  # gone, or does not read
                self.undelivered += 1

    def _drop(self, why: str) -> None:
        self.dropped += 1
        self.last_drop = why

    def _happened(self, event: int) -> None:
        if event & _STRANGERS:
            self._drop("a peer without the right keys")

    def _take(self, parts: list[bytes]) -> None:
        raise NotImplementedError


class _Trusted:
    """Tells ZeroMQ which public keys are let in."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = frozenset(keys)

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether this one is."""
        return key in self._keys


class ReportServer(_ReportSocket):
    """The receiver's end: hears all transmitters, and answers each.

    Args:
        address: ZeroMQ address to bind, e.g. ``tcp://127.0.0.1:5580``; port * takes a free one.
        take: called in the socket's thread with each report and whom it is from.
        keys: of this end; None: no CURVE.
        trusted: public keys of the transmitters that are let in; needed with `keys`.

    Attributes:
        address: where it listens, the port filled in.
        received, dropped, undelivered: reports heard; messages and peers that made no sense;
            reports that nobody took.
        last_drop: why the last was dropped.

    Raises:
        UserError: not an address, or taken; other machines could reach it and there are no keys.
    """

    def __init__(
        self,
        address: str,
        take: Callable[[bytes, Report], None],
        keys: KeyPair | None = None,
        trusted: Sequence[bytes] = (),
    ) -> None:
        check_bind(address, keys is not None)
        if keys is not None and not trusted:
            raise UserError(f"{address}: keys, but of no transmitter: nobody could be let in")
        super().__init__(zmq.ROUTER, address)
        self._tell = take
        self._peers: OrderedDict[int, bytes] = OrderedDict()
        self._authenticator: ThreadAuthenticator | None = None
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        if keys is not None:
            self._authenticator = ThreadAuthenticator(self._context)
            self._authenticator.start()
            self._authenticator.configure_curve_callback("*", _Trusted(trusted))
            self._socket.curve_publickey, self._socket.curve_secretkey = keys.public, keys.secret
            self._socket.curve_server = True
        self._open(self._socket.bind)
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def send(self, peer: bytes, report: Report) -> bool:
        """Tell a peer; False where it cannot even be queued.

        Raises:
            ReportError: too long.
        """
        return self._post([peer, reports.pack(report)])

    def tell(self, session: int, report: Report) -> bool:
        """Tell the transmitter of a session; False where none has said that it is.

        Raises:
            ReportError: too long.
        """
        with self._lock:
            peer = self._peers.get(session)
        return peer is not None and self.send(peer, report)

    def sessions(self) -> list[int]:
        """Sessions whose transmitter is known, the one heard last at the end."""
        with self._lock:
            return list(self._peers)

    def _take(self, parts: list[bytes]) -> None:
        peer, *frames = parts
        if len(frames) != 1:
            self._drop(f"a message in {len(frames)} parts")
            return
        try:
            report = reports.unpack(frames[0])
            if not isinstance(report, Hello | Sent | Ask | Bye):
                raise ReportError(f"{report.KIND}, from a transmitter")
        except ReportError as error:
            self._drop(str(error))
            return
        self.received += 1
        # One may ask about sessions of before: only what is said of one's own names it.
        if not isinstance(report, Ask) and report.session is not None:
            with self._lock:
                self._peers[report.session] = peer
                self._peers.move_to_end(report.session)
                while len(self._peers) > MAX_SESSIONS:
                    self._peers.popitem(last=False)
        self._tell(peer, report)

    def _stop_helpers(self) -> None:
        if self._authenticator is not None:
            self._authenticator.stop()


class ReportClient(_ReportSocket):
    """A transmitter's end: connects, and again whenever the receiver comes back.

    Args:
        address: of the receiver.
        take: called in the socket's thread with each report.
        connected: called in the same thread when the receiver is there, each time anew.
        keys, server: of this end, and the receiver's public key; None and b"": no CURVE.

    Attributes:
        is_connected: the receiver is there.
        received, dropped, undelivered, last_drop: as of `ReportServer`.

    Raises:
        UserError: not an address, or only one of the keys.
    """

    def __init__(
        self,
        address: str,
        take: Callable[[Report], None],
        connected: Callable[[], None] = lambda: None,
        keys: KeyPair | None = None,
        server: bytes = b"",
    ) -> None:
        if (keys is None) != (not server):
            raise UserError(f"{address}: keys of this end and the receiver's, or neither")
        super().__init__(zmq.DEALER, address)
        self._tell, self._connected = take, connected
        self.is_connected = False
        if keys is not None:
            self._socket.curve_publickey, self._socket.curve_secretkey = keys.public, keys.secret
            self._socket.curve_serverkey = server

    def start(self) -> None:
        """Connect and listen.

        Raises:
            UserError: not an address.
        """
        self._open(self._socket.connect)
        self._thread.start()

    def send(self, report: Report) -> bool:
        """Tell the receiver, now or when it is there; False where too many reports wait.

        Raises:
            ReportError: too long.
        """
        return self._post([reports.pack(report)])

    def _happened(self, event: int) -> None:
        super()._happened(event)
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.is_connected = True
            self._connected()
        elif event == zmq.EVENT_DISCONNECTED:
            self.is_connected = False

    def _take(self, parts: list[bytes]) -> None:
        if len(parts) != 1:
            self._drop(f"a message in {len(parts)} parts")
            return
        try:
            report = reports.unpack(parts[0])
            if isinstance(report, Sent | Ask | Bye):
                raise ReportError(f"{report.KIND}, from a receiver")
        except ReportError as error:
            self._drop(str(error))
            return
        self.received += 1
        self._tell(report)


def check_bind(address: str, has_keys: bool) -> None:
    """Refuse an address that other machines reach where there are no keys.

    Raises:
        UserError: it is one.
    """
    if has_keys or not address.startswith("tcp:"):
        return
    host = urlsplit(address).hostname or ""
    try:
        alone = ipaddress.ip_address(host).is_loopback
    except ValueError:
        alone = host in ("localhost", "lo")
    if not alone:
        raise UserError(
            f"{address}: other machines reach it, so it needs keys (gensc keys); "
            "127.0.0.1 needs none"
        )
