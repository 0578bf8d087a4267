"""What transmitters are told: SNRs, missing bursts once, fates for good, and answers."""

from __future__ import annotations

import queue
import time

import pytest

from gensc.receiver.account import STORED
from gensc.receiver.config import ReportConfig
from gensc.receiver.ledger import Ledger
from gensc.receiver.talk import Talk
from gensc.remote.reports import Ask, Bye, Have, Hello, ImageReport, Missing, Sent, Snr
from gensc.remote.sockets import ReportClient
from gensc.system.errors import UserError
from gnuradio.gensc.metadata import Metadata

SESSION, AIR = 7, "air"


def burst(image_id, fragment, snr_db=10.0):
    return Metadata(
        session=SESSION, image_id=image_id, section="analog", fragment=fragment, fragments=3,
        shape=(32, 32, 3), rate=32, total=99, snr_db=snr_db,
    )  # fmt: skip


class Link:
    """Both ends."""

    def __init__(self):
        self.ledger, self.announced = Ledger(), []
        config = ReportConfig(address="tcp://127.0.0.1:*", name="roof", interval_s=0.01)
        self.talk = Talk(config, self.ledger, lambda session, ids: [i for i in ids if i < 2],
                         lambda sent, account: self.announced.append(sent))  # fmt: skip
        self.talk.start()
        self.heard = queue.Queue()
        self.client = ReportClient(self.talk.address, self.heard.put)
        self.client.start()
        self.client.send(Hello(SESSION, "balcony"))
        assert self.next() == Hello(None, "roof")

    def next(self, ticking=False):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if ticking:
                self.talk.tick()
            try:
                return self.heard.get(timeout=0.02)
            except queue.Empty:
                continue
        raise AssertionError("nothing was told")

    def close(self):
        self.client.close()
        self.talk.close()


@pytest.fixture
def link():
    both = Link()
    yield both
    both.close()


def test_the_transmitter_of_a_session_has_a_name(link):
    assert (link.talk.peer(SESSION), link.talk.peer(8)) == ("balcony", "")


def test_snrs_since_the_last_report_are_averaged_as_powers(link):
    for snr_db in (0.0, 10.0):
        link.talk.burst(SESSION, snr_db)
    report = link.next(ticking=True)
    assert isinstance(report, Snr)
    assert report.count == 2
    assert report.snr_db == pytest.approx(7.404, abs=1e-3)
    assert report.spread_db == pytest.approx(5.0)


def test_an_snr_that_nobody_can_have_measured_is_told_as_the_bound(link):
    link.talk.burst(SESSION, 400.0)
    assert link.next(ticking=True).snr_db == 100.0


def test_missing_bursts_are_told_once_and_again_only_when_others_are_missing(link):
    link.ledger.burst(AIR, burst(0, 1), 33)
    first = link.next(ticking=True)
    assert isinstance(first, ImageReport)
    assert (first.fate, first.fragments, first.received) == ("damaged", 3, 1)
    assert first.missing == (Missing("analog", 0, 0), Missing("analog", 0, 2))
    for _ in range(5):
        link.talk.tick()
        time.sleep(0.02)
    assert link.heard.empty()
    link.ledger.burst(AIR, burst(0, 0), 33)
    assert link.next(ticking=True).missing == (Missing("analog", 0, 2),)


def test_a_fate_is_told_and_told_again_to_who_sends_the_image_again(link):
    account = link.ledger.burst(AIR, burst(0, 1), 33)
    link.ledger.settle(account, STORED, key="x")
    link.talk.image(account)
    assert link.next().fate == "stored"
    link.client.send(
        Sent(SESSION, 0, "a.png", "0" * 64, (32, 32, 3), "softcast", None, None, 0.1, None, None,
             "again", 3)
    )  # fmt: skip
    again = link.next()
    assert (again.fate, again.image_id) == ("stored", 0)
    assert [sent.reason for sent in link.announced] == ["again"]


def test_questions_are_answered_by_the_archive(link):
    link.client.send(Ask(SESSION, (0, 1, 2)))
    assert link.next() == Have(SESSION, (0, 1))


def test_a_total_is_noted(link):
    link.client.send(Bye(SESSION, 2))
    link.client.send(Ask(SESSION, ()))
    assert isinstance(link.next(), Have)  # the total was heard before
    assert {account.image_id for account in link.ledger.close()} == {0, 1}


def test_without_an_address_nobody_is_told_anything():
    talk = Talk(ReportConfig(address=""), Ledger(), lambda session, ids: [])
    talk.start()
    talk.burst(SESSION, 3.0)
    talk.tick()
    assert talk.counters() == {
        "reports_received": 0, "reports_dropped": 0, "reports_undelivered": 0,
    }  # fmt: skip
    talk.close()


def test_other_machines_need_keys():
    with pytest.raises(UserError, match="keys"):
        Talk(ReportConfig(address="tcp://0.0.0.0:*"), Ledger(), lambda session, ids: [])
