"""A source that ends by itself is opened again after a pause, and its sums go on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gensc.receiver import source as module
from gensc.receiver.config import ReceiverConfig, SourceConfig
from gensc.receiver.source import ENDED, RUNNING, WAITING, Source
from gensc.receiver.taps import Taps
from gensc.system.errors import UserError


class FakeChain:
    """A flowgraph that ends when it is told to."""

    opened = 0
    fails = False

    def __init__(self, *told):
        if FakeChain.fails:
            raise UserError("gone")
        FakeChain.opened += 1
        self.ended = self.closed = False

    def start(self):
        pass

    def close(self):
        self.closed = self.ended = True

    def wait(self, timeout_s):
        return self.ended

    def counters(self):
        return {"bursts": 3}

    def backlog(self):
        return 0


@pytest.fixture
def clock(monkeypatch):
    told = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "Chain", FakeChain)
    monkeypatch.setattr(module.time, "monotonic", lambda: told.now)
    FakeChain.opened, FakeChain.fails = 0, False
    return told


def source_of(radio, said):
    taps = Taps(image=print, text=print, keep=print)
    return Source(SourceConfig("air", radio), ReceiverConfig(), taps, said.append)


def test_a_live_source_is_opened_again_after_its_pause(clock):
    said = []
    source = source_of("pluto:ip:x", said)
    source.start()
    assert source.state() == RUNNING
    source.chain.ended = True
    assert source.state() == WAITING
    source.tick()
    assert FakeChain.opened == 1
    clock.now += 0.6
    source.tick()
    assert (FakeChain.opened, source.restarts, source.state()) == (2, 1, RUNNING)
    assert source.counters() == {"bursts": 6}
    assert "pluto:ip:x has ended" in said[0]


def test_one_that_cannot_be_opened_is_tried_again_later_and_later(clock):
    said = []
    source = source_of("pluto:ip:x", said)
    source.chain.ended, FakeChain.fails = True, True
    for _ in range(400):
        source.tick()
        clock.now += 0.1
    tries = [line for line in said if "gone" in line]
    assert 3 <= len(tries) <= 7
    assert "tried again in 10 s" in tries[-1]
    FakeChain.fails = False
    clock.now += 10
    source.tick()
    assert source.state() == RUNNING


def test_a_recording_that_has_ended_is_over(clock):
    source = source_of("file:x.cfile", [])
    source.chain.ended = True
    clock.now += 100
    source.tick()
    assert (source.state(), FakeChain.opened) == (ENDED, 1)


def test_a_source_that_was_closed_stays_closed(clock):
    source = source_of("zmq:tcp://127.0.0.1:1", [])
    source.close()
    clock.now += 100
    source.tick()
    assert (source.state(), FakeChain.opened) == (ENDED, 1)
    assert source.wait(0.1)
