"""Losses of samples that a radio's driver tells of by the times in its tags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pmt
import pytest

from gensc_phy.channel.impairments import complex_noise
from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import read_pdu
from gnuradio.gensc.rx_time import TimeTags
from pdu_blocks import CONFIG, Collect, burst_stream, run

RATE = CONFIG.sample_rate


def tag(offset: int, seconds: float, key: str = "rx_time") -> Any:
    """A tag as UHD's source makes it, on a clock that shows 2^33 s at sample 0."""
    made = gr.tag_t()
    made.offset, made.key = offset, pmt.intern(key)
    whole = int(seconds)
    made.value = pmt.make_tuple(
        pmt.from_uint64((1 << 33) + whole), pmt.from_double(seconds - whole)
    )
    return made


def test_between_tags_as_many_samples_must_have_come_as_the_time_says() -> None:
    times = TimeTags(RATE)
    assert times.gaps([tag(0, 0.0)]) == []
    assert times.gaps([]) == []
    assert times.gaps([tag(5000, 5000 / RATE), tag(9000, 9250 / RATE)]) == [9000]
    assert times.lost == 250
    assert times.gaps([tag(12_000, 12_251 / RATE)]) == [], "a sample is the clock's rounding"
    assert times.gaps([tag(13_000, 3_000_000.5)]) == [13_000]
    assert times.lost == 250 + round(3_000_000.5 * RATE) - 12_251 - 1000


def test_a_clock_that_was_set_back_begins_anew() -> None:
    times = TimeTags(RATE)
    assert times.gaps([tag(0, 100.0), tag(1000, 0.0), tag(2000, 1000 / RATE)]) == []
    assert times.lost == 0


@pytest.mark.parametrize(
    "value",
    [
        pmt.PMT_NIL,
        pmt.from_double(1.0),
        pmt.make_tuple(pmt.from_uint64(1)),
        pmt.make_tuple(pmt.intern("x"), pmt.from_double(0.0)),
        pmt.make_tuple(pmt.from_uint64(1), pmt.from_double(float("nan"))),
        pmt.make_tuple(pmt.from_uint64(1), pmt.intern("x")),
    ],
)
def test_what_is_no_time_is_ignored(value: Any) -> None:
    times, odd = TimeTags(RATE), tag(500, 0.0)
    odd.value = value
    assert times.gaps([tag(0, 0.0), odd, tag(1000, 1000 / RATE)]) == []


def test_the_receiver_cuts_a_burst_where_the_tags_say() -> None:
    sent, _ = burst_stream(n_sections=1)
    sent = sent + complex_noise(sent.size, 0.01, np.random.default_rng(0))
    at, lost = 6000, 37
    samples = np.delete(sent, slice(at, at + lost))
    tags = [tag(0, 0.25), tag(at, 0.25 + (at + lost) / RATE)]
    flowgraph, fragments = gr.top_block(), Collect("fragment")
    receiver = gensc.burst_rx(CONFIG)
    source = blocks.vector_source_c(samples.tolist(), False, 1, tags)
    flowgraph.connect(source, receiver)
    flowgraph.msg_connect(receiver, "fragment", fragments, "fragment")
    run(flowgraph)
    assert (receiver.stats.gaps, receiver.stats.slips) == (1, 1)
    metadata, _ = read_pdu(fragments.messages[0], np.complex64)
    known = np.isfinite(metadata.noise_var)
    begins = CONFIG.preamble_len + CONFIG.overhead_symbols * CONFIG.symbol_len
    whole = (at - metadata.sample - begins) // CONFIG.symbol_len
    assert abs(known.sum() / CONFIG.n_data - whole) <= 1
