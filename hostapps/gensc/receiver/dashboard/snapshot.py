"""Everything that a page shows when it opens; events go on from there."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from gensc.receiver.bus import Event
from gensc.receiver.dashboard.feed import Feed, encoded
from gensc.receiver.dashboard.presented import presented
from gensc.receiver.dashboard.watched import Watched

#: Of each kind, how many events a page begins with.
BEGINNING = {
    "image": 64,
    "refined": 64,
    "lost": 64,
    "text": 64,
    "choice": 64,
    "stage": 32,
    "spectrum": 24,
    "burst": 128,
    "problem": 16,
    "counters": 1,
}
#: Of so many bursts the constellation is given as well; of the others the SNR.
CONSTELLATIONS = 2


def snapshot(watched: Watched, feed: Feed, before: Sequence[Event] = ()) -> dict[str, Any]:
    """The receiver's state, the latest events in their order, and the id to go on from.

    An event may be told twice, here and again in the stream, but none is left out between.

    Args:
        watched, feed: of one dashboard.
        before: events of earlier runs, which come first.
    """
    last_id = feed.newest()
    events = [event for kind, most in BEGINNING.items() for event in watched.bus.last(kind, most)]
    events.sort(key=lambda event: event.number)
    bursts = [event for event in events if event.kind == "burst"]
    whole = {event.number for event in bursts[-CONSTELLATIONS:]}
    return {
        "last_id": last_id,
        "now": time.time(),
        "state": presented(watched.state()),
        "events": [
            {"kind": event.kind, **_without_symbols(event, event.number in whole)}
            for event in [*before, *events]
        ],
    }


def _without_symbols(event: Event, whole: bool) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(encoded(event))
    if event.kind == "burst" and not whole:
        fields.pop("symbols", None)
    return fields
