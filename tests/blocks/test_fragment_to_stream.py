"""fragment_to_stream: payload symbols for a constellation display."""

import time

import numpy as np
import pmt

from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import make_pdu
from pdu_blocks import Feed, Stalled, junk, run
from waveform import payload


def test_symbols_come_in_order_and_the_stream_ends():
    parts = [payload(n, seed=n) for n in (1, 700, 3840)]
    pdus = [make_pdu(gensc.Metadata(), part) for part in parts]
    block, sink, flowgraph = gensc.fragment_to_stream(), blocks.vector_sink_c(), gr.top_block()
    feed = Feed("fragment", [pdus[0], *junk()[:4], *pdus[1:]])
    flowgraph.msg_connect(feed, "fragment", block, "fragment")
    flowgraph.connect(block, sink)
    run(flowgraph)
    np.testing.assert_array_equal(np.array(sink.data(), np.complex64), np.concatenate(parts))
    assert block.dropped == 4


def test_a_display_that_is_slow_holds_nobody_up():
    block, flowgraph = gensc.fragment_to_stream(max_symbols=5000), gr.top_block()
    stalled = Stalled()
    flowgraph.connect(block, stalled)
    flowgraph.start()
    pdu = make_pdu(gensc.Metadata(), payload(1000))
    for _ in range(200):
        block._post(pmt.intern("fragment"), pdu)
    deadline = time.monotonic() + 5
    while block.skipped < 100_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    flowgraph.stop()
    flowgraph.wait()
    assert block.skipped >= 100_000
