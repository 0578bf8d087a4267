"""What is said of a decoded image: its fate by what is missing, its times by what is known."""

from __future__ import annotations

import pytest

from gensc.receiver.account import (
    BITS_DAMAGED,
    BURSTS_LOST,
    DAMAGED,
    STORED,
    SYMBOLS_ERASED,
    Account,
    Part,
)
from gensc.receiver.records import fate_of, latency_ms
from gnuradio.gensc.metadata import Metadata

WHOLE = {"fragments": 3, "fragments_received": 3}
PART = {"fragments": 3, "fragments_received": 2}


@pytest.mark.parametrize(
    ("told", "fate"),
    [
        ({"section": "analog", **WHOLE}, (STORED, "")),
        ({"section": "analog", **PART, "erased": 9}, (DAMAGED, BURSTS_LOST)),
        ({"section": "analog", **WHOLE, "erased": 9}, (DAMAGED, SYMBOLS_ERASED)),
        ({"section": "bits", **WHOLE, "complete": True}, (STORED, "")),
        ({"section": "bits", **PART, "erased": 9, "complete": True}, (STORED, "")),
        ({"section": "bits", **WHOLE, "complete": False}, (DAMAGED, BITS_DAMAGED)),
        ({"section": "bits", **PART, "complete": False}, (DAMAGED, BURSTS_LOST)),
        ({"section": "analog", **WHOLE, "streams": 2, "complete": True}, (STORED, "")),
        ({"section": "analog", **PART, "streams": 2, "complete": False}, (DAMAGED, BURSTS_LOST)),
    ],
)
def test_the_fate_of_a_picture_is_what_is_missing_of_it(told, fate):
    assert fate_of(Metadata(**told)) == fate


def test_steps_are_from_one_time_to_the_next_and_unknown_ones_are_left_out():
    account = Account("air", 1, 2, 0.0)
    account.times = {"last_sample": 1.0, "burst": 1.25, "section": 1.5}
    assert latency_ms(account, 2.0) == {"detect": 250.0, "assemble": 250.0, "decode": 500.0}
    del account.times["last_sample"]
    assert latency_ms(account, 2.0) == {"assemble": 250.0, "decode": 500.0}


def test_symbols_that_were_erased_in_bursts_that_came_are_not_received():
    part = Part(2, 100)
    part.take(0, 50)
    part.take(1, 50)
    part.put_together(Metadata(erased=30))
    assert (part.received, len(part.seen)) == (70, 2)
    account = Account("air", 1, 2, 0.0, parts={("analog", 0): part})
    fates = account.symbols()
    assert (fates.sent, fates.received, fates.erased, fates.mistake()) == (100, 70, 30, "")
    assert account.whole


def test_of_a_section_from_another_program_its_own_count_is_taken():
    part = Part(4, 100)
    part.put_together(Metadata(fragments_received=3, erased=25))
    assert (part.received, len(part.seen)) == (75, 3)
