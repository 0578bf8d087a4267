"""The dashboard behind an address, in threads of its own beside the receiver."""

from __future__ import annotations

import ipaddress
import socket
import threading
from types import TracebackType

import uvicorn

from gensc.receiver.dashboard.app import Dashboard
from gensc.receiver.dashboard.token import Token
from gensc.receiver.dashboard.watched import Watched
from gensc.system.errors import UserError

DEFAULT_ADDRESS = "127.0.0.1:8765"
#: Connections at a time; further ones are told 503.
MOST_CONNECTIONS = 128
#: Bytes of a request's head, at most.
MOST_HEAD = 16 << 10
_STOP_S = 3.0


class DashboardServer:
    """Serves a receiver's dashboard; a context manager.

    Args:
        watched: the service.
        token: opens it.
        address: HOST:PORT; port 0 takes a free one.
        names: host names it is reached by, besides localhost and IP addresses.

    Attributes:
        url: where it is.

    Raises:
        UserError: the address is none, taken, or not of this machine.
    """

    def __init__(
        self,
        watched: Watched,
        token: Token,
        address: str = DEFAULT_ADDRESS,
        names: frozenset[str] = frozenset(),
    ) -> None:
        host, port = parse_address(address)
        self._socket = _listen(host, port)
        port = self._socket.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{'localhost' if is_any(host) else shown}:{port}/"
        self.link = token.link(self.url)
        if not _is_address(host):
            names = names | {host}
        self._dashboard = Dashboard(watched, token, names, cookie=f"gensc_{port}")
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._dashboard.guard,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=MOST_CONNECTIONS,
                h11_max_incomplete_event_size=MOST_HEAD,
                http="h11",
                loop="asyncio",
                ws="none",
                timeout_graceful_shutdown=int(_STOP_S),
            )
        )
        self._thread = threading.Thread(target=self._serve, name="dashboard", daemon=True)

    def start(self) -> DashboardServer:
        """Answer from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """End all streams, then the server. Once is enough."""
        self._dashboard.close()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(2 * _STOP_S)
        self._socket.close()

    def __enter__(self) -> DashboardServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def parse_address(address: str) -> tuple[str, int]:
    """HOST:PORT, [IPv6]:PORT or :PORT (of loopback).

    Raises:
        UserError: neither of them.
    """
    host, colon, port = address.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else -1
    if not colon or not 0 <= number <= 65535 or (":" in host and not host.startswith("[")):
        raise UserError(f"dashboard address {address!r}: expected HOST:PORT, as {DEFAULT_ADDRESS}")
    return host.strip("[]") or "127.0.0.1", number


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def is_any(host: str) -> bool:
    """Whether it stands for all addresses of this machine."""
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UserError(f"dashboard address {host}:{port}: {error.strerror or error}") from error
    try:
        # A restart finds the port of a moment ago free again.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(MOST_CONNECTIONS)
    except OSError as error:
        listening.close()
        raise UserError(f"dashboard address {host}:{port}: {error.strerror or error}") from error
    return listening
