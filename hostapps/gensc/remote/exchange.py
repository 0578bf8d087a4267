"""One request to a server that may be slow, wrong, chatty or hostile."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from gensc.remote.endpoint import Endpoint

T = TypeVar("T")

#: Characters of a server's own words in a message.
QUOTED = 160
#: Statuses after which asking again may help.
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class RemoteError(Exception):
    """The server has not answered, or not with what was asked for; one line says what."""


class RemoteRefusedError(RemoteError):
    """The server will not answer this: asking again is pointless."""


@dataclass(frozen=True)
class Limits:
    """What an answer may cost.

    Attributes:
        seconds: from connecting to the last byte.
        answer_bytes: of the body.
    """

    seconds: float = 60.0
    answer_bytes: int = 32 << 20


def post(
    endpoint: Endpoint, path: str, body: bytes, content_type: str, limits: Limits
) -> dict[str, Any]:
    """POST `body` to `path` below the endpoint's URL; the JSON object of the answer.

    Raises:
        RemoteRefusedError: a status that says the request itself is at fault.
        RemoteError: nothing in time, too much, or no JSON object.
    """
    status, data = _exchange(endpoint, path, body, content_type, limits)
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        answer = None
    if status != 200:
        kind = RemoteError if status in PASSING else RemoteRefusedError
        raise kind(f"{endpoint.host}: HTTP {status}{_words(answer, endpoint.key)}")
    if not isinstance(answer, dict):
        raise RemoteError(f"{endpoint.host}: the answer is no JSON object")
    return answer


def twice(ask: Callable[[], T]) -> T:
    """What `ask` gives, asked once more where it failed and has not been refused."""
    try:
        return ask()
    except RemoteRefusedError:
        raise
    except RemoteError:
        return ask()


def quote(text: object, key: str) -> str:
    """A server's own words, on one line, of bounded length, and without the key."""
    line = " ".join(str(text).split())
    if key:
        line = line.replace(key, "***")
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"


def _words(answer: object, key: str) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return f" ({quote(message, key)})" if message else ""


def _exchange(
    endpoint: Endpoint, path: str, body: bytes, content_type: str, limits: Limits
) -> tuple[int, bytes]:
    parts = urlsplit(endpoint.url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    headers = {"Content-Type": content_type, "Accept": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    deadline = time.monotonic() + limits.seconds
    connection = kind(parts.hostname or "", parts.port, timeout=limits.seconds)
    too_late = RemoteError(f"{endpoint.host}: no whole answer within {limits.seconds:g} s")
    try:
        connection.connect()
        # A timeout of the socket starts anew with every byte that drips in: this one does not.
        cut = threading.Timer(max(deadline - time.monotonic(), 0.0), _shut, [connection.sock])
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", f"{parts.path}/{path}", body, headers)
            response = connection.getresponse()
            data = response.read(limits.answer_bytes + 1)
        finally:
            cut.cancel()
    except (OSError, http.client.HTTPException) as error:
        if time.monotonic() >= deadline:
            raise too_late from error
        why = quote(error, endpoint.key) or type(error).__name__
        raise RemoteError(f"{endpoint.host}: {why}") from error
    finally:
        connection.close()
    if time.monotonic() >= deadline:
        raise too_late
    if len(data) > limits.answer_bytes:
        raise RemoteError(f"{endpoint.host}: an answer of more than {limits.answer_bytes} bytes")
    return response.status, data


def _shut(connection: socket.socket | None) -> None:
    if connection is not None:
        with suppress(OSError):  # it has been closed meanwhile
            connection.shutdown(socket.SHUT_RDWR)
