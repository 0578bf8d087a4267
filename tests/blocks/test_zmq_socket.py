"""zmq_socket: a socket that is let go of without a word does not hold up the process."""

import gc
import threading

import pytest
import zmq

from gnuradio.gensc.zmq_socket import Endpoint, Listener


@pytest.mark.parametrize("kind", [zmq.PUSH, zmq.PULL, zmq.PUB, zmq.SUB])
def test_an_endpoint_that_was_never_closed_can_be_collected(kind):
    def forget():
        for _ in range(5):
            # Blocks stand in reference cycles, whose parts are finalised in any order.
            endpoint = Endpoint(kind, "tcp://127.0.0.1:*", True, {})
            endpoint.itself = endpoint
            del endpoint
            gc.collect()

    worker = threading.Thread(target=forget, daemon=True)
    worker.start()
    worker.join(90)  # a busy machine is not a hang
    assert not worker.is_alive()


def test_its_port_is_free_again():
    endpoint = Endpoint(zmq.PULL, "tcp://127.0.0.1:*", True, {})
    address = endpoint.address
    endpoint.itself = endpoint
    del endpoint
    gc.collect()
    Endpoint(zmq.PULL, address, True, {}).close()


def test_it_can_be_closed_twice_and_opened_again():
    endpoint = Endpoint(zmq.PULL, "tcp://127.0.0.1:*", True, {})
    endpoint.close()
    endpoint.close()
    endpoint.open()
    assert not endpoint.socket.closed
    endpoint.close()
    assert endpoint.socket.closed


def test_a_listener_hands_on_what_arrives_until_it_is_told_to_stop():
    endpoint = Endpoint(zmq.PULL, "tcp://127.0.0.1:*", True, {})
    taken, dropped, enough = [], [], threading.Event()

    def take(message):
        taken.append(message)
        if message == b"last":
            enough.set()
        return False

    listener = Listener(endpoint, take, dropped.append)
    for _ in range(2):
        listener.start()
        with zmq.Context() as context, context.socket(zmq.PUSH) as sender:
            sender.connect(endpoint.address)
            sender.send(b"first")
            sender.send_multipart([b"in", b"parts"])
            sender.send(b"last")
            assert enough.wait(10)
        enough.clear()
        listener.stop()
        assert endpoint.socket.closed
    assert taken == [b"first", b"last"] * 2
    assert dropped == ["a message in 2 parts"] * 2


def test_what_the_taker_raises_costs_that_message_alone():
    endpoint = Endpoint(zmq.PULL, "tcp://127.0.0.1:*", True, {})
    taken, dropped, enough = [], [], threading.Event()

    def take(message):
        if message == b"bad":
            raise RuntimeError("a surprise")
        taken.append(message)
        enough.set()
        return True

    listener = Listener(endpoint, take, dropped.append)
    listener.start()
    with zmq.Context() as context, context.socket(zmq.PUSH) as sender:
        sender.connect(endpoint.address)
        for message in (b"bad", b"good"):
            sender.send(message)
        assert enough.wait(20)
    listener.stop()
    assert taken == [b"good"]
    assert dropped == ["RuntimeError: a surprise"]
