"""Events reach every subscriber in one order, and a slow one holds up nobody."""

import json
import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gensc.receiver.bus import Bus

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_every_subscriber_gets_every_event_in_the_order_of_its_number() -> None:
    bus = Bus()
    first, second = bus.subscribe(), bus.subscribe()
    senders = [
        threading.Thread(target=lambda n=n: [bus.publish("lost", key=n) for _ in range(50)])
        for n in range(4)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    bus.close()
    seen = [event.number for event in first]
    assert seen == list(range(1, 201))
    assert [event.number for event in second] == seen


def test_what_a_slow_reader_leaves_is_dropped_oldest_first_and_counted() -> None:
    bus = Bus()
    slow = bus.subscribe(limit=3)
    for n in range(10):
        bus.publish("counters", n=n)
    assert slow.missed == 7
    slow.close()
    assert [event.fields["n"] for event in slow] == [7, 8, 9]


def test_who_has_closed_hears_nothing_more_and_waits_for_nothing() -> None:
    bus = Bus()
    gone = bus.subscribe()
    gone.close()
    gone.close()
    bus.publish("problem", line="too late")
    assert gone.take() is None
    assert gone.closed


def test_waiting_ends_after_the_time_given() -> None:
    assert Bus().subscribe().take(timeout_s=0.01) is None


def test_who_comes_later_can_ask_for_what_was_last() -> None:
    bus = Bus()
    for n in range(300):
        bus.publish("image", n=n)
    assert [event.fields["n"] for event in bus.last("image", 2)] == [298, 299]
    assert len(bus.last("image", 1000)) == 256
    assert bus.last("image", 0) == bus.last("refined", 5) == []


@given(PLAIN)
def test_fields_are_what_json_holds(value: object) -> None:
    event = Bus().publish("image", value=value)
    json.dumps(event.fields, allow_nan=False)


def test_numpy_and_what_is_not_finite_become_plain_numbers_and_null() -> None:
    fields = (
        Bus()
        .publish(
            "burst", snr_db=np.float32(7.5), cfo_hz=float("nan"), symbols=np.array([[1.0, np.inf]])
        )
        .fields
    )
    assert fields == {"snr_db": 7.5, "cfo_hz": None, "symbols": [[1.0, None]]}
