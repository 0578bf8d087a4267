"""Samples over ZeroMQ: as GNU Radio's blocks send them, and safe against bytes that are none."""

import socket
import threading
import time

import numpy as np
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st

from gensc.link.zmq_stream import ZmqStreamSink, ZmqStreamSource, as_samples
from gensc.system.errors import UserError
from gnuradio import blocks, gr, zeromq


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def noise(n=100_000):
    return np.random.default_rng(0).standard_normal((n, 2)).astype("f4").view(np.complex64)[:, 0]


@given(st.binary(max_size=64))
def test_any_bytes_are_samples_or_nothing(message):
    samples = as_samples(message)
    if samples is None:
        return
    assert len(message) == 8 * samples.size > 0
    assert np.isfinite(samples).all()


@pytest.mark.parametrize(
    "message",
    [b"", b"1234567", np.full(2, np.nan, "f4").tobytes(), np.full(2, 1e30, "f4").tobytes()],
    ids=["empty", "not whole samples", "not a number", "beyond any receiver"],
)
def test_messages_that_are_no_samples(message):
    assert as_samples(message) is None


def test_a_peer_that_is_not_there_is_waited_for_in_words(capfd):
    address = free_address()
    tx, rx = gr.top_block(), gr.top_block()
    # GNU Radio does not keep Python blocks alive.
    sink, source = ZmqStreamSink(address), ZmqStreamSource(free_address())
    tx.connect(blocks.null_source(gr.sizeof_gr_complex), sink)
    rx.connect(source, blocks.null_sink(gr.sizeof_gr_complex))
    for top, line in ((tx, "waiting for a receiver"), (rx, "waiting for a sender")):
        top.start()
        time.sleep(1.5)
        top.stop()
        top.wait()
        said = capfd.readouterr().err
        assert said.count("\n") == 1
        assert said.startswith(line)


def test_samples_pass_from_sink_to_source_and_the_end_with_them():
    address, sent = free_address(), noise()
    tx, rx = gr.top_block(), gr.top_block()
    source = blocks.vector_source_c(sent)
    sink = ZmqStreamSink(address)
    tx.connect(source, sink)
    pull, got = ZmqStreamSource(address), blocks.vector_sink_c()
    rx.connect(pull, got)
    rx.start()
    tx.run()
    rx.wait()
    assert np.array_equal(np.array(got.data(), np.complex64), sent)
    assert pull.dropped == 0


def test_gnuradios_own_push_sink_is_understood():
    address, sent = free_address(), noise(20_000)
    tx, rx = gr.top_block(), gr.top_block()
    push = zeromq.push_sink(gr.sizeof_gr_complex, 1, address, 100, False, -1)
    source = blocks.vector_source_c(sent, True)
    tx.connect(source, push)
    pull, head, got = ZmqStreamSource(address), blocks.head(8, sent.size), blocks.vector_sink_c()
    rx.connect(pull, head, got)
    tx.start()
    rx.start()
    try:
        deadline = time.monotonic() + 20
        while len(got.data()) < sent.size and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        tx.stop()
        rx.stop()
        tx.wait()
        rx.wait()
    assert np.array_equal(np.array(got.data(), np.complex64), sent)


def test_noise_between_samples_is_counted_and_dropped():
    address, sent = free_address(), noise(500)
    rx = gr.top_block()
    pull, got = ZmqStreamSource(address, bind=True), blocks.vector_sink_c()
    rx.connect(pull, got)
    rx.start()
    with zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.connect(address)
        push.send(sent[:200].tobytes())
        push.send(b"GET / HTTP/1.1\r\n\r\n!")
        push.send(b"\xff" * 800)
        push.send(sent[200:].tobytes())
        push.send(b"")
        rx.wait()
    assert pull.dropped == 2
    assert np.array_equal(np.array(got.data(), np.complex64), sent)


def test_source_can_be_ended_while_nothing_arrives():
    rx = gr.top_block()
    pull, got = ZmqStreamSource(free_address()), blocks.null_sink(8)
    rx.connect(pull, got)
    rx.start()
    threading.Timer(0.2, pull.close).start()
    rx.wait()
    assert pull.samples == 0


@pytest.mark.parametrize("kind", [ZmqStreamSink, ZmqStreamSource])
def test_address_that_is_none_is_refused(kind):
    with pytest.raises(UserError, match="tcp://nowhere:port"):
        kind("tcp://nowhere:port")
