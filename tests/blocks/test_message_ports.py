"""Message ports are guarded, bounded, and have an end that loses nothing."""

import time

import pmt
import pytest

from gnuradio import blocks, gr, pdu
from gnuradio.gensc import message_ports
from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.message_ports import FAILURES_IN_A_ROW, LARGE_LIMIT, message_block
from pdu_blocks import Collect, Feed, run


class Relay(message_block):
    """Passes numbers on, refuses others, holds one back until the end."""

    def __init__(self, delay_s=0.0):
        super().__init__("relay")
        self.delay_s, self.held, self.most = delay_s, None, 0
        self.setup_ports({"image": self._take}, ["image"])

    def _take(self, message):
        self.most = max(self.most, self.backlog("image"))
        value = pmt.to_long(message)
        time.sleep(self.delay_s)
        if self.held is not None:
            self.publish("image", pmt.from_long(self.held))
        self.held = value

    def end_of_stream(self):
        if self.held is not None:
            self.publish("image", pmt.from_long(self.held))


def numbers(sink):
    return [pmt.to_long(message) for message in sink.messages]


def test_a_message_that_cannot_be_used_is_counted_and_the_next_one_is_served():
    flowgraph = gr.top_block()
    feed = Feed("image", [pmt.from_long(1), pmt.intern("junk"), pmt.PMT_NIL, pmt.from_long(2)])
    relay, sink = Relay(), Collect("image")
    flowgraph.msg_connect(feed, "image", relay, "image")
    flowgraph.msg_connect(relay, "image", sink, "image")
    run(flowgraph)
    assert numbers(sink) == [1, 2]
    assert relay.dropped == 2


def test_a_drop_is_logged_in_one_line(capfd):
    flowgraph = gr.top_block()
    feed, relay = Feed("image", [pmt.intern("junk")]), Relay()
    flowgraph.msg_connect(feed, "image", relay, "image")
    run(flowgraph)
    time.sleep(0.2)  # GNU Radio logs from a thread of its own
    out, err = capfd.readouterr()
    lines = [line for line in (out + err).splitlines() if "dropped" in line]
    assert len(lines) == 1
    assert "gensc.relay" in lines[0]
    assert "Traceback" not in out + err


def test_a_flood_of_junk_does_not_flood_the_log(capfd):
    relay = Relay()
    flowgraph = gr.top_block()
    feed = Feed("image", [pmt.intern("junk")] * 250)
    flowgraph.msg_connect(feed, "image", relay, "image")
    run(flowgraph)
    time.sleep(0.2)
    out, err = capfd.readouterr()
    assert relay.dropped == 250
    assert (out + err).count("dropped") == 11


@pytest.mark.parametrize("attempt", range(20))
def test_what_a_chain_holds_comes_out_at_the_end(attempt):
    flowgraph = gr.top_block()
    chain = [Feed("image", [pmt.from_long(i) for i in range(30)]), Relay(), Relay(), Relay()]
    sink = Collect("image")
    for one, other in zip(chain, [*chain[1:], sink], strict=True):
        flowgraph.msg_connect(one, "image", other, "image")
    run(flowgraph)
    assert numbers(sink) == list(range(30))


def test_a_block_ends_with_the_last_of_its_neighbours():
    flowgraph = gr.top_block()
    quick, slow = Feed("image", [pmt.from_long(1)]), Feed("image", [pmt.from_long(2)] * 5)
    relay, sink = Relay(delay_s=0.02), Collect("image")
    flowgraph.msg_connect(quick, "image", sink, "image")
    flowgraph.msg_connect(slow, "image", relay, "image")
    flowgraph.msg_connect(relay, "image", sink, "image")
    run(flowgraph)
    assert sorted(numbers(sink)) == [1] + [2] * 5


def test_a_slow_block_makes_its_source_wait():
    flowgraph = gr.top_block()
    feed = Feed("image", [pmt.from_long(i) for i in range(40)])
    relay, sink = Relay(delay_s=0.002), Collect("image")
    flowgraph.msg_connect(feed, "image", relay, "image")
    flowgraph.msg_connect(relay, "image", sink, "image")
    run(flowgraph)
    assert len(sink.messages) == 40
    assert relay.most <= LARGE_LIMIT


def test_blocks_of_others_end_ours():
    flowgraph = gr.top_block()
    source = blocks.vector_source_b(list(range(64)), False, 1, [])
    to_pdu = pdu.tagged_stream_to_pdu(gr.types.byte_t, "length")
    tags = blocks.stream_to_tagged_stream(gr.sizeof_char, 1, 16, "length")
    sink = Collect("image")
    flowgraph.connect(source, tags, to_pdu)
    flowgraph.msg_connect(to_pdu, "pdus", sink, "image")
    run(flowgraph)
    assert len(sink.messages) == 4


def test_a_loop_through_a_control_port_ends():
    class Controlled(message_block):
        def __init__(self):
            super().__init__("controlled")
            self.told = 0
            self.setup_ports(
                {"image": lambda message: self.publish("image", message), "told": self._tell},
                ["image"],
                controls=["told"],
            )

        def _tell(self, _):
            self.told += 1

    flowgraph = gr.top_block()
    feed, controlled = Feed("image", [pmt.from_long(i) for i in range(200)]), Controlled()
    back = Relay()
    flowgraph.msg_connect(feed, "image", controlled, "image")
    flowgraph.msg_connect(controlled, "image", back, "image")
    flowgraph.msg_connect(back, "image", controlled, "told")
    run(flowgraph)
    assert controlled.told > 0


def test_a_flowgraph_can_be_stopped_while_messages_keep_arriving():
    flowgraph = gr.top_block()
    feed = Feed("image", [pmt.from_long(0)] * 1000)
    relay, sink = Relay(delay_s=0.05), Collect("image")
    flowgraph.msg_connect(feed, "image", relay, "image")
    flowgraph.msg_connect(relay, "image", sink, "image")
    flowgraph.start()
    time.sleep(0.2)
    begin = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    assert time.monotonic() - begin < 2


class Failing(message_block):
    """Sends numbers by itself; those of `bad` raise `error` instead."""

    def __init__(self, count, bad, error):
        super().__init__("failing")
        self.count, self.bad, self.error, self.done = count, bad, error, 0
        self.setup_ports({"next": self.driven("next", self._next)}, ["image"])

    def start(self):
        self.drive("next")
        return super().start()

    def _next(self):
        if self.done == self.count:
            self.finish()
            return False
        self.done += 1
        if self.done in self.bad:
            raise self.error
        self.publish("image", pmt.from_long(self.done))
        return True

    def end_of_stream(self):
        self.publish("image", pmt.from_long(-1))


def driven(monkeypatch, *told):
    monkeypatch.setattr(message_ports, "_AFTER_FAILURE_S", 0.0)
    flowgraph, block, sink = gr.top_block(), Failing(*told), Collect("image")
    flowgraph.msg_connect(block, "image", sink, "image")
    run(flowgraph)
    return block, numbers(sink)


def test_what_nobody_has_foreseen_is_counted_apart():
    flowgraph = gr.top_block()
    feed = Feed("image", [pmt.intern("junk"), pmt.from_long(1)])
    relay = Relay()
    flowgraph.msg_connect(feed, "image", relay, "image")
    run(flowgraph)
    assert (relay.dropped, relay.unforeseen) == (1, 1)


@pytest.mark.parametrize("error", [GenscError("damaged"), RuntimeError("a surprise")])
def test_a_block_that_drives_itself_goes_on_after_a_step_that_fails(monkeypatch, error):
    block, given = driven(monkeypatch, 5, {2, 3}, error)
    assert given == [1, 4, 5]
    assert block.dropped == 2
    assert block.unforeseen == 2 * isinstance(error, RuntimeError)


def test_a_block_whose_steps_fail_every_time_ends_and_so_does_what_follows_it(monkeypatch, capfd):
    always = range(3, 10**9)
    block, given = driven(monkeypatch, -1, always, RuntimeError("a surprise"))
    assert given == [1, 2, -1], "what it held is given out"
    assert block.unforeseen == FAILURES_IN_A_ROW
    assert f"{FAILURES_IN_A_ROW} failures in a row: the stream ends here" in "".join(
        capfd.readouterr()
    )


def test_hundreds_of_bad_files_in_a_row_are_no_reason_to_end(monkeypatch):
    bad = range(1, 3 * FAILURES_IN_A_ROW)
    block, given = driven(monkeypatch, 3 * FAILURES_IN_A_ROW, bad, GenscError("damaged"))
    assert given == [3 * FAILURES_IN_A_ROW]
    assert block.dropped == len(bad)
