"""The channel as a process of its own: samples in and out over ZeroMQ, with an SNR that walks.

`python -m gensc.trials.soak.channel OPTIONS` with the fields of `Options` as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from gensc.link import channels
from gensc.link.walk import Walk
from gensc.link.zmq_stream import ZmqStreamSink, ZmqStreamSource
from gensc.system.codecs import gnuradio_blocks
from gensc.system.plain import json_text

_STEP_S = 0.1


@dataclass(frozen=True)
class Options:
    """What the channel is.

    Attributes:
        source, sink: ZeroMQ addresses; it connects to the one and binds the other.
        channel: by name, see `gensc.link.channels`.
        lowest_db, highest_db, walk_s: Es/N0 walks between the two once in so many seconds.
        log: file of JSON lines: when (Unix s), Es/N0 in dB.
        sample_rate: samples per second.
        seed: of channel and noise.
    """

    source: str
    sink: str
    channel: str
    lowest_db: float
    highest_db: float
    walk_s: float
    log: str
    sample_rate: float = 1e6
    seed: int = 1


def block_of(options: Options) -> Any:
    """The channel's block."""
    gensc = gnuradio_blocks()
    draw = channels.draw(options.channel, options.seed)
    if draw.hostile is not None:
        told = draw.at(options.sample_rate, options.highest_db)
        return gensc.hostile_channel.of(told, options.seed)
    return gensc.channel(
        snr_db=options.highest_db, taps=draw.taps, fading_hz=draw.fading_hz,
        seed=options.seed, sample_rate=options.sample_rate,
    )  # fmt: skip


def main(options: Options) -> None:
    """Run until SIGTERM or SIGINT."""
    from gnuradio import gr

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    top = gr.top_block("channel", catch_exceptions=False)
    top.handle_sigint = False
    source = ZmqStreamSource(options.source, False, True)
    block, sink = block_of(options), ZmqStreamSink(options.sink, True)
    top.connect(source, block, sink)
    top.start()
    began, walk = time.monotonic(), Walk(options.lowest_db, options.highest_db, options.walk_s)
    with open(options.log, "a", encoding="utf-8", buffering=1) as log:
        while not stop.wait(_STEP_S):
            snr_db = walk.at(time.monotonic() - began)
            block.set_snr_db(snr_db)
            log.write(json_text({"at": time.time(), "snr_db": round(snr_db, 3)}) + "\n")
    top.stop()
    top.wait()


if __name__ == "__main__":
    main(Options(**json.loads(sys.argv[1])))
