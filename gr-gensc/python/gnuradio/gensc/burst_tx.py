"""Burst transmitter block."""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.burst import BurstModulator
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.header import Header
from gnuradio import gr

from .buffers import set_output_buffer
from .burst_tags import BURST_TAG, burst_tag
from .errors import GenscError
from .message_ports import QUEUE_LIMIT, MessagePorts
from .metadata import Metadata, read_fragment
from .turns import TURN

OUTPUT_BUFFER = 1 << 16
"""Samples: room for several bursts, so that each Python call moves a large piece."""
SIMULATION_BUFFER = 1 << 18
"""The same where nothing plays the samples in real time."""


class burst_tx(MessagePorts, gr.sync_block):
    """Modulates each [fragment] into a burst on the output, `config.gap` zeros after it.

    gr-gensc blocks upstream wait while 64 fragments are queued; of other blocks' PDUs, those that
    arrive when `max_queue` are, are dropped and counted. When the last fragment is out and the
    stream has ended upstream, the block ends too.

    The first sample of each burst has the tag `burst` (see `burst_tags`), which tells a recorder
    what it is.

    Args:
        config: waveform.
        idle: with nothing to send, "wait" gives no samples (simulations, recordings), "zeros"
            keeps giving zeros (SDR hardware, which must be fed).
        tail: zeros given each time the queue has emptied: they push the last burst through
            filters and the receiver. 0 gives none.
        amplitude: factor on every sample; 1 is unit mean power, and what the SNR of `channel`
            refers to. Lower it for hardware with a full scale of 1.
        max_queue: fragments held at most.

    Attributes:
        bursts, made: so many, and samples of bursts, gaps and tails, since it was constructed.
    """

    def __init__(
        self,
        config: WaveformConfig,
        idle: Literal["wait", "zeros"] = "wait",
        tail: int = 4096,
        amplitude: float = 1.0,
        max_queue: int = 1024,
    ) -> None:
        if idle not in ("wait", "zeros"):
            raise GenscError(f"idle {idle!r}: must be wait or zeros")
        if tail < 0 or max_queue < 1:
            raise GenscError("tail must not be negative, max_queue at least 1")
        gr.sync_block.__init__(self, "burst_tx", None, [np.complex64])
        self.config = config
        self.idle = idle
        self.tail = int(tail)
        self.amplitude = float(amplitude)
        self.max_queue = int(max_queue)
        self.bursts = self.made = 0
        self._modulator = BurstModulator(config)
        self._queue: deque[tuple[Metadata, Header, NDArray[np.complex64]]] = deque()
        self._current = np.zeros(0, dtype=np.complex64)
        self._tail_due = 0
        self._ending = False
        self.setup_ports(
            {"fragment": self._add}, limits={"fragment": QUEUE_LIMIT}, one_at_a_time=False
        )
        # Waking blocks costs more than moving large pieces; but hardware plays what is buffered
        # before anything new.
        set_output_buffer(self, SIMULATION_BUFFER if idle == "wait" else OUTPUT_BUFFER)

    def start(self) -> bool:
        """Begin with an empty queue."""
        self._queue.clear()
        self._current = self._current[:0]
        self._tail_due = 0
        self._ending = False
        return super().start()

    def set_amplitude(self, amplitude: float) -> None:
        """Factor on every sample of the bursts that follow."""
        self.amplitude = float(amplitude)

    def backlog(self, port: str) -> int:
        """Fragments waiting, here and in GNU Radio's queue."""
        return super().backlog(port) + len(self._queue)

    @property
    def is_drained(self) -> bool:
        """Whether everything that has arrived is made, the tail included, and goes out now; `made`
        says how many samples these are."""
        return not (self.backlog("fragment") or self._current.size or self._tail_due)

    def _add(self, pdu: Any) -> None:
        metadata, header, symbols = read_fragment(pdu)
        if len(self._queue) >= self.max_queue:
            self.drop(f"[fragment] {self.max_queue} fragments wait already")
            return
        if symbols.size > self.config.max_payload:
            self.drop(f"[fragment] {symbols.size} symbols, a burst holds {self.config.max_payload}")
            return
        self._queue.append((metadata, header, symbols))

    def finish(self) -> None:
        """The stream ends when everything queued has been sent: `work` sees to it."""
        self._ending = True

    def _next(self, offset: int) -> NDArray[np.complex64]:
        """What follows on the air: a burst with its gap, the tail, or nothing.

        Args:
            offset: of its first sample in the stream; a burst is tagged there.
        """
        if self._queue:
            metadata, header, symbols = self._queue.popleft()
            with TURN:
                burst = self._modulator.modulate(header, symbols)
            self.add_item_tag(0, offset, BURST_TAG, burst_tag(metadata, burst.size))
            samples = np.zeros(burst.size + self.config.gap, dtype=np.complex64)
            np.multiply(burst, np.float32(self.amplitude), out=samples[: burst.size])
            # In this order, for whoever looks from another thread.
            self.made += samples.size
            self._tail_due = self.tail
            self.bursts += 1
            return samples
        tail = self._tail_due
        self.made += tail
        self._tail_due = 0
        return np.zeros(tail, dtype=np.complex64)

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """Fill the output with what there is to send."""
        out = output_items[0]
        done = 0
        while done < out.size:
            if not self._current.size:
                self._current = self._next(self.nitems_written(0) + done)
                if not self._current.size:
                    break
            n = min(out.size - done, self._current.size)
            out[done : done + n] = self._current[:n]
            self._current = self._current[n:]
            done += n
        if done == 0 and self._ending:
            self._ended = True
            return -1
        if self.idle == "zeros" and not self._ending:
            out[done:] = 0
            return int(out.size)
        return done
