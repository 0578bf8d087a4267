"""snr_feedback and rate_controller: the loop from the receiver's SNR to the next image's choice."""

import socket
import time
from itertools import pairwise

import numpy as np
import pmt
import pytest
import zmq

from gensc_phy.adaptation.rate_table import save_tables
from gensc_phy.coding.mcs import choose_mcs
from gnuradio import gensc, gr
from gnuradio.gensc import choice_message, snr_datagram
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.snr_datagram import SnrReport
from pdu_blocks import Collect, Feed, free_address, image_pdu, junk, run, smooth_image, through
from rate_tables import table

LOCAL = "tcp://127.0.0.1:*"
ROWS = table().choices


@pytest.fixture
def tables(tmp_path):
    """A file of one table."""
    path = tmp_path / "tables.json"
    save_tables([table()], path)
    return str(path)


class Steady(message_block):
    """Sends a number on [snr] every 20 ms until it is stopped."""

    def __init__(self, snr_db):
        super().__init__("steady")
        self.snr_db, self.silent = snr_db, False
        self.setup_ports({"tick": self._tick}, ["snr"])

    def start(self):
        self._post(pmt.intern("tick"), pmt.PMT_NIL)
        return super().start()

    def _tick(self, _):
        time.sleep(0.02)
        if not self.silent:
            self.publish("snr", choice_message.pair("snr_db", self.snr_db))
        self._post(pmt.intern("tick"), pmt.PMT_NIL)


def wait_for(condition, timeout_s=10.0):
    """Wait until `condition()`; a failure where it does not come true."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def listener(address):
    """A subscriber of its own, connected."""
    context = zmq.Context()
    subscriber = context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.RCVTIMEO, 5000)
    subscriber.setsockopt(zmq.LINGER, 0)
    subscriber.subscribe(b"")
    subscriber.connect(address)
    return context, subscriber


def publisher(address):
    """A publisher of its own, connected; what is sent before it is known is lost."""
    context = zmq.Context()
    socket_ = context.socket(zmq.PUB)
    socket_.setsockopt(zmq.LINGER, 0)
    socket_.connect(address)
    return context, socket_


# ---------------------------------------------------------------- snr_feedback


def fragments(*snrs_db):
    return [
        gensc.make_pdu(gensc.Metadata(snr_db=snr), np.zeros(1, np.complex64)) for snr in snrs_db
    ]


def test_measurements_between_two_datagrams_are_averaged_in_linear_units():
    feedback = gensc.snr_feedback(LOCAL, interval_s=1000)
    context, subscriber = listener(feedback.address)
    time.sleep(0.3)  # a subscription takes a moment to arrive
    through(feedback, fragments(3.0, 10.0, 20.0), "fragment")
    got = [snr_datagram.unpack(subscriber.recv()) for _ in range(2)]
    context.destroy(linger=0)
    assert got[0] == SnrReport(3.0, 1)  # the first goes out at once
    assert got[1].snr_db == pytest.approx(10 * np.log10(55), abs=1e-3)  # the rest at the end
    assert (got[1].fragments, feedback.sent) == (2, 2)


def test_an_interval_of_0_sends_every_measurement():
    feedback = gensc.snr_feedback(LOCAL, interval_s=0)
    numbers = [pmt.from_double(4.0), choice_message.pair("snr_db", 5.0), pmt.from_long(6)]
    through(feedback, numbers, "snr")
    assert (feedback.sent, feedback.dropped) == (3, 0)


def test_the_end_of_a_section_is_told_of_before_the_interval_has_passed():
    feedback = gensc.snr_feedback(LOCAL, interval_s=1000)
    section = [
        gensc.make_pdu(
            gensc.Metadata(snr_db=9.0, fragment=n, fragments=3), np.zeros(1, np.complex64)
        )
        for n in range(3)
    ]
    through(feedback, section * 2, "fragment")
    assert (feedback.sent, feedback.measured) == (3, 6)  # the very first, and twice the end


def test_switched_off_it_says_nothing_and_forgets():
    feedback = gensc.snr_feedback(LOCAL, interval_s=0, enabled=False)
    through(feedback, fragments(3.0, 10.0), "fragment")
    assert feedback.sent == 0
    feedback.set_enabled(True)
    through(feedback, fragments(20.0), "fragment")
    assert feedback.sent == 1


def test_what_is_no_measurement_is_counted():
    feedback = gensc.snr_feedback(LOCAL)
    through(feedback, [*junk(), *fragments(float("nan"), float("-inf"))], "fragment")
    assert (feedback.sent, feedback.dropped) == (0, len(junk()) + 2)


def test_without_a_listener_it_waits_for_nobody():
    feedback = gensc.snr_feedback(LOCAL, interval_s=0)
    begin = time.monotonic()
    through(feedback, fragments(*[10.0] * 500), "fragment")
    assert feedback.sent == 500
    assert time.monotonic() - begin < 10


def test_a_negative_interval_is_refused():
    with pytest.raises(gensc.GenscError, match="interval"):
        gensc.snr_feedback(LOCAL, interval_s=-1)


# ---------------------------------------------------------------- the loop


@pytest.mark.parametrize("controller_binds", [True, False])
def test_the_choice_follows_the_snr_falls_back_in_silence_and_recovers(tables, controller_binds):
    address = free_address()
    controller = gensc.rate_controller(
        tables, address, bind=controller_binds, silence_s=0.5, fallback_s=0.5
    )
    feedback = gensc.snr_feedback(address, bind=not controller_binds, interval_s=0)
    meter, flowgraph = Steady(15.0), gr.top_block()
    choices, levels, schemes = Collect("choice"), Collect("snr"), Collect("mcs")
    flowgraph.msg_connect(meter, "snr", feedback, "snr")
    for port, sink in (("choice", choices), ("snr", levels), ("mcs", schemes)):
        flowgraph.msg_connect(controller, port, sink, port)

    def said():
        return [choice_message.from_pmt(message) for message in list(choices.messages)]

    flowgraph.start()
    try:
        # 15 dB less margin and hysteresis of 0.5 dB each.
        wait_for(lambda: said() and said()[-1].snr_db == 14.0)
        assert controller.level() == pytest.approx(15.0)
        meter.silent = True
        wait_for(lambda: said()[-1] == ROWS[0])
        meter.silent = False
        wait_for(lambda: said()[-1].snr_db == 14.0)
    finally:
        flowgraph.stop()
        flowgraph.wait()
    assert said()[0] == ROWS[0]
    assert all(before != after for before, after in pairwise(said()))
    assert {pmt.to_long(pmt.cdr(message)) for message in schemes.messages} >= {
        ROWS[0].mcs,
        choose_mcs(14.0).index,
    }
    assert pmt.to_double(pmt.cdr(levels.messages[-1])) == pytest.approx(15.0)
    assert controller.dropped == feedback.dropped == 0


def test_each_image_goes_on_with_the_choice_of_its_moment(tables):
    controller = gensc.rate_controller(tables, LOCAL, bind=True)
    got = through(controller, [image_pdu(smooth_image(), i) for i in range(5)], "image", "image")
    assert [gensc.read_image(pdu)[0].image_id for pdu in got] == list(range(5))
    assert {choice_message.attached(pdu) for pdu in got} == {ROWS[0]}


def test_a_simulation_gives_it_its_own_clock(tables):
    controller, now = gensc.rate_controller(tables, LOCAL, bind=True, silence_s=1), [0.0]
    controller.clock = lambda: now[0]
    flowgraph, flow = gr.top_block(), Collect("choice")
    flowgraph.msg_connect(controller, "choice", flow, "choice")
    flowgraph.start()
    context, sender = publisher(controller.address)
    try:
        good = snr_datagram.pack(SnrReport(12.0, 1))
        wait_for(lambda: sender.send(good) or time.sleep(0.02) or controller.received)
        high = controller.choice()
        now[0] = 0.9
        assert controller.choice() == high != ROWS[0]
        now[0] = 100.0
        assert controller.choice() == ROWS[0]
    finally:
        context.destroy(linger=0)
        flowgraph.stop()
        flowgraph.wait()


def test_what_is_no_image_is_counted(tables):
    controller = gensc.rate_controller(tables, LOCAL, bind=True)
    assert through(controller, junk(), "image", "image") == []
    assert controller.dropped == len(junk())


def test_noise_on_the_socket_is_counted_and_what_follows_is_used(tables):
    controller = gensc.rate_controller(tables, LOCAL, bind=True)
    flowgraph, choices = gr.top_block(), Collect("choice")
    flowgraph.msg_connect(controller, "choice", choices, "choice")
    flowgraph.start()
    context, sender = publisher(controller.address)
    try:
        # Bytes that are not even ZeroMQ …
        port = int(controller.address.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(b"\xff" + np.random.default_rng(1).bytes(1000))
        # … good reports until one has come through …
        good = snr_datagram.pack(SnrReport(12.0, 1))
        wait_for(lambda: sender.send(good) or time.sleep(0.02) or controller.received)
        before = controller.dropped
        # … messages that are no reports …
        noise = [b"", b"hello", np.random.default_rng(2).bytes(200), b'{"gensc": "snr"}',
                 good.replace(b"12.0", b"NaN"), good.replace(b"12.0", b"1e30")]  # fmt: skip
        for message in noise:
            sender.send(message)
        sender.send_multipart([good, good])
        wait_for(lambda: controller.dropped - before == len(noise) + 1)
        # … and good ones again.
        received = controller.received
        sender.send(good)
        wait_for(lambda: controller.received == received + 1)
        assert controller.level() == pytest.approx(12.0)
    finally:
        context.destroy(linger=0)
        flowgraph.stop()
        flowgraph.wait()


def test_it_can_be_stopped_and_started_again(tables):
    controller = gensc.rate_controller(tables, LOCAL, bind=True)
    flowgraph, got = gr.top_block(), Collect("image")
    feed = Feed("image", [image_pdu(smooth_image())])
    flowgraph.msg_connect(feed, "image", controller, "image")
    flowgraph.msg_connect(controller, "image", got, "image")
    for times in (1, 2):
        run(flowgraph)
        assert len(got.messages) == times


# ---------------------------------------------------------------- what is refused


def test_the_table_of_a_file_is_picked_by_its_limits(tmp_path):
    path = tmp_path / "tables.json"
    save_tables([table(), table(3, 10)], path)
    assert gensc.rate_controller(str(path), LOCAL, True, 0.02, 30.0).choice() == ROWS[0]
    with pytest.raises(gensc.GenscError, match="no table for 50 ms and 30 dB"):
        gensc.rate_controller(str(path), LOCAL, True, 0.05, 30.0)


def test_a_users_mistakes_are_one_line(tmp_path, tables):
    capacity = tmp_path / "capacity.json"
    save_tables([table(transport="capacity")], capacity)
    for arguments, message in (
        ((str(tmp_path / "nowhere.json"), LOCAL), "nowhere"),
        ((str(capacity), LOCAL), "idealised capacity"),
        ((tables, "nonsense"), "^nonsense: "),
        ((tables, LOCAL, True, 0.0, 0.0, -1.0), "margin_db"),
    ):
        with pytest.raises(gensc.GenscError, match=message) as refused:
            gensc.rate_controller(*arguments)
        assert "\n" not in str(refused.value)
