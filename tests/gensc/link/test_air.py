"""The part of the link's flowgraph that every payload shares, and how Ctrl-C ends it."""

import pytest

from gensc.link.air import Air, Conditions
from gensc.link.blocks import PduSource
from gensc.system import codecs
from gensc_phy.waveform.config import WaveformConfig


@pytest.fixture
def air():
    return Air(codecs.gnuradio_blocks(), WaveformConfig(), Conditions("awgn", 10.0, 1))


def test_without_a_section_a_run_ends_and_nothing_was_on_the_air(air):
    nothing = PduSource([])
    air.connect(nothing, "out", air.fragmenter, "section")
    air.run()
    assert air.symbols().payload == air.symbols().overhead == 0
    assert air.counters()["bursts_sent"] == 0


def test_ctrl_c_ends_a_flowgraph_that_would_run_on_and_one_thread_waits_for_it(air, monkeypatch):
    waited, start, wait = [], air.top.start, air.top.wait

    def started_and_interrupted():
        start()
        raise KeyboardInterrupt

    monkeypatch.setattr(air.top, "start", started_and_interrupted)
    monkeypatch.setattr(air.top, "wait", lambda: waited.append(wait()))
    with pytest.raises(KeyboardInterrupt):
        air.run()
    assert waited == [None]
