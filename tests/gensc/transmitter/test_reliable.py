"""Which bursts are sent again: what the receiver misses of bits and texts, so often and no more."""

from __future__ import annotations

from gensc.remote.reports import ImageReport, Missing
from gensc.transmitter.gather import Fragment
from gensc.transmitter.reliable import KEPT, Retransmissions
from gnuradio.gensc.metadata import Metadata

KEY = (7, 1)


def fragments(section="bits", count=4):
    return [
        Fragment(Metadata(7, 1, section, 0, i, count), 100, f"{section} {i}") for i in range(count)
    ]


def damaged(*missing, key=KEY):
    return ImageReport(*key, "damaged", 9, 5, tuple(missing), None, None)


def pdus(again):
    return [part.pdu for part in again.next()[1]]


def test_what_is_missing_is_sent_again_in_its_order():
    again = Retransmissions(3)
    again.keep(KEY, fragments() + fragments("text", 1))
    assert again.report(damaged(Missing("bits", 0, 2), Missing("text", 0, 0))) == 2
    assert pdus(again) == ["bits 2", "text 0"]
    assert again.next() is None


def test_analog_bursts_are_not_and_unknown_ones_neither():
    again = Retransmissions(3)
    again.keep(KEY, fragments() + fragments("analog", 2))
    assert again.report(damaged(Missing("analog", 0, 1), Missing("bits", 3, 99))) == 0
    assert again.report(damaged(Missing("bits", 0, 1), key=(7, 2))) == 0
    assert again.next() is None


def test_a_report_that_names_a_burst_twice_has_it_sent_once():
    again = Retransmissions(3)
    again.keep(KEY, fragments())
    assert again.report(damaged(*[Missing("bits", 0, 1)] * 500)) == 1


def test_an_image_is_helped_so_often_and_no_more():
    again = Retransmissions(2)
    again.keep(KEY, fragments())
    told = []
    for _ in range(5):
        told.append(again.report(damaged(Missing("bits", 0, 0))))
        again.next()
    assert told == [1, 1, 0, 0, 0]


def test_reports_that_come_before_it_was_sent_again_do_not_count_twice():
    again = Retransmissions(2)
    again.keep(KEY, fragments())
    assert [again.report(damaged(Missing("bits", 0, 0))) for _ in range(3)] == [1, 0, 0]


def test_what_is_answered_is_forgotten():
    again = Retransmissions(2)
    again.keep(KEY, fragments())
    again.report(damaged(Missing("bits", 0, 0)))
    again.forget(KEY)
    assert again.next() is None
    assert again.report(damaged(Missing("bits", 0, 0))) == 0


def test_the_oldest_are_forgotten_first_and_nothing_is_kept_where_it_is_off():
    again = Retransmissions(1)
    for image_id in range(KEPT + 1):
        again.keep((7, image_id), fragments())
    assert again.report(damaged(Missing("bits", 0, 0), key=(7, 0))) == 0
    assert again.report(damaged(Missing("bits", 0, 0), key=(7, 1))) == 1
    off = Retransmissions(0)
    off.keep(KEY, fragments())
    assert off.report(damaged(Missing("bits", 0, 0))) == 0
