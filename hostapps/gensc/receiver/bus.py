"""Events in the process: what happens in the receiver, for whoever looks on.

| kind       | fields |
|------------|--------|
| `burst`    | source, session, image_id, snr_db, cfo_hz, symbols (≤ `MOST_SYMBOLS` pairs [re, im]) |
| `image`    | key, session, image_id, source, name, shape, file, snr_db, spread_db, fragments, fragments_received, scheme, weights, rate, choice, psnr (null without original), latency_ms (stage → ms), original (its file; null where unknown), map (rows of 16×16 blocks, 0 … 1: whether each was sent, or how much it matters; null where all were) |
| `refined`  | key, file, stage, ms, psnr |
| `lost`     | key, cause |
| `text`     | key, text, state |
| `stage`    | name, waiting, dropped, failed, busy, last_ms, state (ok, slow or broken), why |
| `spectrum` | source, db (≤ `MOST_BINS` values), rate (samples/s) |
| `choice`   | key, scheme, point, alpha, cbr, mcs, gvif, reason |
| `counters` | all sums |
| `problem`  | line |

Events of images also have original (its path, where there is one), map (which blocks of 16×16 were
sent; null: all), fate, cause and reason.

`key` is one image of one session (`gensc.receiver.ledger.ImageId`). Fields are what JSON can hold;
numbers that are not finite are given as null.
"""  # noqa: E501

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Points of a constellation and of a spectrum in one event, at most.
MOST_SYMBOLS, MOST_BINS = 256, 256
#: Events of each kind that are remembered for who comes later; of those with constellations fewer.
_REMEMBERED, _FEWER = 256, {"burst": 32}


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        kind: of the table above.
        at: Unix seconds.
        fields: by name; JSON-able.
        number: counts all events of the bus, from 1.
    """

    kind: str
    at: float
    fields: dict[str, Any]
    number: int = 0


class Subscription:
    """The events since its making; what its reader does not take in time is dropped and counted.

    Iterating waits for the next event and ends when it, or the bus, is closed.

    Attributes:
        missed: events dropped, oldest first, because `limit` were waiting.
    """

    def __init__(self, bus: Bus, limit: int) -> None:
        self.missed = 0
        self._bus, self._limit = bus, limit
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def take(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None after `timeout_s` seconds without one, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout_s)
            return self._waiting.popleft() if self._waiting else None

    def __iter__(self) -> Iterator[Event]:
        while (event := self.take()) is not None:
            yield event

    @property
    def closed(self) -> bool:
        """No further event will come; what waits is still handed out."""
        return self._closed

    def close(self) -> None:
        """No further events; may be called from any thread, twice as well."""
        self._bus._forget(self)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _put(self, event: Event) -> None:
        with self._changed:
            if self._closed:
                return
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self.missed += 1
            self._waiting.append(event)
            self._changed.notify()


class Bus:
    """Takes events from any thread and hands them to every subscription; never waits for one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []
        self._last: dict[str, deque[Event]] = {}
        self._number = 0

    def publish(self, kind: str, **fields: Any) -> Event:
        """Tell all subscribers."""
        told = {name: _plain(value) for name, value in fields.items()}
        with self._lock:
            self._number += 1
            event = Event(kind, time.time(), told, self._number)
            if kind not in self._last:
                self._last[kind] = deque(maxlen=_FEWER.get(kind, _REMEMBERED))
            self._last[kind].append(event)
            # Within the lock, so that all subscribers see one order.
            for subscription in self._subscriptions:
                subscription._put(event)
        return event

    def subscribe(self, limit: int = 1024) -> Subscription:
        """The events from now on; of more than `limit` unread ones the oldest are dropped."""
        subscription = Subscription(self, limit)
        with self._lock:
            self._subscriptions.append(subscription)
        return subscription

    def last(self, kind: str, n: int = 1) -> list[Event]:
        """The latest `n` events of a kind, oldest first; no more than 256 are remembered."""
        with self._lock:
            events = list(self._last[kind]) if kind in self._last else []
        return events[-n:] if n > 0 else []

    def close(self) -> None:
        """End every subscription."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def _forget(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)


def _plain(value: Any) -> Any:
    """A value as JSON holds it: numbers of NumPy as Python's, those that are not finite as None."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if hasattr(value, "tolist"):  # arrays and scalars of NumPy
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)
