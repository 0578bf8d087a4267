"""Multi-user receiver: the streams of several antennas in, every user's bursts out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.demodulate import FrameDemodulator
from gensc_phy.mimo.equalise import SEPARATIONS, Separation
from gensc_phy.mimo.frame import Frame, UserBurst
from gensc_phy.waveform.receiver import ReceiverStats, StreamReceiver


@dataclass
class MimoStats(ReceiverStats):
    """Counters of a multi-user receiver; headers_ok counts frames with at least one.

    Attributes:
        bursts: users' bursts received.
        unheard: of users that were heard sending, the headers that could not be read.
    """

    bursts: int = 0
    unheard: int = 0


class MimoReceiver(StreamReceiver[Frame, UserBurst]):
    """Finds frames in the antennas' streams and separates the users.

    `push` takes [antennas, n] and, like `flush`, returns `UserBurst`s; those of one frame follow
    each other in the order of the users, and one that is silent has none. Noise is taken to be
    equally strong in all antennas.

    Args:
        cfg: uplink.
        separation: "zf" or "mmse".

    Raises:
        ValueError: another separation.
    """

    def __init__(self, cfg: MimoConfig | None = None, separation: Separation = "mmse") -> None:
        self.mimo = cfg or MimoConfig()
        waveform = self.mimo.waveform
        self._payloads = FrameDemodulator(self.mimo)
        super().__init__(waveform, self._payloads, (self.mimo.antennas,))
        self.stats: MimoStats = MimoStats()
        self.set_separation(separation)

    def set_separation(self, separation: Separation) -> None:
        """ "zf" or "mmse", from the next frame on."""
        if separation not in SEPARATIONS:
            raise ValueError(f"separation {separation!r}: must be one of {', '.join(SEPARATIONS)}")
        self._payloads.separation = separation

    def push(self, samples: NDArray[np.complex64]) -> list[UserBurst]:
        """Take the next samples of all antennas, [antennas, n]; return the bursts they complete.

        Raises:
            ValueError: another number of antennas.
        """
        if np.ndim(samples) != 2 or len(samples) != self.mimo.antennas:
            raise ValueError(f"samples {np.shape(samples)}: must be {self.mimo.antennas} x n")
        return super().push(samples)

    def _read(self, acquired: Frame, missing: int) -> list[UserBurst]:
        bursts = self._payloads.payload(self._slice, acquired, missing)
        self.stats.bursts += len(bursts)
        self.stats.unheard += acquired.unheard
        return bursts
