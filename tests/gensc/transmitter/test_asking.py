"""What was sent before a stop: the receiver is asked once, in pieces, and not for ever."""

from __future__ import annotations

from gensc.remote.reports import MAX_IDS, Have
from gensc.transmitter.asking import PATIENCE_S, Asking
from gensc.transmitter.queue import Queue


def test_each_session_is_asked_about_in_reports_that_fit():
    asking = Asking()
    asking.begin({1: [5], 2: list(range(MAX_IDS + 1))}, 0.0)
    assert [(ask.session, len(ask.ids)) for ask in asking.asks()] == [
        (1, 1), (2, MAX_IDS), (2, 1)
    ]  # fmt: skip
    for session in (1, 2):
        assert asking.is_open(0.1)
        asking.answered(Have(session, ()))
    assert asking.is_open(0.1)
    asking.answered(Have(2, ()))
    assert not asking.is_open(0.1)


def test_no_answer_is_not_waited_for_long():
    asking = Asking()
    asking.begin({1: [5]}, 10.0)
    assert asking.is_open(10.0)
    assert not asking.is_open(10.0 + PATIENCE_S)


def test_what_is_not_stored_is_left_over_once(tmp_path):
    with Queue(tmp_path / "q.db") as queue:
        for i in range(3):
            queue.add(f"/{i}", str(i), str(i))
        for i in range(2):
            item = queue.next()
            queue.announce(item, 1, i, "")
            queue.left(item, 1, i)
        asking = Asking()
        asking.begin(queue.unanswered(), 0.0)
        queue.stored(1, [0])
        assert [item.name for item in asking.left_over(queue, session=2)] == ["1"]
        assert asking.left_over(queue, session=2) == []
        asking.begin(queue.unanswered(), 0.0)
        assert asking.left_over(queue, session=1) == []  # these may still be on the air
