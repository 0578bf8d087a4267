"""assembler: fragments become sections again, complete or not."""

import time
from dataclasses import replace

import numpy as np
import pmt
import pytest

from gnuradio import gensc, gr
from gnuradio.gensc.metadata import make_pdu, read_pdu
from pdu_blocks import CONFIG, Collect, analog_section, fragment_pdus, junk, through


def as_received(pdu, snr_db=12.0, noise_var=0.06):
    """A fragment as burst_rx sends it."""
    metadata, symbols = read_pdu(pdu, np.complex64)
    variances = np.full(symbols.size, noise_var, np.float32)
    metadata = replace(metadata, snr_db=snr_db, cfo_hz=50.0, noise_var=variances, crc_ok=True)
    return make_pdu(metadata, symbols)


@pytest.fixture(scope="module")
def sent():
    section, symbols = analog_section(image_id=4, n=12000)
    return [as_received(pdu) for pdu in fragment_pdus(section)], symbols


def test_all_fragments_in_any_order_make_the_section(sent):
    fragments, symbols = sent
    (section,) = through(gensc.assembler(CONFIG), fragments[::-1], "fragment", "section")
    metadata, got = read_pdu(section, np.complex64)
    np.testing.assert_array_equal(got, symbols)
    assert (metadata.image_id, metadata.total, metadata.weights) == (4, 12000, 1)
    assert metadata.fragments_received == metadata.fragments == len(fragments)
    assert metadata.snr_db == pytest.approx(12)
    assert metadata.cfo_hz == pytest.approx(50)
    assert np.all(metadata.noise_var == np.float32(0.06))


def test_at_the_end_the_incomplete_section_comes_out_with_its_losses_marked(sent):
    fragments, symbols = sent
    (section,) = through(gensc.assembler(CONFIG), fragments[1:], "fragment", "section")
    metadata, got = read_pdu(section, np.complex64)
    lost = np.isinf(metadata.noise_var)
    assert metadata.fragments_received == len(fragments) - 1
    assert lost.mean() == pytest.approx(1 / len(fragments), abs=0.01)
    assert np.all(got[lost] == 0)
    np.testing.assert_array_equal(got[~lost], symbols[~lost])


def live(assembler, fragment):
    """Send one fragment to an assembler whose stream goes on."""
    flowgraph, sink = gr.top_block(), Collect("section")
    flowgraph.msg_connect(assembler, "section", sink, "section")
    flowgraph.start()
    assembler._post(pmt.intern("fragment"), fragment)
    return flowgraph, sink


def wait_for(sink, count, timeout_s=5.0):
    deadline = time.monotonic() + timeout_s
    while len(sink.messages) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return len(sink.messages)


def test_in_live_use_an_incomplete_section_expires(sent):
    flowgraph, sink = live(gensc.assembler(CONFIG, expiry_s=0.2), sent[0][0])
    time.sleep(0.1)
    early = len(sink.messages)
    late = wait_for(sink, 1)
    flowgraph.stop()
    flowgraph.wait()
    assert (early, late) == (0, 1)


def test_a_message_on_flush_gives_out_what_waits(sent):
    assembler = gensc.assembler(CONFIG)
    flowgraph, sink = live(assembler, sent[0][0])
    assembler._post(pmt.intern("flush"), pmt.PMT_T)
    count = wait_for(sink, 1)
    flowgraph.stop()
    flowgraph.wait()
    assert count == 1


def test_a_header_that_asks_for_too_much_memory_is_refused(sent):
    assembler = gensc.assembler(CONFIG, max_symbols=5000)
    assert through(assembler, sent[0], "fragment", "section") == []
    assert assembler.dropped == len(sent[0])


def test_junk_is_counted_and_costs_nothing_else(sent):
    fragments, _ = sent
    assembler = gensc.assembler(CONFIG)
    messages = [fragments[0], *junk(), *fragments[1:]]
    assert len(through(assembler, messages, "fragment", "section")) == 1
    assert assembler.dropped == len(junk())


def test_symbols_of_no_use_are_counted_in_the_metadata_of_their_section():
    from gnuradio.gensc.assembler import erased_of

    variances = np.array([0.1, np.inf, 0.2, np.nan], np.float32)
    assert erased_of(variances) == 2
    assert erased_of(np.zeros(0, np.float32)) == 0
