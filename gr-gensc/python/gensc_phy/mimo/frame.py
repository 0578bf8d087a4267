"""What is known of a multi-user frame: after its headers, and of each user at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.demodulate import Burst
from gensc_phy.waveform.header import Header


@dataclass(frozen=True)
class UserBurst(Burst):
    """One user's burst out of a frame.

    As `Burst`, with `snr_db` measured behind the separation: the mean of 1/noise_var over the
    payload, so interference and the errors of the estimates are in it. `channel` is
    [antennas, occupied].

    Attributes:
        user: whose it is, 0 … users - 1.
    """

    user: int


@dataclass(frozen=True)
class Frame:
    """A frame whose headers are read and whose payload may still be arriving.

    The axis `users` has those that were heard sending; of some the header may be unreadable.

    Attributes:
        users: their numbers, [U].
        headers: decoded headers by user.
        origin: absolute index of the first training symbol's FFT window.
        cfo: common carrier offset, cycles per sample.
        metric: detection metric.
        known: carriers of training and header as sent, 0 where not known; [U, overhead, occupied].
        received: the same as received, less the interference between carriers,
            [A, overhead, occupied].
        channel: H at the first training symbol, [A, U, occupied].
        channel_error: error variance of its entries over the noise variance, [U].
        spins: residual rotation of every user, rad per symbol, [U].
        noise: noise variance per antenna and carrier.
    """

    users: list[int]
    headers: dict[int, Header]
    origin: int
    cfo: float
    metric: float
    known: NDArray[np.complex64]
    received: NDArray[np.complex64]
    channel: NDArray[np.complex64]
    channel_error: NDArray[np.float64]
    spins: NDArray[np.float64]
    noise: float

    @property
    def header(self) -> Header:
        """The header of the longest payload."""
        return max(self.headers.values(), key=lambda h: h.length)

    @property
    def unheard(self) -> int:
        """Users whose header could not be read."""
        return len(self.users) - len(self.headers)
