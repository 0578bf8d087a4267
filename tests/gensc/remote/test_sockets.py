"""Sockets of reports: both ways, by session, again after a restart, and closed to strangers."""

from __future__ import annotations

import queue
import socket as plain_sockets
import time
from contextlib import ExitStack, closing

import pytest
import zmq

from gensc.remote import reports
from gensc.remote.keys import KeyPair
from gensc.remote.reports import Ask, Bye, Have, Hello, Snr
from gensc.remote.sockets import ReportClient, ReportServer
from gensc.system.errors import UserError

WAIT_S = 10.0
SNR = Snr(12.0, 0.5, 3)


def until(condition, timeout_s=WAIT_S):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "nothing in time"
        time.sleep(0.005)


def key_pair():
    return KeyPair(*zmq.curve_keypair())


@pytest.fixture
def ends():
    with ExitStack() as stack:
        heard, answers = queue.Queue(), queue.Queue()

        def make(address="tcp://127.0.0.1:*", server_keys=None, trusted=(), keys=None, server=b""):
            receiver = ReportServer(
                address, lambda peer, report: heard.put((peer, report)), server_keys, trusted
            )
            stack.enter_context(closing(receiver))
            receiver.start()
            transmitter = ReportClient(
                receiver.address, answers.put, lambda: transmitter.send(Hello(7, "t")), keys, server
            )
            stack.enter_context(closing(transmitter))
            transmitter.start()
            return receiver, transmitter, heard, answers

        yield make


def test_a_transmitter_says_who_it_is_and_is_answered_by_its_session(ends):
    receiver, transmitter, heard, answers = ends()
    assert heard.get(timeout=WAIT_S)[1] == Hello(7, "t")
    assert receiver.sessions() == [7]
    assert receiver.tell(7, SNR)
    assert answers.get(timeout=WAIT_S) == SNR
    assert not receiver.tell(8, SNR)
    transmitter.send(Bye(7, 3))
    assert heard.get(timeout=WAIT_S)[1] == Bye(7, 3)


def test_asking_about_a_session_does_not_take_it_over(ends):
    receiver, transmitter, heard, answers = ends()
    peer, _ = heard.get(timeout=WAIT_S)
    transmitter.send(Ask(99, (1,)))
    heard.get(timeout=WAIT_S)
    assert receiver.sessions() == [7]
    receiver.send(peer, Have(99, ()))
    assert answers.get(timeout=WAIT_S) == Have(99, ())


def test_a_receiver_that_comes_back_is_told_again_who_is_there(ends):
    receiver, transmitter, heard, _ = ends()
    heard.get(timeout=WAIT_S)
    address = receiver.address
    receiver.close()
    until(lambda: not transmitter.is_connected)
    again = queue.Queue()
    second = ReportServer(address, lambda peer, report: again.put(report))
    with closing(second):
        second.start()
        assert again.get(timeout=WAIT_S) == Hello(7, "t")


def test_what_is_said_while_nobody_is_there_arrives_later():
    with closing(ReportServer("tcp://127.0.0.1:*", lambda peer, report: None)) as first:
        address = first.address
    with closing(ReportClient(address, lambda report: None)) as transmitter:
        transmitter.start()
        assert transmitter.send(Bye(1, 2))
        heard = queue.Queue()
        with closing(ReportServer(address, lambda peer, report: heard.put(report))) as receiver:
            receiver.start()
            assert heard.get(timeout=WAIT_S) == Bye(1, 2)


def test_junk_is_dropped_and_counted_and_the_next_report_is_heard(ends):
    receiver, transmitter, heard, _ = ends()
    heard.get(timeout=WAIT_S)
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.connect(receiver.address)
    junk = [[b"junk"], [b""], [b"a", b"b"], [reports.pack(SNR)], [reports.pack(Have(1, ()))]]
    for parts in junk:
        stranger.send_multipart(parts)
    until(lambda: receiver.dropped == len(junk))
    stranger.send(b"\0" * (reports.MAX_BYTES + 1))  # cuts the connection
    with plain_sockets.create_connection(("127.0.0.1", int(receiver.address.rsplit(":")[-1]))) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        transmitter.send(Bye(7, 1))
        assert heard.get(timeout=WAIT_S)[1] == Bye(7, 1)
    context.destroy(linger=0)


def test_a_listener_that_fails_is_counted_and_called_again():
    calls = []

    def fail(peer, report):
        calls.append(report)
        raise RuntimeError("of the listener")

    with closing(ReportServer("tcp://127.0.0.1:*", fail)) as receiver:
        receiver.start()
        with closing(ReportClient(receiver.address, lambda report: None)) as transmitter:
            transmitter.start()
            transmitter.send(Bye(1, 1))
            transmitter.send(Bye(1, 2))
            until(lambda: len(calls) == 2)
        assert receiver.dropped == 2
        assert "of the listener" in receiver.last_drop


def test_with_keys_the_trusted_are_let_in(ends):
    ours, theirs = key_pair(), key_pair()
    _, _, heard, _ = ends(
        server_keys=ours, trusted=[theirs.public], keys=theirs, server=ours.public
    )
    assert heard.get(timeout=WAIT_S)[1] == Hello(7, "t")


def test_with_keys_strangers_are_not(ends):
    ours, theirs, others = key_pair(), key_pair(), key_pair()
    receiver, transmitter, heard, _ = ends(
        server_keys=ours, trusted=[theirs.public], keys=others, server=ours.public
    )
    until(lambda: receiver.dropped > 0)
    until(lambda: transmitter.dropped > 0)
    assert heard.empty()
    assert not transmitter.is_connected


def test_nothing_is_heard_of_a_peer_without_keys(ends):
    ours, theirs = key_pair(), key_pair()
    receiver, _, heard, _ = ends(server_keys=ours, trusted=[theirs.public])
    until(lambda: receiver.dropped > 0)
    assert heard.empty()


@pytest.mark.parametrize("address", ["tcp://*:5599", "tcp://0.0.0.0:*", "tcp://[::]:5599"])
def test_an_address_that_others_reach_needs_keys(address):
    with pytest.raises(UserError, match="needs keys"):
        ReportServer(address, lambda peer, report: None)


def test_what_is_no_address_is_one_line():
    with pytest.raises(UserError, match="nowhere"):
        ReportServer("nowhere", lambda peer, report: None)
    client = ReportClient("nowhere", lambda report: None)
    with pytest.raises(UserError, match="nowhere"):
        client.start()
    with pytest.raises(UserError, match="or neither"):
        ReportClient("tcp://127.0.0.1:1", lambda report: None, keys=key_pair())


def test_reports_that_nobody_takes_are_counted():
    with closing(ReportClient("tcp://127.0.0.1:1", lambda report: None)) as transmitter:
        sent = [transmitter.send(Bye(1, 1)) for _ in range(2000)]
        assert not sent[-1]
        assert transmitter.undelivered == sent.count(False) > 0
