"""The bus as server-sent events: numbered, kept for a while, and resumed where a browser left off.

An event's id is RUN-NUMBER: the run is drawn at every start, the number is the bus' own. A browser
that comes back with an id of this run gets what it has missed; one with an id of another run, or
from before what is kept, gets `reset` and reads the whole state anew.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from gensc.receiver.bus import Bus, Event

#: Events and bytes that are kept to be sent again.
MOST_EVENTS, MOST_BYTES = 4096, 8 << 20
#: Constellations and spectra that are shown of each source in a second; others are left out.
SHOWN_A_SECOND = 8.0
#: Browsers at a time.
MOST_READERS = 32
#: Seconds without an event after which a comment tells whether the browser is there.
HEARTBEAT_S = 10.0
#: Events are collected for so long and sent together.
TOGETHER_S = 0.05
#: What the browser waits before it connects again, ms.
RETRY_MS = 1000
_FREQUENT = ("burst", "spectrum")


class Feed:
    """Follows a bus from its making to `close`.

    Attributes:
        run: id of this start.
        readers: browsers that follow.
        thinned: bursts and spectra that were too many to show.
    """

    def __init__(self, bus: Bus) -> None:
        self.run = secrets.token_hex(4)
        self.readers = self.thinned = 0
        self._bus, self._subscription = bus, bus.subscribe()
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, str]] = deque()
        self._bytes = self._forgotten = 0
        self._shown_at: dict[tuple[str, str], float] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._thread = threading.Thread(target=self._follow, name="dashboard-feed", daemon=True)
        self._thread.start()

    @property
    def missed(self) -> int:
        """Events that the bus has dropped because this feed was too slow."""
        return self._subscription.missed

    @property
    def closed(self) -> bool:
        """Nothing will come any more."""
        return self._subscription.closed

    def close(self) -> None:
        """End all readers."""
        self._subscription.close()
        self._thread.join()
        self._wake()

    def newest(self) -> str:
        """The id of the newest event."""
        with self._lock:
            number = self._kept[-1][0] if self._kept else self._forgotten
        return f"{self.run}-{number}"

    async def read(self, last_id: str) -> AsyncIterator[str]:
        """What follows an event, as text of a stream, until the feed is closed."""
        ready = asyncio.Event()
        waiter = (asyncio.get_running_loop(), ready)
        self.readers += 1
        with self._lock:
            self._waiting.add(waiter)
        try:
            yield f"retry: {RETRY_MS}\n\n"
            number = self._resumed(last_id)
            if number is None:
                # Taken once: what comes while this is sent belongs to what follows it.
                newest = self.newest()
                yield _message("reset", "{}", newest)
                number = self._resumed(newest)
            while not self.closed:
                ready.clear()
                text, number = self._after(number or 0)
                if text:
                    yield text
                    await asyncio.sleep(TOGETHER_S)
                    continue
                try:
                    await asyncio.wait_for(ready.wait(), HEARTBEAT_S)
                except asyncio.TimeoutError:
                    yield ": still here\n\n"
        finally:
            self.readers -= 1
            with self._lock:
                self._waiting.discard(waiter)

    def _resumed(self, last_id: str) -> int | None:
        """The number of an id from which on everything is still there; None where not all is."""
        run, _, text = last_id.partition("-")
        if run != self.run or not (text.isascii() and text.isdigit()) or len(text) > 18:
            return None
        with self._lock:
            return int(text) if int(text) >= self._forgotten else None

    def _after(self, number: int) -> tuple[str, int]:
        """All that is kept of later events, and the number of the last of them."""
        with self._lock:
            if number < self._forgotten:
                # A browser too slow for what is kept.
                newest = self._kept[-1][0] if self._kept else self._forgotten
                return _message("reset", "{}", f"{self.run}-{newest}"), newest
            later = []
            for kept, text in reversed(self._kept):
                if kept <= number:
                    break
                later.append(text)
            return "".join(reversed(later)), self._kept[-1][0] if later else number

    def _follow(self) -> None:
        for event in self._subscription:
            if event.kind in _FREQUENT and not self._is_shown(event):
                self.thinned += 1
                continue
            text = _message(event.kind, encoded(event), f"{self.run}-{event.number}")
            with self._lock:
                self._kept.append((event.number, text))
                self._bytes += len(text)
                while len(self._kept) > MOST_EVENTS or self._bytes > MOST_BYTES:
                    self._forgotten, gone = self._kept.popleft()
                    self._bytes -= len(gone)
            self._wake()

    def _is_shown(self, event: Event) -> bool:
        key = (event.kind, str(event.fields.get("source")))
        if event.at - self._shown_at.get(key, 0.0) < 1 / SHOWN_A_SECOND:
            return False
        self._shown_at[key] = event.at
        return True

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for loop, ready in waiting:
            try:
                loop.call_soon_threadsafe(ready.set)
            except RuntimeError:
                # Its loop has ended, and the reader with it.
                continue


def encoded(event: Event) -> str:
    """An event as a line of JSON: its fields, and when it was (`at`, Unix seconds)."""
    return json.dumps(
        {"at": round(event.at, 3), "number": event.number, **_shown(event)},
        separators=(",", ":"),
        allow_nan=False,
    )


def _shown(event: Event) -> dict[str, Any]:
    """The fields of an event; no more decimals of samples than a screen shows, no paths."""
    fields = dict(event.fields)
    if event.kind == "burst" and fields.get("symbols"):
        fields["symbols"] = [
            [round(part, 2) for part in pair]
            for pair in fields["symbols"]
            if isinstance(pair, list) and None not in pair
        ]
    elif event.kind == "spectrum" and fields.get("db"):
        fields["db"] = [None if level is None else round(level, 1) for level in fields["db"]]
    elif event.kind in ("image", "refined"):
        # Where files lie is nobody's business; that there is an original is.
        fields["file"] = bool(fields.get("file"))
        if "original" in fields:
            fields["original"] = bool(fields["original"])
    return fields


def _message(kind: str, data: str, number: str) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {data}\n\n"
