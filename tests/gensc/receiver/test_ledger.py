"""Accounts: one fate for every image, and sums that are exact at every moment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.receiver.account import (
    BURSTS_LOST,
    DAMAGED,
    DECODER_FAILED,
    LOST,
    NEVER_HEARD,
    OPEN,
    STORED,
    WEIGHTS_MISSING,
)
from gensc.receiver.ledger import Ledger
from gensc.remote.reports import Sent
from gnuradio.gensc.metadata import Metadata

AIR = "air"


class Clock:
    """A clock that is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(clock):
    return Ledger(image_s=5, announced_s=20, clock=clock)


def burst(image_id, fragment=0, fragments=2, session=1, **others):
    told = dict(
        session=session, image_id=image_id, section="analog", fragment=fragment,
        fragments=fragments, shape=(32, 32, 3), rate=32, total=100, weights=7, snr_db=10.0,
    )  # fmt: skip
    return Metadata(**{**told, **others})


def section(metadata):
    return replace(metadata, fragment=None, fragments_received=metadata.fragments)


def deliver(ledger, image_id, session=1, source=AIR):
    for fragment in range(2):
        ledger.burst(source, burst(image_id, fragment, session=session), 50)
    ledger.section(source, section(burst(image_id, session=session)))
    account = ledger.image(source, burst(image_id, session=session))
    ledger.settle(account, STORED, key=f"{session:04x}-{image_id:05d}")
    return account


def sent(image_id, session=1):
    return Sent(
        session, image_id, "a.png", "0" * 64, (32, 32, 3), "softcast", None, None, 0.1, None, None,
        "fits", 2,
    )  # fmt: skip


def check(ledger):
    sums = ledger.sums()
    assert sums["images"] == sums["stored"] + sums["damaged"] + sums["lost"] + sums["open"]
    assert sums["open"] == len(ledger.open())
    assert sum(sums["causes"].values()) == sums["damaged"] + sums["lost"]
    symbols = sums["symbols"]
    assert symbols["sent"] == symbols["received"] + symbols["erased"]
    return sums


def test_an_image_that_is_stored_is_counted_with_its_symbols(ledger):
    account = deliver(ledger, 3)
    sums = check(ledger)
    assert (sums["images"], sums["stored"], sums["open"]) == (1, 1, 0)
    assert sums["symbols"] == {"sent": 100, "received": 100, "erased": 0, "late": 0}
    assert account.missing() == []


def test_an_image_that_nothing_was_made_of_is_lost_after_its_deadline_and_not_before(ledger, clock):
    ledger.burst(AIR, burst(0), 50)
    clock.now += 4.9
    assert ledger.tick() == []
    clock.now += 0.2
    assert ledger.tick(busy=lambda source: True) == []
    (lost,) = ledger.tick()
    assert (lost.fate, lost.cause, lost.missing()) == (LOST, BURSTS_LOST, [("analog", 0, 1)])
    assert check(ledger)["symbols"] == {"sent": 100, "received": 50, "erased": 50, "late": 0}
    assert ledger.tick() == []


def test_an_image_that_a_decoder_has_is_waited_for_longer(ledger, clock):
    ledger.burst(AIR, burst(0), 50)
    ledger.section(AIR, section(burst(0)))
    clock.now += 19.9
    assert ledger.tick() == []
    clock.now += 0.2
    assert [account.cause for account in ledger.tick()] == [BURSTS_LOST]


def test_numbers_that_are_skipped_are_images_that_were_never_heard(ledger, clock):
    deliver(ledger, 5)
    deliver(ledger, 8)
    assert check(ledger)["open"] == 2
    clock.now += 20
    assert [(a.image_id, a.cause) for a in ledger.tick()] == [(6, NEVER_HEARD), (7, NEVER_HEARD)]
    assert check(ledger)["causes"] == {NEVER_HEARD: 2}


def test_a_number_far_away_is_a_jump_and_no_loss(ledger):
    deliver(ledger, 5)
    deliver(ledger, 30000)
    assert (check(ledger)["images"], ledger.sums()["jumps"]) == (2, 1)


def test_numbers_come_round_after_65535(ledger, clock):
    for image_id in (65534, 65535, 0, 1):
        deliver(ledger, image_id)
    clock.now += 100
    assert ledger.tick() == []
    assert check(ledger)["stored"] == 4


def test_what_was_announced_and_never_heard_is_lost_under_its_name(ledger, clock):
    ledger.announced(sent(0))
    ledger.announced(sent(1))
    deliver(ledger, 0)
    clock.now += 20
    (lost,) = ledger.tick()
    assert (lost.image_id, lost.cause, lost.sent.name) == (1, NEVER_HEARD, "a.png")
    assert (check(ledger)["stored"], ledger.account(AIR, 1, 0).source) == (1, AIR)


def test_the_total_tells_of_images_whose_very_announcement_was_not_heard(ledger, clock):
    ledger.announced(sent(0))
    deliver(ledger, 0)
    ledger.bye(1, 4)
    clock.now += 20
    assert [a.image_id for a in ledger.tick()] == [1, 2, 3]
    assert check(ledger)["images"] == 4


def test_two_sources_with_the_same_numbers_have_two_accounts(ledger):
    deliver(ledger, 0, source="left")
    deliver(ledger, 0, source="right")
    assert check(ledger)["stored"] == 2


def test_a_picture_that_comes_after_it_was_given_up_is_no_loss_any_more(ledger, clock):
    ledger.burst(AIR, burst(0), 50)
    clock.now += 5
    (account,) = ledger.tick()
    ledger.burst(AIR, burst(0, 1), 50)
    assert check(ledger)["symbols"] == {"sent": 100, "received": 50, "erased": 50, "late": 50}
    assert ledger.image(AIR, burst(0)) is account
    ledger.settle(account, DAMAGED, BURSTS_LOST)
    sums = check(ledger)
    assert (sums["lost"], sums["damaged"], sums["found"]) == (0, 1, 1)
    assert sums["symbols"] == {"sent": 100, "received": 100, "erased": 0, "late": 0}


def test_the_same_number_with_another_picture_is_another_image(ledger):
    first = deliver(ledger, 0)
    ledger.section(AIR, section(burst(0)))
    second = ledger.image(AIR, burst(0))
    ledger.settle(second, STORED)
    assert first is not second
    assert (check(ledger)["stored"], ledger.sums()["again"]) == (2, 1)


def test_a_burst_that_comes_late_changes_no_fate(ledger, clock):
    ledger.burst(AIR, burst(0), 50)
    clock.now += 5
    ledger.tick()
    ledger.burst(AIR, burst(0, 1), 50)
    ledger.burst(AIR, burst(0, 1), 50)
    sums = check(ledger)
    assert (sums["images"], sums["symbols"]["late"], sums["symbols"]["erased"]) == (1, 50, 50)


def test_a_caption_behind_its_picture_opens_nothing_and_is_not_late(ledger):
    deliver(ledger, 0)
    ledger.burst(AIR, burst(0, 0, 1, section="text", rate=0, total=20), 500)
    ledger.section(AIR, section(burst(0, 0, 1, section="text", rate=0, total=20)))
    sums = check(ledger)
    assert (sums["images"], sums["symbols"]["late"]) == (1, 0)


def test_texts_of_no_image_are_none(ledger):
    alone = burst(0, 0, 1, section="text", rate=0, total=20, shape=(0, 0, 3))
    assert ledger.burst(AIR, alone, 500) is None
    assert ledger.section(AIR, section(alone)) is None
    assert check(ledger)["images"] == 0


def test_a_decoder_that_fails_loses_the_image_once_with_the_cause_that_is_behind_it(ledger):
    for fragment in range(2):
        ledger.burst(AIR, burst(0, fragment), 50)
    ledger.burst(AIR, burst(1, 0), 50)
    ledger.burst(AIR, burst(2, 0), 50)
    assert ledger.failed(AIR, burst(0), DECODER_FAILED, "junk").why == "junk"
    assert ledger.failed(AIR, burst(0), DECODER_FAILED) is None
    assert ledger.failed(AIR, burst(1), DECODER_FAILED).cause == BURSTS_LOST
    assert ledger.failed(AIR, burst(2), WEIGHTS_MISSING).cause == WEIGHTS_MISSING
    assert check(ledger)["lost"] == 3


def test_no_fate_is_changed_but_lost(ledger):
    account = deliver(ledger, 0)
    with pytest.raises(ValueError, match="stored already"):
        ledger.settle(account, LOST, BURSTS_LOST)


def test_an_image_that_was_lost_and_is_announced_again_has_one_account(ledger, clock):
    ledger.announced(sent(0))
    clock.now += 20
    (account,) = ledger.tick()
    assert ledger.announced(sent(0)) is account
    assert check(ledger)["open"] == 1
    deliver(ledger, 0)
    sums = check(ledger)
    assert (sums["images"], sums["stored"], sums["lost"], sums["sent_again"]) == (1, 1, 0, 1)


def test_everything_is_settled_at_the_end(ledger):
    ledger.burst(AIR, burst(0), 50)
    ledger.announced(sent(4, session=2))
    ledger.bye(2, 3)
    assert {a.cause for a in ledger.close()} == {BURSTS_LOST, NEVER_HEARD}
    sums = check(ledger)
    assert (sums["open"], sums["lost"], sums["images"]) == (0, 4, 4)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["burst", "section", "image", "fail", "sent", "tick", "bye"]),
        st.integers(0, 3),
        st.integers(0, 1),
        st.sampled_from([0.0, 3.0, 30.0]),
    ),
    max_size=60,
)


@given(STEPS)
def test_sums_are_exact_whatever_happens_in_whatever_order(steps):
    clock = Clock()
    ledger = Ledger(image_s=5, announced_s=20, clock=clock)
    for what, image_id, fragment, later in steps:
        clock.now += later
        if what == "burst":
            ledger.burst(AIR, burst(image_id, fragment), 50)
        elif what == "section":
            ledger.section(AIR, section(burst(image_id)))
        elif what == "image":
            ledger.settle(ledger.image(AIR, burst(image_id)), STORED)
        elif what == "fail":
            ledger.failed(AIR, burst(image_id), DECODER_FAILED)
        elif what == "sent":
            ledger.announced(sent(image_id))
        elif what == "bye":
            ledger.bye(1, 3)
        else:
            ledger.tick()
        check(ledger)
    ledger.close()
    assert check(ledger)["open"] == 0
    assert all(account.fate != OPEN for account in ledger.open())


def test_memory_is_bounded_over_a_long_session(ledger):
    for image_id in range(10_000):
        account = ledger.image(AIR, burst(image_id))
        ledger.settle(account, STORED)
    assert check(ledger)["stored"] == 10_000
    (book,) = ledger._books.values()
    assert len(book.accounts) <= 1024
