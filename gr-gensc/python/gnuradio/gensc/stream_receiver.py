"""What the receiver blocks have in common: samples in, bursts out on message ports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc_phy.waveform.demodulate import Burst
from gensc_phy.waveform.receiver import ReceiverStats, StreamReceiver
from gnuradio import gr

from .message_ports import MessagePorts
from .metadata import Metadata, make_pdu
from .rx_time import RX_TIME, TimeTags
from .turns import TURN

Receiver = StreamReceiver[Any, Any]

INPUT_CHUNK = 1 << 17
"""Samples the input buffer is laid out for: the receiver is fast on large pieces."""


class stream_receiver(MessagePorts, gr.sync_block):
    """Gives the samples of its inputs to a receiver and sends out every burst that it finds.

    Where `rx_time` tags of the first input say that samples are missing, the receiver is told.

    Args:
        name: of the block.
        receiver: makes an empty receiver.
        inputs: streams of samples.
        ports: message ports that bursts are sent on.
        stats_interval_s: seconds between [stats] messages.
    """

    def __init__(
        self,
        name: str,
        receiver: Callable[[], Receiver],
        inputs: int,
        ports: Sequence[str],
        stats_interval_s: float,
    ) -> None:
        gr.sync_block.__init__(self, name, [np.complex64] * inputs, None)
        self.stats_interval_s = float(stats_interval_s)
        self._new_receiver = receiver
        self._receiver = receiver()
        self._times = TimeTags(self._receiver.cfg.sample_rate)
        self._stats_due = 0.0
        self.setup_ports(
            {"end": self._end}, [*ports, "stats"], controls=["end"], one_at_a_time=False
        )
        # GNU Radio sizes the buffers before this block by its output multiple.
        self.set_output_multiple(INPUT_CHUNK)

    @property
    def stats(self) -> ReceiverStats:
        """Counters of the receiver."""
        return self._receiver.stats

    def start(self) -> bool:
        """Begin with an empty receiver."""
        # The buffers are made: from here on the multiple would only withhold the last samples.
        self.set_output_multiple(1)
        self._receiver = self._new_receiver()
        self._times = TimeTags(self._receiver.cfg.sample_rate)
        self._stats_due = time.monotonic() + self.stats_interval_s
        return super().start()

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Give the receiver all samples there are."""
        samples = input_items[0]
        if self._ended:
            return int(samples.size)
        before = self.stats.samples
        try:
            bursts = self._hear(samples)
        except Exception as error:  # nothing that is received may end the flowgraph
            self.skip("[samples]", error)
            self._receiver.recover(before + samples.shape[-1])
            bursts = []
        self._give(bursts)
        now = time.monotonic()
        if now >= self._stats_due:
            self._stats_due = now + self.stats_interval_s
            self._give_stats()
        return int(samples.size)

    def _hear(self, samples: NDArray[np.complex64]) -> list[Burst]:
        """The bursts that these samples complete."""
        first, count = self.nitems_read(0), samples.shape[-1]
        gaps = self._times.gaps(self.get_tags_in_window(0, 0, count, RX_TIME))
        bursts: list[Burst] = []
        with TURN:
            begun = 0
            for at in (gap - first for gap in gaps):
                bursts += self._receiver.push(samples[..., begun:at])
                self._receiver.gap()
                begun = at
            bursts += self._receiver.push(samples[..., begun:])
        return bursts

    def end(self) -> None:
        """End the stream here, as if its source had ended; the samples that follow are ignored.

        For sources that never end. The blocks behind the receiver give out what they hold and end;
        `wait_ended` of the last one tells when.
        """
        self._post(pmt.intern("end"), pmt.PMT_NIL)

    def _end(self, _: Any) -> None:
        """Give out what the end of the stream has cut off, and the last counters."""
        if self._ended:
            return
        try:
            self._give(self._receiver.flush())
        except Exception as error:  # the neighbours must hear of the end all the same
            self.skip("[samples] at the end:", error)
        self._give_stats()
        self._ended = True
        # At the end of a finite stream GNU Radio has told the neighbours already, before `stop`;
        # they waited for the flag above.
        self.notify_msg_neighbors()

    def stop(self) -> bool:
        """GNU Radio has ended the block: give out the rest."""
        self._end(None)
        self.set_output_multiple(INPUT_CHUNK)
        return super().stop()

    def _give(self, bursts: Iterable[Burst]) -> None:
        for burst in bursts:
            metadata = Metadata.of_header(
                burst.header,
                snr_db=burst.snr_db,
                noise_var=burst.noise_var,
                cfo_hz=burst.cfo_hz,
                crc_ok=True,
                sample=max(0, burst.start),
                header_symbols=burst.header_symbols,
            )
            self.publish(self._port_of(burst), make_pdu(metadata, burst.symbols))

    def _port_of(self, burst: Any) -> str:
        """Output port a burst of the receiver is sent on."""
        raise NotImplementedError

    def _give_stats(self) -> None:
        message = pmt.make_dict()
        for name, value in asdict(self._receiver.stats).items():
            message = pmt.dict_add(message, pmt.intern(name), pmt.to_pmt(value))
        self.publish("stats", message)
