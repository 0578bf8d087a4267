"""Message ports are guarded, bounded, and have an end that loses nothing."""

import time

import pmt
import pytest

from gnuradio import blocks, gr, pdu
from gnuradio.gensc.message_ports import LARGE_LIMIT, message_block
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
