"""burst_rx: samples become fragments, and the end of the stream loses none."""

import time

import numpy as np
import pmt
import pytest

from gensc_phy.channel.impairments import complex_noise
from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import CONFIG, Collect, burst_stream, run


@pytest.fixture(scope="module")
def sent():
    return burst_stream(n_sections=2)


def receive(samples, *, port="fragment", receiver=None):
    flowgraph, sink = gr.top_block(), Collect(port)
    receiver = receiver or gensc.burst_rx(CONFIG)
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), receiver)
    flowgraph.msg_connect(receiver, port, sink, port)
    run(flowgraph)
    return sink.messages


def sections(samples):
    """What an assembler behind the receiver makes of them."""
    flowgraph, sink = gr.top_block(), Collect("section")
    receiver, assembler = gensc.burst_rx(CONFIG), gensc.assembler(CONFIG)
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), receiver)
    flowgraph.msg_connect(receiver, "fragment", assembler, "fragment")
    flowgraph.msg_connect(assembler, "section", sink, "section")
    run(flowgraph)
    return [read_pdu(pdu, np.complex64) for pdu in sink.messages]


def noisy(samples, snr_db, seed=1):
    return samples + complex_noise(samples.size, 10 ** (-snr_db / 10), np.random.default_rng(seed))


def test_without_noise_every_symbol_comes_back(sent):
    samples, symbols = sent
    received = sections(samples)
    assert [metadata.image_id for metadata, _ in received] == [0, 1]
    for (metadata, got), wanted in zip(received, symbols, strict=True):
        assert metadata.fragments_received == metadata.fragments
        assert metadata.header_symbols == CONFIG.header_symbols
        assert np.mean(np.abs(got - wanted) ** 2) < 1e-4


def test_a_fragment_says_what_was_measured(sent):
    samples, _ = sent
    offset = np.exp(2j * np.pi * 1500 / CONFIG.sample_rate * np.arange(samples.size))
    delayed = np.concatenate([np.zeros(1234), samples * offset]).astype(np.complex64)
    metadata, symbols = read_pdu(receive(noisy(delayed, 15))[0], np.complex64)
    assert metadata.snr_db == pytest.approx(15, abs=1)
    assert metadata.cfo_hz == pytest.approx(1500, abs=30)
    assert metadata.sample == pytest.approx(1234, abs=3)
    assert metadata.crc_ok is True
    assert metadata.noise_var.size == symbols.size
    assert np.mean(metadata.noise_var) == pytest.approx(10**-1.5, rel=0.3)
    assert (metadata.section, metadata.fragment, metadata.shape) == ("analog", 0, (256, 256, 3))


def test_a_burst_that_ends_with_the_stream_is_received(sent):
    samples, _ = sent
    last = samples[: samples.size - CONFIG.gap]
    metadata = [metadata for metadata, _ in sections(last)]
    assert [m.fragments_received for m in metadata] == [m.fragments for m in metadata]


def test_a_stream_cut_within_a_burst_gives_what_was_whole(sent):
    samples, _ = sent
    received = sections(samples[: samples.size - 3000])
    assert len(received) == 2
    metadata, _ = received[-1]
    lost = np.isinf(metadata.noise_var).mean()
    assert 0.1 < lost < 0.5


def test_noise_is_no_burst():
    assert receive(complex_noise(400_000, 1.0, np.random.default_rng(3))) == []


def test_samples_that_are_no_numbers_do_not_stop_it(sent):
    samples, _ = sent
    bad = samples.copy()
    bad[100:120] = np.nan
    bad[-5:] = np.inf
    receiver = gensc.burst_rx(CONFIG)
    assert len(receive(bad, receiver=receiver)) >= 5
    assert receiver.stats.not_finite == 25


def test_counters_come_as_messages(sent):
    samples, _ = sent
    last = pmt.to_python(receive(samples, port="stats")[-1])
    assert last["samples"] == samples.size
    assert last["headers_ok"] == last["detected"] == 6
    assert last["headers_bad"] == 0


def test_a_live_stream_can_be_ended(sent):
    """A source that never ends: `end` brings out what the blocks behind the receiver hold."""
    samples, _ = sent
    flowgraph, sink = gr.top_block(), Collect("section")
    receiver, assembler = gensc.burst_rx(CONFIG), gensc.assembler(CONFIG)
    first_burst = samples[: samples.size // 5]
    source = blocks.vector_source_c(np.append(first_burst, np.zeros(8192)).tolist())
    never = blocks.copy(gr.sizeof_gr_complex)
    held = gensc.burst_tx(CONFIG, idle="wait")  # gives nothing, and does not end
    joined = blocks.stream_mux(gr.sizeof_gr_complex, [first_burst.size + 8192, 1])
    flowgraph.connect(source, (joined, 0))
    flowgraph.connect(held, (joined, 1))
    flowgraph.connect(joined, never, receiver)
    flowgraph.msg_connect(receiver, "fragment", assembler, "fragment")
    flowgraph.msg_connect(assembler, "section", sink, "section")
    flowgraph.start()
    heard = gensc.end_when_idle(never, receiver, sink, idle_s=0.3, first_s=5, patience_s=5)
    flowgraph.stop()
    flowgraph.wait()
    assert heard
    assert len(sink.messages) == 1


def test_silence_is_told_from_a_stream(capsys):
    flowgraph, receiver = gr.top_block(), gensc.burst_rx(CONFIG)
    held = gensc.burst_tx(CONFIG, idle="wait")
    flowgraph.connect(held, receiver)
    flowgraph.start()
    begin = time.monotonic()
    assert not gensc.wait_until_idle(held, idle_s=5, first_s=0.2, where="tcp://x")
    assert capsys.readouterr().err.splitlines() == [
        "gensc: waiting for a peer that sends to tcp://x, for 0.2 s at most",
        "gensc: ended: nobody has sent anything (0 samples came from tcp://x)",
    ]
    assert time.monotonic() - begin < 2
    flowgraph.stop()
    flowgraph.wait()


def test_a_fault_of_the_receiver_costs_the_samples_in_hand_and_not_the_flowgraph(monkeypatch):
    from gensc_phy.waveform.receiver import StreamReceiver

    hear, calls = StreamReceiver.push, []

    def once(self, samples):
        calls.append(len(samples))
        if len(calls) == 1:
            raise ValueError("a surprise")
        return hear(self, samples)

    monkeypatch.setattr(StreamReceiver, "push", once)
    flowgraph = gr.top_block()
    source = blocks.vector_source_c([0j] * 1_000_000)
    receiver = gensc.burst_rx(CONFIG)
    flowgraph.connect(source, receiver)
    flowgraph.run()
    assert len(calls) > 1
    assert (receiver.dropped, receiver.unforeseen) == (1, 1)
    assert receiver.stats.samples == 1_000_000
