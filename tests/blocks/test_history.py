"""history: numbers of one name, as a vector for a plot."""

import numpy as np
import pmt
import pytest

from gensc_phy.adaptation.rate_table import Choice
from gnuradio import gensc, gr
from gnuradio.gensc import choice_message
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import Collect, Feed, junk, run, through
from rate_tables import table


def vectors(block, messages):
    got = through(block, messages, "value", "history")
    return [read_pdu(pdu, np.float32)[1].tolist() for pdu in got]


def test_the_last_numbers_come_out_oldest_first():
    pairs = [choice_message.pair("snr_db", float(n)) for n in range(5)]
    assert vectors(gensc.history("snr_db", 3), pairs) == [
        [0], [0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]
    ]  # fmt: skip


def test_numbers_are_found_in_the_dicts_of_a_choice():
    rows: tuple[Choice, ...] = table().choices[:3]
    messages = [choice_message.to_pmt(row) for row in rows]
    assert vectors(gensc.history("point"), messages)[-1] == [row.point for row in rows]
    assert vectors(gensc.history("gvif"), messages)[-1] == pytest.approx([row.gvif for row in rows])


def test_other_names_pass_by_and_what_is_no_number_is_counted():
    block = gensc.history("snr_db")
    messages = [
        choice_message.pair("mcs", 3),
        choice_message.plain_dict(alpha=0.5),
        pmt.cons(pmt.intern("snr_db"), pmt.intern("high")),
        choice_message.pair("snr_db", float("nan")),
        pmt.from_long(7),
    ]
    assert vectors(block, messages) == []
    assert block.dropped == 3
    assert vectors(gensc.history("snr_db"), junk()) == []


def test_it_begins_anew_when_it_is_started_again():
    block, flowgraph, got = gensc.history("snr_db"), gr.top_block(), Collect("history")
    feed = Feed("value", [choice_message.pair("snr_db", 1.0)])
    flowgraph.msg_connect(feed, "value", block, "value")
    flowgraph.msg_connect(block, "history", got, "history")
    for _ in range(2):
        run(flowgraph)
    assert [read_pdu(pdu, np.float32)[1].tolist() for pdu in got.messages] == [[1.0], [1.0]]


def test_a_plot_of_one_point_is_refused():
    with pytest.raises(gensc.GenscError, match="length 1"):
        gensc.history("snr_db", 1)
