"""Who may ask what: host names, origins, the token, the size of a request; and what answers carry.

A page of another site must reach nothing here: a name that leads to this machine by its own DNS is
refused by the Host header, a form or script of another origin by the Origin header and by the
cookie's SameSite. What the page itself may do is in `POLICY`: its own files, no inline script.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from gensc.receiver.dashboard.token import Token

#: Bytes of a request's body, at most, and seconds that it may take.
MOST_BODY, BODY_S = 4096, 5.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
#: What is shown without the token: the page's own files, which hold nothing of the receiver.
_OPEN = ("/static/", "/login")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Middleware that lets a request through to `app`, or answers it itself.

    Args:
        app: what is guarded.
        token: opens it.
        names: host names it is reached by, besides localhost and IP addresses.
        cookie: name of the cookie.
    """

    def __init__(self, app: App, token: Token, names: frozenset[str], cookie: str) -> None:
        self._app, self._token, self._cookie = app, token, cookie
        self._names = frozenset(name.lower() for name in names) | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(_guarded(send), *refusal)
            return
        body = b""
        if scope["method"] == "POST":
            try:
                body = await asyncio.wait_for(_body(receive), BODY_S)
            except asyncio.TimeoutError:
                await _answer(_guarded(send), 408, f"no whole request in {BODY_S:g} s")
                return
            except _TooLargeError:
                await _answer(_guarded(send), 413, f"more than {MOST_BODY} bytes")
                return
        await self._app(scope, _once(body, receive), _guarded(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and line of what is not let through."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self._is_here(host):
            return 421, "not a host name of this dashboard"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "GET and POST only"
        origin = headers.get(b"origin")
        if scope["method"] == "POST" and origin is not None and urlsplit(origin).netloc != host:
            return 403, "asked for by another site"
        path = scope["path"]
        if path == "/" or path.startswith(_OPEN) or self._is_let_in(headers):
            return None
        return 401, "a token is needed: open the link that the receiver printed"

    def _is_here(self, host: str) -> bool:
        """Whether a Host header names this machine: no foreign name can be an IP address."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_let_in(self, headers: dict[bytes, str]) -> bool:
        kind, _, text = headers.get(b"authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._token.opens(text.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get(b"cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and self._token.opens_by_cookie(cookie.value)


class _TooLargeError(Exception):
    """A request's body has more than `MOST_BODY` bytes."""


async def _body(receive: Receive) -> bytes:
    """All of a request's body, however it was announced."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise _TooLargeError
        if not message.get("more_body"):
            return body


def _once(body: bytes, receive: Receive) -> Receive:
    """The body as one message, and then what follows it (that the visitor has left)."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


def _guarded(send: Send) -> Send:
    """Adds to every answer what a browser should know about it."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), *_HEADERS]
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return send_on


async def _answer(send: Send, status: int, line: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{line}\n".encode()})
