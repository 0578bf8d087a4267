"""hostile_channel: the NumPy channel in a flowgraph."""

import numpy as np
import pmt
import pytest

from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.profiles import PROFILES, profile
from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import CONFIG, Collect, burst_stream, run

SAMPLES = complex_noise(150_000, 1.0, np.random.default_rng(0))


def through(block, samples=SAMPLES):
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), block, sink)
    run(flowgraph)
    return np.array(sink.data(), dtype=np.complex64)


@pytest.mark.parametrize("preset", PROFILES)
def test_a_preset_is_the_channel_of_that_name(preset):
    block = gensc.hostile_channel(preset, 3, 1e6, 15.0)
    wanted = HostileChannel(profile(preset, 1e6, 15.0), 3).process(SAMPLES)
    got = through(block)
    assert len(got) == len(wanted)
    # Where rounding decides, by one step of the converter.
    np.testing.assert_allclose(got, wanted, atol=0.01)


def test_more_and_fewer_samples_come_out_than_go_in():
    slow = gensc.hostile_channel(sampling_offset_ppm=-1000.0, snr_db=float("inf"))
    fast = gensc.hostile_channel(sampling_offset_ppm=1000.0, snr_db=float("inf"))
    assert len(through(slow)) == pytest.approx(len(SAMPLES) * 0.999, abs=30)
    assert len(through(fast)) == pytest.approx(len(SAMPLES) * 1.001, abs=30)
    dropping = gensc.hostile_channel(drop_interval_s=5e-3, snr_db=float("inf"))
    got = through(dropping)
    assert dropping.drops > 5
    assert len(got) + dropping.dropped == len(SAMPLES)


def test_the_block_of_a_config_is_that_config():
    config = profile("vehicle", 2e6)
    np.testing.assert_allclose(
        through(gensc.hostile_channel.of(config, 5)),
        HostileChannel(config, 5).process(SAMPLES),
        atol=0.01,
    )


def test_what_can_be_changed_while_it_runs():
    block = gensc.hostile_channel(snr_db=5.0, cfo_hz=100.0)
    assert (block.snr_db(), block.cfo_hz()) == (5.0, 100.0)
    block.set_snr_db(float("inf"))
    block.set_cfo_hz(0.0)
    assert block.snr_db() == float("inf")
    got = through(block)
    np.testing.assert_allclose(np.abs(got), np.abs(SAMPLES), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"preset": "moon"}, "'moon'"), ({"doppler_hz": -1.0}, "doppler_hz"), ({"seed": -1}, "seed")],
)
def test_numbers_that_describe_no_channel_are_refused_in_one_line(arguments, told):
    with pytest.raises(gensc.GenscError, match=told) as error:
        gensc.hostile_channel(**arguments)
    assert "\n" not in str(error.value)


def test_bursts_cross_it_and_tags_do_not():
    samples, symbols = burst_stream(n_sections=3)
    flowgraph, sink, tags = gr.top_block(), Collect("section"), blocks.tag_debug(8, "left")
    tags.set_display(False)
    receiver, assembler = gensc.burst_rx(CONFIG), gensc.assembler(CONFIG)
    mark = gr.tag_t()
    mark.offset, mark.key, mark.value = 10, pmt.intern("tx"), pmt.PMT_T
    padded = np.append(samples, np.zeros(4096, np.complex64))
    source = blocks.vector_source_c(padded.tolist(), False, 1, [mark])
    channel = gensc.hostile_channel(
        profile="tdl-b", snr_db=25.0, cfo_hz=1000.0, delay_spread_s=1e-7, bits=12
    )
    flowgraph.connect(source, channel, receiver)
    flowgraph.connect(channel, tags)
    flowgraph.msg_connect(receiver, "fragment", assembler, "fragment")
    flowgraph.msg_connect(assembler, "section", sink, "section")
    run(flowgraph)
    got = {}
    for pdu in sink.messages:
        metadata, received = read_pdu(pdu, np.complex64)
        got[metadata.image_id] = received
    assert set(got) == set(range(len(symbols)))
    for number, received in got.items():
        assert np.mean(np.abs(received - symbols[number]) ** 2) < 0.5
    assert tags.num_tags() == 0
