"""The dual-branch codec over a simulated channel."""

from __future__ import annotations

import numpy as np
import torch

from gensc_models.channels.single import simulate
from gensc_models.codecs.gened.codec import GenedCodec, GenedEncoded
from gensc_models.data.photos import Photo


def receive(codec: GenedCodec, sent: GenedEncoded, channel: str, snr_db: float, seed: int) -> Photo:
    """Both streams through one simulated channel with a generator of its own, and decoded.

    As many symbols go through it as another codec sends, so that it meets the same channel.
    """
    generator = torch.Generator().manual_seed(seed)
    symbols = np.pad(sent.symbols, (0, sent.side_symbols), constant_values=1.0)
    received, noise_var = simulate(torch.from_numpy(symbols), channel, snr_db, generator)
    first, last = len(sent.foreground), len(sent.symbols)
    return codec.decode_image(
        (received[:first].numpy(), received[first:last].numpy()),
        (noise_var[:first].numpy(), noise_var[first:last].numpy()),
        sent.section, sent.height, sent.width, sent.aux,
    )  # fmt: skip
