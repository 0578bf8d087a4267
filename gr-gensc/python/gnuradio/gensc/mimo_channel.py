"""Simulated multi-user channel block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.mimo import MimoChannel
from gnuradio import gr

from .buffers import set_output_buffer
from .burst_tx import OUTPUT_BUFFER
from .errors import GenscError


class mimo_channel(gr.sync_block):
    """Block-fading matrix channel: K users' streams in, A antennas' streams out.

    Every antenna hears all users through a matrix of CN(0, 1) entries that changes every
    `block_len` samples, and noise of total variance 10^(-snr_db/10) per complex sample: Es/N0 in
    each antenna of a user that sends with amplitude 1 is `snr_db`, averaged over the fading. Tags
    do not pass.

    Args:
        users, antennas: K and A.
        snr_db: Es/N0 in dB; inf adds no noise.
        matrix: A rows of K numbers in place of drawn ones; None or empty draws them.
        block_len: samples that a drawn matrix lasts, best a multiple of the uplink's `slot_len`;
            0: for ever.
        gains_db: power of every user; -inf is silent. None or empty is 0 dB for all.
        cfo_hz: carrier frequency offset of every user. None or empty is none.
        seed: of matrices and noise; the same one gives the same channel.
        sample_rate: samples per second.

    Raises:
        GenscError: numbers that describe no channel.
    """

    def __init__(
        self,
        users: int = 3,
        antennas: int = 3,
        snr_db: float = 20.0,
        matrix: Sequence[Sequence[complex]] | None = None,
        block_len: int = 0,
        gains_db: Sequence[float] | None = None,
        cfo_hz: Sequence[float] | None = None,
        seed: int = 1,
        sample_rate: float = 1e6,
    ) -> None:
        if sample_rate <= 0 or seed < 0:
            raise GenscError("mimo_channel: sample_rate must be positive, seed not negative")
        self.sample_rate = float(sample_rate)
        self._users = int(users)
        try:
            self._channel = MimoChannel(
                int(users),
                int(antennas),
                snr_db=snr_db,
                matrix=None if matrix is None or not len(matrix) else matrix,
                block_len=block_len,
                gains_db=gains_db or None,
                cfo=self._normalised(cfo_hz),
                seed=seed,
            )
        except ValueError as error:
            raise GenscError(f"mimo_channel: {error}") from error
        gr.sync_block.__init__(
            self, "mimo_channel", [np.complex64] * int(users), [np.complex64] * int(antennas)
        )
        self.set_tag_propagation_policy(gr.TPP_DONT)
        set_output_buffer(self, OUTPUT_BUFFER)

    def _normalised(self, cfo_hz: Sequence[float] | None) -> list[float]:
        return [f / self.sample_rate for f in cfo_hz or [0.0] * self._users]

    def snr_db(self) -> float:
        """Es/N0 in dB."""
        return self._channel.snr_db

    def set_snr_db(self, snr_db: float) -> None:
        """Es/N0 in dB, from now on."""
        self._channel.snr_db = float(snr_db)

    def set_gains_db(self, gains_db: Sequence[float]) -> None:
        """Power of every user, from now on.

        Raises:
            GenscError: not one for every user.
        """
        try:
            self._channel.set_gains_db(gains_db or [0.0] * self._users)
        except ValueError as error:
            raise GenscError(f"mimo_channel: {error}") from error

    def set_cfo_hz(self, cfo_hz: Sequence[float]) -> None:
        """Carrier frequency offset of every user, from now on.

        Raises:
            GenscError: not one for every user.
        """
        try:
            self._channel.set_cfo(self._normalised(cfo_hz))
        except ValueError as error:
            raise GenscError(f"mimo_channel: {error}") from error

    def work(
        self, input_items: list[NDArray[np.complex64]], output_items: list[NDArray[np.complex64]]
    ) -> int:
        """Pass on what there is."""
        heard = self._channel.process(np.stack(input_items))
        for out, antenna in zip(output_items, heard, strict=True):
            out[:] = antenna
        return len(output_items[0])
