"""The bus as a stream: thinned where a screen shows no more, and forgotten beyond what is kept."""

import asyncio
import json
import time

import pytest

from gensc.receiver.bus import Bus, Event
from gensc.receiver.dashboard import feed as module
from gensc.receiver.dashboard.feed import Feed, encoded


@pytest.fixture
def bus():
    made = Bus()
    yield made
    made.close()


def caught_up(feed, number):
    """Wait until the feed has taken the event."""
    for _ in range(500):
        if feed.newest() == f"{feed.run}-{number}":
            return
        time.sleep(0.01)
    raise AssertionError(f"at {feed.newest()}, not at {number}")


async def first(feed, last_id, count):
    """The kinds of the first so many events after an id."""
    kinds = []
    async for text in feed.read(last_id):
        kinds += [line[7:] for line in text.splitlines() if line.startswith("event: ")]
        if len(kinds) >= count:
            return kinds
    return kinds


def test_what_is_forgotten_is_told_by_a_reset(bus, monkeypatch):
    monkeypatch.setattr(module, "MOST_EVENTS", 5)
    feed = Feed(bus)
    for n in range(20):
        last = bus.publish("lost", key=str(n))
    caught_up(feed, last.number)
    assert asyncio.run(first(feed, f"{feed.run}-3", 1)) == ["reset"]
    assert asyncio.run(first(feed, f"{feed.run}-16", 4)) == ["lost"] * 4
    feed.close()


def test_no_more_bytes_are_kept_than_is_said(bus, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    feed = Feed(bus)
    for _ in range(50):
        last = bus.publish("problem", line="x" * 1000)
    caught_up(feed, last.number)
    assert feed._bytes <= 10_000
    assert len(feed._kept) == 9
    feed.close()


def test_bursts_are_thinned_to_what_a_screen_shows_and_counted(bus):
    feed = Feed(bus)
    for _ in range(100):
        bus.publish("burst", source="a", snr_db=3.0, symbols=[[0.123456, 1.0]] * 256)
    bus.publish("burst", source="b", snr_db=3.0, symbols=[])
    last = bus.publish("lost", key="end")
    caught_up(feed, last.number)
    shown = len(feed._kept) - 1
    assert shown + feed.thinned == 101
    assert shown < 20
    feed.close()


def test_a_reader_who_leaves_is_counted_no_more(bus):
    feed = Feed(bus)

    async def look():
        stream = feed.read("")
        await stream.__anext__()
        assert feed.readers == 1
        await stream.aclose()

    asyncio.run(look())
    assert feed.readers == 0
    feed.close()


def test_an_event_is_one_line_whatever_a_peer_wrote():
    text = encoded(Event("text", 1.0, {"key": "a", "text": "a\n\nevent: reset\r\ud800"}, 3))
    assert "\n" not in text
    assert text.isascii()
    assert json.loads(text)["text"] == "a\n\nevent: reset\r\ud800"


def test_samples_have_as_many_decimals_as_a_screen_shows():
    burst = Event("burst", 1.0, {"symbols": [[0.12345, -1.98765], [None, 1.0]]}, 1)
    assert json.loads(encoded(burst))["symbols"] == [[0.12, -1.99]]
    spectrum = Event("spectrum", 1.0, {"db": [-40.123, None]}, 1)
    assert json.loads(encoded(spectrum))["db"] == [-40.1, None]
