"""What the block tests share: a source and a sink of messages, and running a flowgraph."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gnuradio import gensc, gr
from gnuradio.gensc.message_ports import message_block
from waveform import payload

CONFIG = gensc.WaveformConfig()


class Feed(message_block):
    """Sends messages on one port, then ends."""

    def __init__(self, port: str, messages: Iterable[Any]) -> None:
        super().__init__("feed")
        self._port, self._messages = port, list(messages)
        self.setup_ports({"go": self._go}, [port])

    def start(self) -> bool:
        started = super().start()
        self._post(pmt.intern("go"), pmt.PMT_NIL)
        return started

    def _go(self, _: Any) -> None:
        for message in self._messages:
            self.publish(self._port, message)
        self.finish()


class Collect(message_block):
    """Keeps the messages of one port."""

    def __init__(self, port: str) -> None:
        super().__init__("collect")
        self.messages: list[Any] = []
        self.setup_ports({port: self.messages.append})


class Stalled(gr.sync_block):
    """A sink of samples that takes none."""

    def __init__(self) -> None:
        gr.sync_block.__init__(self, "stalled", [np.complex64], None)

    def work(self, input_items: list[Any], output_items: list[Any]) -> int:
        time.sleep(0.01)
        return 0


def run(flowgraph: gr.top_block, timeout_s: float = 30.0) -> None:
    """Run to completion; a flowgraph that does not end is a failure."""
    flowgraph.start()
    waiter = threading.Thread(target=flowgraph.wait)
    waiter.start()
    waiter.join(timeout_s)
    if waiter.is_alive():
        flowgraph.stop()
        waiter.join()
        raise AssertionError(f"the flowgraph has not ended after {timeout_s} s")


def through(
    block: Any, messages: Sequence[Any], to: str, out: str | None = None, feed: str | None = None
) -> list[Any]:
    """Send messages to a block's port `to`; what it sent on `out`."""
    flowgraph = gr.top_block()
    source = Feed(feed or to, messages)
    flowgraph.msg_connect(source, feed or to, block, to)
    sink = Collect(out or "none")
    if out:
        flowgraph.msg_connect(block, out, sink, out)
    run(flowgraph)
    return sink.messages


def junk() -> list[Any]:
    """Messages that are no PDUs of ours."""
    return [
        pmt.PMT_NIL,
        pmt.from_long(7),
        pmt.intern("junk"),
        pmt.cons(pmt.make_dict(), pmt.PMT_NIL),
        pmt.cons(pmt.make_dict(), pmt.init_u8vector(3, [1, 2, 3])),
        pmt.cons(pmt.make_dict(), pmt.init_c32vector(2, [1j, 2])),
        pmt.cons(pmt.intern("a"), pmt.init_f32vector(1, [0.5])),
        pmt.dict_add(pmt.make_dict(), pmt.intern("image_id"), pmt.intern("seven")),
        pmt.make_tuple(pmt.PMT_T, pmt.PMT_F),
    ]


def analog_section(image_id: int, n: int = 8192, seed: int = 0) -> tuple[Any, NDArray[Any]]:
    """A section PDU of random symbols, and the symbols."""
    symbols = payload(n, seed)
    metadata = gensc.Metadata(
        session=0,
        image_id=image_id,
        section="analog",
        weights=1,
        rate=32,
        shape=(256, 256, 3),
        total=n,
        aux=77,
    )
    return gensc.make_pdu(metadata, symbols), symbols


def fragment_pdus(pdu: Any) -> list[Any]:
    """The fragments of a section."""
    return through(gensc.fragmenter(CONFIG), [pdu], "section", "fragment")


def burst_stream(n_sections: int = 1, n: int = 8192) -> tuple[NDArray[np.complex64], list[Any]]:
    """Samples of some sections' bursts with their gaps, no tail, and the sections' symbols."""
    from gnuradio import blocks

    sections = [analog_section(i, n, seed=i) for i in range(n_sections)]
    flowgraph = gr.top_block()
    feed, cut = Feed("section", [pdu for pdu, _ in sections]), gensc.fragmenter(CONFIG)
    transmitter, sink = gensc.burst_tx(CONFIG, tail=0), blocks.vector_sink_c()
    flowgraph.msg_connect(feed, "section", cut, "section")
    flowgraph.msg_connect(cut, "fragment", transmitter, "fragment")
    flowgraph.connect(transmitter, sink)
    run(flowgraph)
    return np.array(sink.data(), dtype=np.complex64), [symbols for _, symbols in sections]


def smooth_image(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth coloured image."""
    y, x = np.mgrid[0:height, 0:width]
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    waves = np.sin(x[..., None] / 9 + phase) + np.cos(y[..., None] / 7 - phase)
    return (127.5 + 60 * waves).astype(np.uint8)


def image_pdu(image: NDArray[np.uint8], image_id: int = 3, **keys: Any) -> Any:
    """A PDU of an image."""
    height, width, _ = image.shape
    return gensc.make_pdu(
        gensc.Metadata(image_id=image_id, shape=(height, width, 3), **keys), image
    )


def free_address() -> str:
    """A ZeroMQ address nobody listens on.

    Below the ports the system hands out: a client that tries such a one before anybody listens
    may be given it for itself.
    """
    for port in np.random.default_rng().permutation(np.arange(20_000, 32_000)).tolist():
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return f"tcp://127.0.0.1:{port}"
    raise AssertionError("no free port")
