"""Multi-user receiver block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.equalise import SEPARATIONS, Separation
from gensc_phy.mimo.frame import UserBurst
from gensc_phy.mimo.receiver import MimoReceiver

from .errors import GenscError
from .mimo_ports import user_ports
from .stream_receiver import stream_receiver


class mimo_rx(stream_receiver):
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
        self.config = config
        self.separation = _checked(separation)
        self._ports = user_ports("fragment", config.users)
        stream_receiver.__init__(
            self, "mimo_rx", self._make, config.antennas, self._ports, stats_interval_s
        )

    def _make(self) -> MimoReceiver:
        self._users = MimoReceiver(self.config, self.separation)
        return self._users

    def set_separation(self, separation: str) -> None:
        """ "zf" or "mmse", from the next frame on.

        Raises:
            GenscError: another one.
        """
        self.separation = _checked(separation)
        self._users.set_separation(self.separation)

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Give the receiver all samples there are."""
        super().work([np.stack(input_items)], output_items)
        return len(input_items[0])

    def _port_of(self, burst: UserBurst) -> str:
        """Every user has a port of its own."""
        return self._ports[burst.user]


def _checked(separation: str) -> Separation:
    for known in SEPARATIONS:
        if separation == known:
            return known
    raise GenscError(f"separation {separation!r}: must be one of {', '.join(SEPARATIONS)}")
