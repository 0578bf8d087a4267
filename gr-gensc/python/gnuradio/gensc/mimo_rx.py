"""Multi-user receiver block."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.frame import UserBurst
from gensc_phy.mimo.receiver import MimoReceiver
from gnuradio import gr

from .burst_rx import INPUT_CHUNK, burst_rx
from .errors import GenscError
from .message_ports import MessagePorts
from .mimo_ports import user_ports


class mimo_rx(burst_rx):
    """Finds frames in the antennas' streams and sends every user's payload on a port of its own.

    Input a is antenna a; [fragment0] gives the bursts of user 0, and so on, each for an assembler
    of its own: different users may send images of the same number. Metadata are those of
    `burst_rx`, with `snr_db` measured behind the separation of the users, and on [stats] there are
    two more counters, `bursts` and `unheard`.

    Args:
        config: uplink.
        separation: "zf" or "mmse".
        stats_interval_s: seconds between [stats] messages.

    Raises:
        GenscError: another separation.
    """

    def __init__(
        self, config: MimoConfig, separation: str = "mmse", stats_interval_s: float = 1.0
    ) -> None:
        gr.sync_block.__init__(self, "mimo_rx", [np.complex64] * config.antennas, None)
        self.config = config
        self.stats_interval_s = float(stats_interval_s)
        self.separation = separation
        self._receiver = self._new_receiver()
        self._stats_due = 0.0
        self._ports = user_ports("fragment", config.users)
        self.setup_ports({"end": self._end}, [*self._ports, "stats"], controls=["end"])
        # GNU Radio sizes the buffers before this block by its output multiple.
        self.set_output_multiple(INPUT_CHUNK)

    def _new_receiver(self) -> MimoReceiver:
        try:
            return MimoReceiver(self.config, self.separation)
        except ValueError as error:
            raise GenscError(str(error)) from error

    def set_separation(self, separation: str) -> None:
        """ "zf" or "mmse", from the next frame on.

        Raises:
            GenscError: another one.
        """
        try:
            self._receiver.set_separation(separation)
        except ValueError as error:
            raise GenscError(str(error)) from error
        self.separation = separation

    def start(self) -> bool:
        """Begin with an empty receiver."""
        # See burst_rx.
        self.set_output_multiple(1)
        self._receiver = self._new_receiver()
        self._stats_due = time.monotonic() + self.stats_interval_s
        return MessagePorts.start(self)

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Give the receiver all samples there are."""
        super().work([np.stack(input_items)], output_items)
        return len(input_items[0])

    def _port_of(self, burst: UserBurst) -> str:
        """Every user has a port of its own."""
        return self._ports[burst.user]
