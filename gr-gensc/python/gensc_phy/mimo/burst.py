"""Burst modulator of one user of the multi-user frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.sequences import header_scrambling, payload_order, user_pilots
from gensc_phy.waveform.burst import BurstModulator
from gensc_phy.waveform.header import Header


class UserModulator(BurstModulator):
    """Turns (header, payload symbols) into one user's part of a frame; see `MimoConfig`.

    Frames are built by adding up the parts on the air: all of them start at the same sample.
    Scaling is that of `BurstModulator`.

    Args:
        cfg: uplink.
        user: which one, 0 … users - 1.

    Raises:
        ValueError: no such user.
    """

    def __init__(self, cfg: MimoConfig, user: int) -> None:
        if not 0 <= user < cfg.users:
            raise ValueError(f"user {user}: there are {cfg.users}")
        super().__init__(cfg.waveform)
        w = cfg.waveform
        turn = w.ce_symbols * w.symbol_len
        preamble, ce = self._training[: w.preamble_len], self._training[w.preamble_len :]
        turns = np.zeros((cfg.users, turn), dtype=np.complex64)
        turns[user] = ce
        self._training = np.concatenate([preamble, turns.ravel()])
        self.user = user
        self._pilots = user_pilots(cfg)[user]
        # The users' pilots stand still: they take turns on each of them.
        rows = len(self._pilots)
        self._data_bins = np.tile(w.carriers[w.data_positions], (rows, 1))
        self._pilot_bins = np.tile(w.carriers[w.pilot_positions], (rows, 1))
        self._scrambling = header_scrambling(cfg)[user]

    def _header(self, header: Header) -> NDArray[np.complex64]:
        return super()._header(header) * self._scrambling

    def modulate(self, header: Header, symbols: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """The user's part of a frame, without the gap; see `BurstModulator.modulate`."""
        return super().modulate(header, symbols[payload_order(self.user, len(symbols))])
