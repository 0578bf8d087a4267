"""A server of the OpenAI API on 127.0.0.1 that behaves as a test tells it to, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gensc.remote.endpoint import Endpoint

KEY = "sk-secret-1234"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakeApi:
    """The running server; `asked` grows with every request."""

    endpoint: Endpoint
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Answers each POST with the next behaviour; the last one again and again."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        api, behaviours = self.server.api, self.server.behaviours
        api.asked.append(Asked(self.path, dict(self.headers), body))
        try:
            behaviours[min(len(api.asked), len(behaviours)) - 1](self)
        except OSError:
            self.close_connection = True  # the client has had enough

    def log_message(self, *_: object) -> None:
        pass


Behaviour = Callable[[Handler], None]


@contextmanager
def fake_api(*behaviours: Behaviour) -> Iterator[FakeApi]:
    """A server that lives as long as the context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api = FakeApi(Endpoint(f"http://127.0.0.1:{server.server_port}/v1", "tiny", KEY))
    server.api, server.behaviours = api, behaviours
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield api
    finally:
        api.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def raw(data: bytes, status: int = 200) -> Behaviour:
    """Bytes of any kind."""

    def behave(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return behave


def answers(answer: object, status: int = 200) -> Behaviour:
    """A JSON answer."""
    return raw(json.dumps(answer).encode(), status)


def fails(status: int, message: str = "it did not work") -> Behaviour:
    """An error as the API words it."""
    return answers({"error": {"message": message, "type": "test"}}, status)


def hangs(handler: Handler) -> None:
    """No answer."""
    handler.server.api.over.wait(20)


def hangs_up(handler: Handler) -> None:
    """The connection is closed without an answer."""
    handler.close_connection = True


def drips_headers(handler: Handler) -> None:
    """A status line and headers without end, byte by byte."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.api.over.wait(0.02):
        handler.wfile.write(b"a")


def drips_body(handler: Handler) -> None:
    """An answer without end, byte by byte."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.api.over.wait(0.02):
        handler.wfile.write(b" ")


def floods(handler: Handler) -> None:
    """An answer without end, as fast as it is taken."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.api.over.is_set():
        handler.wfile.write(b" " * 65536)


def promises_too_much(handler: Handler) -> None:
    """Half of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True
