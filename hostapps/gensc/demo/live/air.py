"""A channel whose SNR walks up and down, between a transmitter and an address."""

from __future__ import annotations

import threading
import time

from gensc.link import channels
from gensc.link.walk import Walk
from gensc.link.zmq_stream import ZmqStreamSink
from gensc.system import codecs
from gnuradio import gr

_STEP_S = 0.1


class WalkingAir(gr.hier_block2):
    """Takes a transmitter's samples through a channel and pushes them to a ZeroMQ address.

    Args:
        address: bound here.
        channel: of `gensc.link.channels.CHANNELS`.
        walk: of its SNR.
        sample_rate: samples per second.
        seed: of channel and noise.

    Raises:
        UserError: no such channel, or an address that is taken.
    """

    def __init__(
        self, address: str, channel: str, walk: Walk, sample_rate: float = 1e6, seed: int = 1
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "walking_air",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        gensc = codecs.gnuradio_blocks()
        drawn = channels.draw(channel, seed)
        snr_db = walk.at(0.0)
        if drawn.hostile is not None:
            self._channel = gensc.hostile_channel.of(drawn.at(sample_rate, snr_db), seed)
        else:
            self._channel = gensc.channel(
                snr_db=snr_db,
                taps=drawn.taps,
                fading_hz=drawn.fading_hz,
                seed=seed,
                sample_rate=sample_rate,
            )
        self._sink = ZmqStreamSink(address, bind=True)
        self.connect(self, self._channel, self._sink)
        self._walk = walk
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-walk", daemon=True)

    def begin(self) -> None:
        """Walk from now on."""
        self._thread.start()

    def end(self) -> None:
        """Stay where it is."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def stop(self) -> bool:
        """Close the address of a flowgraph that never ran."""
        return self._sink.stop()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._closing.wait(_STEP_S):
            self._channel.set_snr_db(self._walk.at(time.monotonic() - began))
