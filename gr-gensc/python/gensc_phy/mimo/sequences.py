"""Known sequences of the multi-user frame: whose pilot is where, and the headers' scrambling."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding.pseudorandom import permutation
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.waveform.sequences import ce_carriers, pilots, qpsk_sequence


@lru_cache(maxsize=8)
def user_pilots(cfg: MimoConfig) -> NDArray[np.complex64]:
    """Pilots of every user; [users, header + max payload, n_pilots], 0 where another's turn is.

    Pilot p of symbol m belongs to user (p + m) mod users, so that every user comes by on every
    pilot carrier and, with no more users than pilots, in every symbol. Their amplitude makes up
    for the turns left out.
    """
    all_pilots = pilots(cfg.waveform)
    m, p = np.indices(all_pilots.shape)
    mine = (p + m) % cfg.users == np.arange(cfg.users)[:, None, None]
    return (mine * all_pilots * np.sqrt(cfg.users)).astype(np.complex64)


@lru_cache(maxsize=8)
def header_scrambling(cfg: MimoConfig) -> NDArray[np.complex64]:
    """Factors 1, j, -1, -j on every user's header; [users, header_symbols, n_data].

    Headers of different users are nearly the same bits: unscrambled, no estimate could tell their
    channels apart, and a burst could be read as another user's. User 0 has none.
    """
    w = cfg.waveform
    shape = (cfg.users, w.header_symbols, w.n_data)
    turns = np.ones(shape, dtype=np.complex64)
    for user in range(1, cfg.users):
        sequence = qpsk_sequence(shape[1] * shape[2], 0x5C4A + user)
        turns[user] = (sequence * np.exp(-0.25j * np.pi)).reshape(shape[1:])
    return turns


@lru_cache(maxsize=8)
def frame_template(cfg: MimoConfig) -> NDArray[np.complex64]:
    """Training and header pilots of every user; [users, overhead, occupied], 0 elsewhere."""
    w = cfg.waveform
    template = np.zeros((cfg.users, cfg.overhead_symbols, w.occupied), dtype=np.complex64)
    for user in range(cfg.users):
        template[user, user * w.ce_symbols : (user + 1) * w.ce_symbols] = ce_carriers(w)
    in_header = user_pilots(cfg)[:, : w.header_symbols]
    template[:, cfg.training_symbols :, w.pilot_positions] = in_header
    template.setflags(write=False)
    return template


def payload_order(user: int, n: int) -> NDArray[np.int64]:
    """Order in which a user sends the n payload symbols of a burst; user 0 keeps theirs.

    An encoder's first symbols may be far stronger than its last. Sent side by side, those of
    different users would meet, and what the separation leaves of one in the other would be no
    noise but a ghost of its image.
    """
    return permutation(n, 0x0DE2 + user) if user else np.arange(n)
