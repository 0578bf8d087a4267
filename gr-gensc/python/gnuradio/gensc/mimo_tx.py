"""Multi-user transmitter block."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.burst import UserModulator
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.waveform.header import Header
from gnuradio import gr

from .buffers import set_output_buffer
from .burst_tx import OUTPUT_BUFFER
from .errors import GenscError
from .message_ports import QUEUE_LIMIT, MessagePorts, _known_blocks
from .metadata import read_fragment
from .mimo_ports import user_ports

_IDLE_S = 0.001


class mimo_tx(MessagePorts, gr.sync_block):
    """Modulates the [fragment]s of every user into frames that all users send at the same time.

    Port [fragment0] belongs to user 0, whose stream is output 0, and so on. Frames start every
    `config.slot_len` samples on all outputs: as the outputs are written together, the streams
    cannot drift apart. A frame takes the next fragment of every user. It waits for users that have
    none yet while a gr-gensc block upstream of theirs is still running; those of other users send
    nothing, which is the same as a user that is silent. With nothing to send it gives no samples.

    Args:
        config: uplink.
        patience_s: seconds a frame waits for a user at most; 0 waits as long as it takes, so that
            what is sent does not depend on how fast the machine is.
        amplitude: factor on every sample; see `burst_tx`.
        max_queue: fragments held per user at most.

    Raises:
        GenscError: numbers out of range.
    """

    def __init__(
        self,
        config: MimoConfig,
        patience_s: float = 0.0,
        amplitude: float = 1.0,
        max_queue: int = 1024,
    ) -> None:
        if patience_s < 0 or max_queue < 1:
            raise GenscError("patience_s must not be negative, max_queue at least 1")
        gr.sync_block.__init__(self, "mimo_tx", None, [np.complex64] * config.users)
        self.config = config
        self.patience_s = float(patience_s)
        self.amplitude = float(amplitude)
        self.max_queue = int(max_queue)
        self.frames = 0
        self._modulators = [UserModulator(config, user) for user in range(config.users)]
        self._ports = user_ports("fragment", config.users)
        self._queues: list[deque[tuple[Header, NDArray[np.complex64]]]]
        self._begin()
        self.setup_ports(
            {port: self._adder(user) for user, port in enumerate(self._ports)},
            limits=dict.fromkeys(self._ports, QUEUE_LIMIT),
        )
        set_output_buffer(self, OUTPUT_BUFFER)

    def _begin(self) -> None:
        self._queues = [deque() for _ in range(self.config.users)]
        self._current = np.zeros((self.config.users, 0), dtype=np.complex64)
        self._waiting_since: float | None = None
        self._ending = False

    def start(self) -> bool:
        """Begin with empty queues."""
        self._begin()
        return super().start()

    def set_amplitude(self, amplitude: float) -> None:
        """Factor on every sample of the frames that follow."""
        self.amplitude = float(amplitude)

    def set_patience_s(self, patience_s: float) -> None:
        """Seconds a frame waits for a user at most, from now on."""
        self.patience_s = float(patience_s)

    def backlog(self, port: str) -> int:
        """Fragments waiting, here and in GNU Radio's queue."""
        held = len(self._queues[self._ports.index(port)]) if port in self._ports else 0
        return super().backlog(port) + held

    def _adder(self, user: int) -> Any:
        return lambda pdu: self._add(user, pdu)

    def _add(self, user: int, pdu: Any) -> None:
        _, header, symbols = read_fragment(pdu)
        if len(self._queues[user]) >= self.max_queue:
            self.drop(f"[{self._ports[user]}] {self.max_queue} fragments wait already")
            return
        most = self.config.waveform.max_payload
        if symbols.size > most:
            self.drop(f"[{self._ports[user]}] {symbols.size} symbols, a burst holds {most}")
            return
        self._queues[user].append((header, symbols))

    def finish(self) -> None:
        """The stream ends when everything queued has been sent: `work` sees to it."""
        self._ending = True

    def _may_send(self, user: int) -> bool:
        """Whether a fragment of that user is on its way, or a block that feeds it still runs."""
        port, mine = self._ports[user], self.alias()
        running = any(
            not block._ended
            and not block._stopped
            and any(alias == mine and to == port for _, alias, to in block._subscriptions())
            for block in _known_blocks()
            if block is not self
        )
        # In this order: a block that has ended meanwhile has sent its last fragment before.
        return running or super().backlog(port) > 0

    def _ready(self) -> bool:
        """Whether the next frame may go."""
        if not any(self._queues):
            return False
        now = time.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        if self.patience_s and now - self._waiting_since >= self.patience_s:
            return True
        return self._ending or not any(
            not queue and self._may_send(user) for user, queue in enumerate(self._queues)
        )

    def _next(self) -> NDArray[np.complex64]:
        """The slot that follows on the air, [users, samples]; of no samples when there is none."""
        if not self._ready():
            return self._current[:, :0]
        self._waiting_since = None
        slot = np.zeros((self.config.users, self.config.slot_len), dtype=np.complex64)
        for user, queue in enumerate(self._queues):
            if queue:
                burst = self._modulators[user].modulate(*queue.popleft())
                np.multiply(burst, np.float32(self.amplitude), out=slot[user, : burst.size])
        self.frames += 1
        return slot

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """Fill the outputs with what there is to send."""
        size = output_items[0].size
        done = 0
        while done < size:
            if not self._current.size:
                self._current = self._next()
                if not self._current.size:
                    break
            n = min(size - done, self._current.shape[1])
            for out, samples in zip(output_items, self._current, strict=True):
                out[done : done + n] = samples[:n]
            self._current = self._current[:, n:]
            done += n
        if done == 0:
            if self._ending:
                self._ended = True
                return -1
            # GNU Radio asks a source that gave nothing again at once.
            time.sleep(_IDLE_S)
        return done
