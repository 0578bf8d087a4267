"""zmq_pdu_sink and zmq_pdu_source: PDUs from one process to another."""

import socket
import time

import numpy as np
import pmt
import pytest
import zmq
from hypothesis import example, given
from hypothesis import strategies as st

from gnuradio import gensc, gr
from gnuradio.gensc import zmq_frame
from gnuradio.gensc.metadata import read_image, read_pdu
from pdu_blocks import Collect, Feed, free_address, image_pdu, junk, run, smooth_image


@pytest.mark.parametrize("sink_binds", [True, False])
def test_pdus_and_the_end_arrive(sink_binds):
    address = free_address()
    sender, receiver, got = gr.top_block(), gr.top_block(), Collect("image")
    pdus = [image_pdu(smooth_image(seed=i), i) for i in range(40)]
    feed, sink = Feed("in", pdus), gensc.zmq_pdu_sink(address, bind=sink_binds)
    source = gensc.zmq_pdu_source(address, bind=not sink_binds)
    sender.msg_connect(feed, "in", sink, "in")
    receiver.msg_connect(source, "out", got, "image")
    sender.start()
    run(receiver)
    sender.wait()
    assert [read_image(pdu)[0].image_id for pdu in got.messages] == list(range(40))
    np.testing.assert_array_equal(read_image(got.messages[7])[1], smooth_image(seed=7))
    assert (sink.sent, source.received, source.dropped) == (40, 40, 0)


def test_symbols_and_noise_variances_arrive_bit_for_bit():
    variances = np.array([0.25, np.inf, 1e-9], np.float32)
    symbols = np.array([1 + 2j, np.float32(1 / 3), -0.0], np.complex64)
    pdu = gensc.make_pdu(gensc.Metadata(noise_var=variances, snr_db=7.125), symbols)
    metadata, data = read_pdu(zmq_frame.unpack(zmq_frame.pack(pdu, 7))[1], np.complex64)
    np.testing.assert_array_equal(data.view(np.uint32), symbols.view(np.uint32))
    np.testing.assert_array_equal(metadata.noise_var, variances)
    assert metadata.snr_db == 7.125


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_frame(data):
    with pytest.raises(gensc.PduError):
        zmq_frame.unpack(data)


@given(st.integers(0), st.integers(1, 255))
@example(position=5, flip=1)  # a PDU must not turn into the end
def test_a_damaged_frame_is_noticed(position, flip):
    frame = bytearray(zmq_frame.pack(junk()[4], 7))
    frame[position % len(frame)] ^= flip
    with pytest.raises(gensc.PduError):
        zmq_frame.unpack(bytes(frame))


def test_noise_on_the_port_is_counted_and_what_follows_arrives():
    source = gensc.zmq_pdu_source("tcp://127.0.0.1:*", bind=True)
    flowgraph, got = gr.top_block(), Collect("image")
    flowgraph.msg_connect(source, "out", got, "image")
    flowgraph.start()

    # Bytes that are not even ZeroMQ …
    port = int(source.address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"\xff" + np.random.default_rng(1).bytes(4096))
    deadline = time.monotonic() + 5
    while source.dropped < 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    refused = source.dropped
    # … ZeroMQ messages that are no frames, and a frame that holds no PDU …
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect(source.address)
    for message in (b"", b"hello", np.random.default_rng(2).bytes(1000),
                    zmq_frame.pack(pmt.from_long(3), 1)):  # fmt: skip
        push.send(message)
    # … and then a good one and the end.
    push.send(zmq_frame.pack(image_pdu(smooth_image()), 1))
    push.send(zmq_frame.end(1))
    ended = got.wait_ended(10)
    context.destroy(linger=0)
    flowgraph.stop()
    flowgraph.wait()
    assert refused == 1
    assert source.dropped - refused == 4
    assert ended
    assert len(got.messages) == 1


def test_the_end_of_one_sender_is_not_the_end_of_another():
    source = gensc.zmq_pdu_source("tcp://127.0.0.1:*", bind=True)
    flowgraph, got = gr.top_block(), Collect("image")
    flowgraph.msg_connect(source, "out", got, "image")
    flowgraph.start()
    context = zmq.Context()
    first, second = context.socket(zmq.PUSH), context.socket(zmq.PUSH)
    for push in (first, second):
        push.connect(source.address)
    first.send(zmq_frame.pack(image_pdu(smooth_image(), 1), 1))
    second.send(zmq_frame.pack(image_pdu(smooth_image(), 2), 2))
    deadline = time.monotonic() + 10
    while source.received < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send(zmq_frame.end(1))
    ended_early = got.wait_ended(0.5)
    second.send(zmq_frame.pack(image_pdu(smooth_image(), 3), 2))
    second.send(zmq_frame.end(2))
    ended = got.wait_ended(10)
    context.destroy(linger=0)
    flowgraph.stop()
    flowgraph.wait()
    assert (ended_early, ended) == (False, True)
    assert sorted(read_image(pdu)[0].image_id for pdu in got.messages) == [1, 2, 3]


def test_a_second_receiver_is_seen():
    sink, flowgraph = gensc.zmq_pdu_sink("tcp://127.0.0.1:*", linger_s=0.1), gr.top_block()
    feed = Feed("in", [image_pdu(smooth_image())] * 400)
    flowgraph.msg_connect(feed, "in", sink, "in")
    flowgraph.start()
    context = zmq.Context()
    receivers = [context.socket(zmq.PULL) for _ in range(2)]
    deadline = time.monotonic() + 10
    for receiver in receivers:
        receiver.connect(sink._endpoint.address)
    while sink.receivers < 2 and time.monotonic() < deadline:
        for receiver in receivers:
            receiver.poll(20) and receiver.recv()
    seen = sink.receivers
    context.destroy(linger=0)
    flowgraph.stop()
    flowgraph.wait()
    assert seen == 2


def test_without_a_receiver_upstream_waits_and_the_flowgraph_can_be_stopped():
    flowgraph = gr.top_block()
    feed = Feed("in", [image_pdu(smooth_image())] * 500)
    sink = gensc.zmq_pdu_sink(free_address(), linger_s=0.1)
    flowgraph.msg_connect(feed, "in", sink, "in")
    flowgraph.start()
    time.sleep(0.3)
    waiting = sink.backlog("in")
    begin = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    assert waiting <= 10
    assert time.monotonic() - begin < 3


def test_an_end_without_a_receiver_says_what_was_lost():
    flowgraph = gr.top_block()
    feed, sink = Feed("in", junk()[:1]), gensc.zmq_pdu_sink(free_address(), linger_s=0.2)
    flowgraph.msg_connect(feed, "in", sink, "in")
    run(flowgraph)
    assert sink.dropped == 1


@pytest.mark.parametrize("block", [gensc.zmq_pdu_sink, gensc.zmq_pdu_source])
@pytest.mark.parametrize("address", ["nonsense", "tcp://256.0.0.1:x", ""])
def test_an_address_that_is_none_is_one_line(block, address):
    with pytest.raises(gensc.GenscError, match=f"^{address}: "):
        block(address, bind=True)
