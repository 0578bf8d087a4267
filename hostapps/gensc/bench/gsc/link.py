"""Seeds and the torch channel as `gensc bench gened` uses them until it stands on the engine."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Symbols = NDArray[np.complex64]
Variances = NDArray[np.float32]


def through(symbols: Symbols, channel: str, snr_db: float, seed: int) -> tuple[Symbols, Variances]:
    """Equalised symbols and their noise variances, both [N, S], of images as rows of symbols."""
    import torch

    from gensc_models.channels.single import simulate

    generator = torch.Generator().manual_seed(seed)
    out = simulate(torch.from_numpy(symbols), channel, snr_db, generator)
    return out.received.numpy(), out.noise_var.numpy()


def seed_of(*numbers: int) -> int:
    """One seed from several numbers: unlike a sum, no two tuples share their noise."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def batch_seed(seed: int, channel: str, snr_db: float, first: int) -> int:
    """Seed of channel and noise of the batch that begins with image number `first`."""
    return seed_of(seed, crc32(channel.encode()), round(100 * (snr_db + 100)), first)
