"""mimo_tx, mimo_channel, mimo_rx: three users' sections through one flowgraph."""

import time

import numpy as np
import pmt
import pytest

from gensc_phy.channel.mimo import MimoChannel
from gensc_phy.mimo.burst import UserModulator
from gnuradio import blocks, gensc, gr
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import CONFIG, Collect, Feed, analog_section, fragment_pdus, junk, run

UPLINK = gensc.MimoConfig(CONFIG, users=3, antennas=3)
STEADY = [[1, 0.4j, -0.3], [0.2, 0.9, 0.5j], [-0.4j, 0.3, 1.1]]


def fragments(user, n=5000):
    pdu, symbols = analog_section(user, n, seed=user)
    return fragment_pdus(pdu), symbols


def transmit(per_user, config=UPLINK, **options):
    """Samples [users, n] of what mimo_tx makes of lists of fragments; None leaves a port open."""
    flowgraph = gr.top_block()
    transmitter = gensc.mimo_tx(config, **options)
    sinks = [blocks.vector_sink_c() for _ in range(config.users)]
    feeds = [Feed("fragment", pdus) if pdus is not None else None for pdus in per_user]
    for user, (feed, sink) in enumerate(zip(feeds, sinks, strict=True)):
        port = "fragment" if config.users == 1 else f"fragment{user}"
        if feed is not None:
            flowgraph.msg_connect(feed, "fragment", transmitter, port)
        flowgraph.connect((transmitter, user), sink)
    run(flowgraph)
    return transmitter, np.array([sink.data() for sink in sinks], dtype=np.complex64)


def test_frames_of_all_users_start_at_the_same_sample():
    per_user = [fragments(k) for k in range(3)]
    transmitter, samples = transmit([pdus for pdus, _ in per_user])
    assert transmitter.frames == 2
    assert samples.shape == (3, 2 * UPLINK.slot_len)
    for user, (pdus, _) in enumerate(per_user):
        for frame, pdu in enumerate(pdus):
            metadata, symbols = read_pdu(pdu, np.complex64)
            burst = UserModulator(UPLINK, user).modulate(metadata.header(), symbols)
            at = frame * UPLINK.slot_len
            assert np.array_equal(samples[user, at : at + burst.size], burst)


def test_a_frame_waits_for_a_fragment_that_lies_between_port_and_queue():
    # A message is taken off its port before it is handled, and the source may have ended by then.
    transmitter = gensc.mimo_tx(UPLINK)
    (first, *_), (second, *_) = (fragments(user)[0] for user in range(2))
    transmitter._add(0, first)
    transmitter._todo.append(("fragment1", second))
    assert not transmitter._ready()
    transmitter._step("step_b")
    assert transmitter._ready()


@pytest.mark.parametrize("nothing", [None, []])
def test_a_user_with_less_to_send_is_silent_and_holds_nobody_up(nothing):
    (two, _), (one, _) = fragments(0), fragments(1, 700)
    transmitter, samples = transmit([two, one, nothing])
    assert transmitter.frames == 2
    heard = np.abs(samples).reshape(3, 2, -1).max(axis=2) > 0
    assert heard.tolist() == [[True, True], [True, False], [False, False]]


def test_a_frame_waits_no_longer_than_it_is_told():
    flowgraph = gr.top_block()
    transmitter = gensc.mimo_tx(gensc.MimoConfig(CONFIG, users=2, antennas=2), patience_s=0.2)
    quiet = Feed("fragment", [])
    quiet.finish = lambda: None  # runs on, and never sends
    feed = Feed("fragment", fragments(0)[0])
    flowgraph.msg_connect(feed, "fragment", transmitter, "fragment0")
    flowgraph.msg_connect(quiet, "fragment", transmitter, "fragment1")
    ends = [blocks.null_sink(gr.sizeof_gr_complex) for _ in range(2)]
    for k, end in enumerate(ends):
        flowgraph.connect((transmitter, k), end)
    begin = time.monotonic()
    flowgraph.start()
    while transmitter.frames < 2 and time.monotonic() < begin + 5:
        time.sleep(0.01)
    took = time.monotonic() - begin
    flowgraph.stop()
    flowgraph.wait()
    assert transmitter.frames == 2
    assert took > 0.4


def test_junk_is_dropped_and_counted():
    pdus, _ = fragments(0, 500)
    transmitter, samples = transmit([[*junk(), *pdus], None, junk()])
    assert transmitter.dropped == 2 * len(junk())
    assert samples.shape == (3, UPLINK.slot_len)


def through(config, channel, separation="mmse", n=5000, silent=(), delays=None):
    """Sections of every user through the channel, as assemblers behind mimo_rx give them."""
    flowgraph = gr.top_block()
    transmitter = gensc.mimo_tx(config)
    receiver = gensc.mimo_rx(config, separation)
    ports = ["fragment"] if config.users == 1 else [f"fragment{k}" for k in range(config.users)]
    keep, sent, sinks, stats = [], [], [], Collect("stats")
    for user, port in enumerate(ports):
        # All of them send image 7: the receiver must not mix them up.
        pdu, symbols = analog_section(7, n, seed=user)
        feed, cut = Feed("section", [] if user in silent else [pdu]), gensc.fragmenter(CONFIG)
        assembler, sink = gensc.assembler(CONFIG), Collect("section")
        flowgraph.msg_connect(feed, "section", cut, "section")
        flowgraph.msg_connect(cut, "fragment", transmitter, port)
        delay = blocks.delay(gr.sizeof_gr_complex, delays[user] if delays else 0)
        flowgraph.connect((transmitter, user), delay, (channel, user))
        flowgraph.msg_connect(receiver, port, assembler, "fragment")
        flowgraph.msg_connect(assembler, "section", sink, "section")
        keep += [feed, cut, assembler, delay]
        sent.append(symbols)
        sinks.append(sink)
    for antenna in range(config.antennas):
        flowgraph.connect((channel, antenna), (receiver, antenna))
    flowgraph.msg_connect(receiver, "stats", stats, "stats")
    run(flowgraph)
    got = [[read_pdu(pdu, np.complex64) for pdu in sink.messages] for sink in sinks]
    return got, sent, pmt.to_python(stats.messages[-1])


@pytest.mark.parametrize(("users", "antennas"), [(1, 1), (2, 2), (3, 3), (3, 4)])
def test_every_users_section_arrives_with_its_noise_variance(users, antennas):
    config = gensc.MimoConfig(CONFIG, users, antennas)
    channel = gensc.mimo_channel(
        users, antennas, snr_db=18, block_len=config.slot_len, seed=3,
        cfo_hz=[1500 + 200 * k for k in range(users)],
    )  # fmt: skip
    got, sent, stats = through(config, channel)
    for (received,), symbols in zip(got, sent, strict=True):
        metadata, y = received
        assert metadata.fragments_received == metadata.fragments == 2
        error = np.abs(y - symbols) ** 2 / metadata.noise_var
        assert np.mean(error) == pytest.approx(1, abs=0.15)
    assert stats["bursts"] == 2 * users
    assert stats["unheard"] == stats["headers_bad"] == 0


@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_a_silent_user_and_a_spread_of_timing_harm_nobody(separation):
    channel = gensc.mimo_channel(3, 3, snr_db=15, matrix=STEADY)
    got, sent, _ = through(UPLINK, channel, separation, silent=[1], delays=[0, 0, 5])
    assert got[1] == []
    for user in (0, 2):
        ((metadata, y),) = got[user]
        assert metadata.fragments_received == 2
        assert np.mean(np.abs(y - sent[user]) ** 2) < 10**-1.2


def test_the_channel_block_is_the_channel_of_the_waveform_package():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 50_000)).astype(np.complex64)
    flowgraph = gr.top_block()
    args = {"block_len": 7000, "gains_db": [0, -6], "seed": 4}
    channel = gensc.mimo_channel(2, 3, 10.0, None, cfo_hz=[100, 0], **args)
    sinks = [blocks.vector_sink_c() for _ in range(3)]
    for k in range(2):
        flowgraph.connect(blocks.vector_source_c(x[k].tolist()), (channel, k))
    for a in range(3):
        flowgraph.connect((channel, a), sinks[a])
    run(flowgraph)
    wanted = MimoChannel(2, 3, snr_db=10.0, cfo=[1e-4, 0], **args).process(x)
    assert np.allclose([s.data() for s in sinks], wanted, atol=1e-4)


def test_settings_can_be_changed_while_running_and_wrong_ones_are_refused():
    channel = gensc.mimo_channel(2, 2)
    channel.set_snr_db(3)
    channel.set_gains_db([0, float("-inf")])
    channel.set_cfo_hz([])
    assert channel.snr_db() == 3
    receiver = gensc.mimo_rx(UPLINK)
    receiver.set_separation("zf")
    assert receiver.separation == "zf"
    for wrong in (
        lambda: channel.set_gains_db([1]),
        lambda: channel.set_cfo_hz([1]),
        lambda: gensc.mimo_channel(2, 2, matrix=[[1]]),
        lambda: gensc.mimo_channel(2, 2, sample_rate=0),
        lambda: receiver.set_separation("ml"),
        lambda: gensc.mimo_rx(UPLINK, "ml"),
        lambda: gensc.mimo_tx(UPLINK, patience_s=-1),
    ):
        with pytest.raises(gensc.GenscError):
            wrong()
