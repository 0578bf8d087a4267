"""burst_tx: fragments become bursts of samples."""

import time

import numpy as np
import pmt
import pytest

from gensc_phy import BurstModulator
from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import CONFIG, Feed, Stalled, analog_section, fragment_pdus, junk, run


@pytest.fixture(scope="module")
def fragments():
    return fragment_pdus(analog_section(image_id=4, n=9000)[0])


def expected(fragments):
    """The modulator's own samples."""
    modulator, samples = BurstModulator(CONFIG), []
    for pdu in fragments:
        metadata, symbols = read_pdu(pdu, np.complex64)
        samples += [modulator.modulate(metadata.header(), symbols),
                    np.zeros(CONFIG.gap, np.complex64)]  # fmt: skip
    return np.concatenate(samples)


def samples_of(transmitter, messages, head=None):
    flowgraph, feed, sink = gr.top_block(), Feed("fragment", messages), blocks.vector_sink_c()
    flowgraph.msg_connect(feed, "fragment", transmitter, "fragment")
    if head:
        flowgraph.connect(transmitter, blocks.head(gr.sizeof_gr_complex, head), sink)
    else:
        flowgraph.connect(transmitter, sink)
    run(flowgraph)
    return np.array(sink.data(), dtype=np.complex64)


def test_bursts_follow_each_other_with_gaps(fragments):
    sent = samples_of(gensc.burst_tx(CONFIG, tail=0), fragments)
    np.testing.assert_allclose(sent, expected(fragments), atol=1e-6)


def test_when_the_queue_has_emptied_a_tail_follows_once(fragments):
    sent = samples_of(gensc.burst_tx(CONFIG, tail=1000), fragments[:1])
    burst = expected(fragments[:1])
    assert sent.size == burst.size + 1000
    assert np.all(sent[burst.size :] == 0)


def test_payload_samples_have_unit_mean_power(fragments):
    sent = samples_of(gensc.burst_tx(CONFIG, tail=0), fragments)
    on_air = sent[np.abs(sent) > 0]
    assert np.mean(np.abs(on_air) ** 2) == pytest.approx(1, abs=0.25)


def test_the_amplitude_scales_every_sample(fragments):
    sent = samples_of(gensc.burst_tx(CONFIG, tail=0, amplitude=0.25), fragments)
    np.testing.assert_allclose(sent, 0.25 * expected(fragments), atol=1e-6)


def test_hardware_is_fed_with_zeros(fragments):
    transmitter = gensc.burst_tx(CONFIG, idle="zeros")
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(transmitter, blocks.head(gr.sizeof_gr_complex, 200_000), sink)
    run(flowgraph)
    assert len(sink.data()) == 200_000
    assert not np.any(sink.data())


def test_with_nothing_to_send_a_simulation_stands_still():
    transmitter = gensc.burst_tx(CONFIG, idle="wait")
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(transmitter, sink)
    flowgraph.start()
    time.sleep(0.3)
    flowgraph.stop()
    flowgraph.wait()
    assert len(sink.data()) == 0


def test_junk_is_counted_and_the_next_burst_is_sent(fragments):
    transmitter = gensc.burst_tx(CONFIG, tail=0)
    sent = samples_of(transmitter, [*junk(), fragments[0]])
    assert transmitter.dropped == len(junk())
    assert sent.size == expected(fragments[:1]).size


def test_a_full_queue_drops_and_counts_what_other_blocks_send(fragments):
    transmitter = gensc.burst_tx(CONFIG, max_queue=3)
    flowgraph = gr.top_block()
    stalled = Stalled()
    flowgraph.connect(transmitter, stalled)
    flowgraph.start()
    for _ in range(400):
        transmitter._post(pmt.intern("fragment"), fragments[0])
    deadline = time.monotonic() + 5
    while transmitter.dropped < 300 and time.monotonic() < deadline:
        time.sleep(0.02)
    flowgraph.stop()
    flowgraph.wait()
    assert transmitter.dropped >= 300


def test_gensc_blocks_wait_instead(fragments):
    transmitter, flowgraph = gensc.burst_tx(CONFIG), gr.top_block()
    feed, sink = Feed("fragment", fragments * 60), blocks.vector_sink_c()
    flowgraph.msg_connect(feed, "fragment", transmitter, "fragment")
    flowgraph.connect(transmitter, sink)
    run(flowgraph)
    assert transmitter.dropped == 0
    assert transmitter.bursts == 60 * len(fragments)


@pytest.mark.parametrize("kwargs", [{"idle": "sometimes"}, {"tail": -1}, {"max_queue": 0}])
def test_parameters_that_make_no_sense_are_refused(kwargs):
    with pytest.raises(gensc.GenscError):
        gensc.burst_tx(CONFIG, **kwargs)
