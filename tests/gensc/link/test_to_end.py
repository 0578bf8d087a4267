"""Flowgraphs to their end: one may stand still, whoever waits for it may not."""

import time

import numpy as np

from gensc.link.to_end import run_to_end
from gnuradio import blocks, gr


def flowgraph(*between):
    top = gr.top_block()
    top.connect(blocks.null_source(gr.sizeof_char), *between, blocks.null_sink(gr.sizeof_char))
    return top


def test_what_ends_by_itself_is_run_to_its_end():
    head = blocks.head(gr.sizeof_char, 1000)
    assert run_to_end(flowgraph(head), 60.0)
    assert head.nitems_written(0) == 1000


def test_what_stands_still_is_stopped_and_said():
    assert not run_to_end(flowgraph(), 0.2)


def test_it_is_over_when_it_has_been_stopped():
    sink = blocks.vector_sink_b()
    top = gr.top_block()
    top.connect(blocks.null_source(gr.sizeof_char), blocks.throttle(1, 1e4), sink)
    assert not run_to_end(top, 0.2)
    before = len(sink.data())
    time.sleep(0.2)
    assert np.all(np.array(sink.data()) == 0)
    assert len(sink.data()) == before
