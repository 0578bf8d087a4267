"""Fragment to stream block."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnuradio import gr

from .message_ports import MessagePorts
from .metadata import read_pdu


class fragment_to_stream(MessagePorts, gr.sync_block):
    """The payload symbols of each [fragment] as a complex stream, for a constellation display.

    Never makes upstream wait: what does not fit is left out and counted in `skipped`.

    Args:
        max_symbols: symbols queued at most.
    """

    def __init__(self, max_symbols: int = 1 << 16) -> None:
        gr.sync_block.__init__(self, "fragment_to_stream", None, [np.complex64])
        self.max_symbols = int(max_symbols)
        self.skipped = 0
        self._queue: deque[NDArray[np.complex64]] = deque()
        self._queued = 0
        self._ending = False
        self.setup_ports({"fragment": self._add}, limits={"fragment": None}, one_at_a_time=False)

    def start(self) -> bool:
        """Begin with an empty queue."""
        self._queue.clear()
        self._queued = 0
        self._ending = False
        return super().start()

    def _add(self, pdu: Any) -> None:
        _, symbols = read_pdu(pdu, np.complex64)
        if self._queued + symbols.size > self.max_symbols:
            self.skipped += int(symbols.size)
        elif symbols.size:
            self._queue.append(symbols)
            self._queued += symbols.size

    def finish(self) -> None:
        """The stream ends when everything queued is out: `work` sees to it."""
        self._ending = True

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """Fill the output with queued symbols."""
        out, done = output_items[0], 0
        while self._queue and done < out.size:
            n = min(out.size - done, self._queue[0].size)
            out[done : done + n] = self._queue[0][:n]
            done += n
            if n == self._queue[0].size:
                self._queue.popleft()
            else:
                self._queue[0] = self._queue[0][n:]
        self._queued -= done
        if not done and self._ending:
            self._ended = True
            return -1
        return done
