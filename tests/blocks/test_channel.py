"""channel: GNU Radio's channel models in the project's convention of SNR."""

import time

import numpy as np
import pmt
import pytest

from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import CONFIG, Collect, burst_stream, run


def through_channel(samples, **kwargs):
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    source = blocks.vector_source_c(np.asarray(samples).tolist())
    flowgraph.connect(source, gensc.channel(**kwargs), sink)
    run(flowgraph)
    return np.array(sink.data(), dtype=np.complex64)


@pytest.mark.parametrize("snr_db", [-3, 0, 7, 20])
def test_noise_has_total_variance_10_to_the_minus_snr_over_10(snr_db):
    noise = through_channel(np.zeros(400_000), snr_db=snr_db)
    wanted = 10 ** (-snr_db / 10)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(wanted, rel=0.02)
    assert np.var(noise.real) == pytest.approx(wanted / 2, rel=0.03)
    assert np.var(noise.imag) == pytest.approx(wanted / 2, rel=0.03)


def received_snr_db(samples, symbols, **kwargs):
    """Es/N0 of the payload symbols against what was sent, and what the receiver says of it."""
    flowgraph, sink = gr.top_block(), Collect("section")
    receiver, assembler = gensc.burst_rx(CONFIG), gensc.assembler(CONFIG)
    tail = np.zeros(4096, np.complex64)
    source = blocks.vector_source_c(np.append(samples, tail).tolist())
    flowgraph.connect(source, gensc.channel(**kwargs), receiver)
    flowgraph.msg_connect(receiver, "fragment", assembler, "fragment")
    flowgraph.msg_connect(assembler, "section", sink, "section")
    run(flowgraph)
    errors, powers, measured, offsets = 0.0, 0.0, [], []
    for pdu in sink.messages:
        metadata, got = read_pdu(pdu, np.complex64)
        errors += np.sum(np.abs(got - symbols[metadata.image_id]) ** 2)
        powers += np.sum(np.abs(symbols[metadata.image_id]) ** 2)
        measured.append(metadata.snr_db)
        offsets.append(metadata.cfo_hz)
    assert len(sink.messages) == len(symbols)
    return 10 * np.log10(powers / errors), np.mean(measured), np.mean(offsets)


@pytest.mark.parametrize("snr_db", [5, 10, 20])
def test_the_snr_asked_for_is_the_es_n0_of_every_payload_symbol(snr_db):
    samples, symbols = burst_stream(n_sections=4)
    true, measured, offset = received_snr_db(samples, symbols, snr_db=snr_db, cfo_hz=2000)
    # The receiver's own estimates cost a few tenths of a dB; it must not gain any.
    assert snr_db - 0.6 < true < snr_db + 0.15
    assert measured == pytest.approx(snr_db, abs=0.4)
    assert offset == pytest.approx(2000, abs=20)


def test_a_sampling_offset_bends_no_carrier():
    samples, symbols = burst_stream(n_sections=2)
    true, *_ = received_snr_db(samples, symbols, snr_db=25, sample_offset_ppm=10)
    assert true > 23.5


def test_a_faster_receiver_clock_gives_more_samples():
    n = 1_000_000
    assert len(through_channel(np.zeros(n), sample_offset_ppm=1000)) == pytest.approx(
        n * 1.001, abs=100
    )


def test_taps_are_the_impulse_response():
    impulse = np.zeros(200, np.complex64)
    impulse[100] = 1
    out = through_channel(impulse, snr_db=np.inf, taps=[0.8, 0, 0.6j])
    at = int(np.argmax(np.abs(out)))
    np.testing.assert_allclose(out[at : at + 4], [0.8, 0, 0.6j, 0], atol=1e-6)


@pytest.mark.parametrize("taps", [[1.0], [0.8, 0, 0, 0.6]])
def test_fading_keeps_the_mean_power(taps):
    signs = np.sign(np.random.default_rng(1).standard_normal(600_000))
    out = through_channel(signs, snr_db=np.inf, fading_hz=2000, taps=taps)
    assert np.mean(np.abs(out) ** 2) == pytest.approx(1, abs=0.15)
    blocks_of = np.abs(out[: 600_000 // 100 * 100 - 100].reshape(-1, 100)).mean(axis=1)
    assert blocks_of.min() < 0.3 < 1.5 < blocks_of.max()


def test_a_steady_path_keeps_the_mean_power_and_makes_fades_shallow():
    ones = np.ones(600_000)
    rayleigh = through_channel(ones, snr_db=np.inf, fading_hz=2000)
    rice = through_channel(ones, snr_db=np.inf, fading_hz=2000, rice_k=10)
    assert np.mean(np.abs(rice) ** 2) == pytest.approx(1, abs=0.15)
    # Power of Rician fading varies by sqrt(1 + 2 K) / (1 + K) of its mean.
    assert np.std(np.abs(rice) ** 2) == pytest.approx(np.sqrt(21) / 11, rel=0.3)
    assert np.abs(rice).min() > 0.2 > np.abs(rayleigh).min()


def test_the_same_seed_gives_the_same_channel():
    one = through_channel(np.zeros(5000), seed=5)
    np.testing.assert_array_equal(one, through_channel(np.zeros(5000), seed=5))
    assert not np.array_equal(one, through_channel(np.zeros(5000), seed=6))


def test_tags_do_not_pass():
    tag = gr.tag_t()
    tag.key = tag.value = pmt.intern("secret")
    tag.offset = 10
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    source = blocks.vector_source_c([0j] * 5000, False, 1, [tag])
    flowgraph.connect(source, gensc.channel(), sink)
    run(flowgraph)
    assert len(sink.data()) > 4900
    assert len(sink.tags()) == 0


def test_snr_and_offset_can_change_while_it_runs():
    channel = gensc.channel(snr_db=40)
    channel.set_snr_db(0)
    channel.set_cfo_hz(1000)
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(blocks.vector_source_c([0j] * 100_000), channel, sink)
    run(flowgraph)
    assert (channel.snr_db(), channel.cfo_hz()) == (0, 1000)
    assert np.mean(np.abs(sink.data()) ** 2) == pytest.approx(1, rel=0.05)


class Gated(gr.sync_block):
    """Gives so many zeros, and more when told."""

    def __init__(self):
        gr.sync_block.__init__(self, "gated", None, [np.complex64])
        self.left, self.ended = 0, False

    def work(self, input_items, output_items):
        if not self.left:
            time.sleep(0.001)
            return -1 if self.ended else 0
        n = min(self.left, len(output_items[0]))
        output_items[0][:n] = 0
        self.left -= n
        return n


def test_a_new_snr_holds_at_once_also_behind_a_pause():
    flowgraph, source, channel = gr.top_block(), Gated(), gensc.channel(snr_db=40)
    sink = blocks.vector_sink_c()
    flowgraph.connect(source, channel, sink)
    flowgraph.start()
    for snr_db, samples in ((40, 3000), (0, 5000)):
        channel.set_snr_db(snr_db)
        before = len(sink.data())
        source.left = samples
        while len(sink.data()) < before + samples - 100:  # the model's filters keep some
            time.sleep(0.01)
    source.ended = True
    flowgraph.wait()
    power = np.abs(np.array(sink.data())) ** 2
    assert power[:2800].mean() == pytest.approx(1e-4, rel=0.1)
    assert power[4200:].mean() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    "kwargs",
    [{"taps": []}, {"seed": 0}, {"sample_rate": 0}, {"fading_hz": -1}, {"rice_k": -1},
     {"rice_k": 3, "taps": [0.8, 0.6]}],
)  # fmt: skip
def test_numbers_that_describe_no_channel_are_refused(kwargs):
    with pytest.raises(gensc.GenscError, match="channel"):
        gensc.channel(**kwargs)


def test_setters_that_do_not_fit_the_channel_are_refused():
    with pytest.raises(gensc.GenscError, match="without fading"):
        gensc.channel().set_fading_hz(3)
    with pytest.raises(gensc.GenscError, match="fixed"):
        gensc.channel(fading_hz=3).set_taps([1])
