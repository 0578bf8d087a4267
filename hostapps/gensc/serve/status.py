"""The one line that says how a service is doing."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from gensc.serve.answer import Source, Status
from gensc.serve.server import Server


class StatusLine:
    """Shows a server's state: rewritten every second on a terminal, else a line now and then.

    Args:
        server: whose state.
        out: where to; standard error by default.
        every_s: between lines when `out` is no terminal; none is printed while nothing happens.
    """

    def __init__(self, server: Server, out: TextIO | None = None, every_s: float = 10.0) -> None:
        self._server, self._out = server, out or sys.stderr
        self._live = self._out.isatty()
        self._every_s = 1.0 if self._live else every_s
        self._shown, self._shown_at, self._images = "", time.monotonic(), 0

    def tick(self) -> None:
        """Show the state if it is time to."""
        now = time.monotonic()
        if now - self._shown_at < self._every_s:
            return
        images = self._server.service.stats.answered[Status.OK]
        line = describe(self._server, (images - self._images) / (now - self._shown_at))
        if self._live:
            self._out.write(f"\r\x1b[K{line}")
            self._out.flush()
        elif line != self._shown:
            print(line, file=self._out, flush=True)
        self._shown, self._shown_at, self._images = line, now, images

    def say(self, line: str) -> None:
        """A line of its own."""
        print(f"\r\x1b[K{line}" if self._live else line, file=self._out, flush=True)


def describe(server: Server, per_second: float) -> str:
    """A server's state in one line; `per_second` are images answered of late."""
    service, stats = server.service, server.service.stats
    parts = [
        _count(service.users, "user"),
        f"{service.pending} waiting",
        f"{_count(stats.answered[Status.OK], 'image')} ({per_second:.1f}/s)",
    ]
    if stats.batches:
        parts.append(f"{stats.images / stats.batches:.1f} a batch")
    for count, what in (
        (stats.sources[Source.CACHED] + stats.sources[Source.SHARED], "not computed again"),
        (stats.answered[Status.CANCELLED], "cancelled"),
        (stats.answered[Status.FAILED], "failed"),
        (stats.turned_away[Status.BUSY], "told busy"),
        (stats.turned_away[Status.REFUSED], "refused"),
        (stats.worker_deaths, "workers lost"),
        (server.undeliverable, "undeliverable"),
        (server.junk, "junk"),
    ):
        if count:
            parts.append(f"{count} {what}")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
