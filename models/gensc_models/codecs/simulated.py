"""A codec over a simulated channel."""

from __future__ import annotations

import numpy as np
import torch

from gensc_models.channels.parameters import ChannelParameters
from gensc_models.channels.single import simulate
from gensc_models.codecs.codec import Codec, Encoded
from gensc_models.data.photos import Photo


def receive(
    codec: Codec, sent: Encoded, channel: str | ChannelParameters, snr_db: float, seed: int
) -> Photo:
    """All symbols through one simulated channel with a generator of its own, and decoded.

    As many symbols go through it as the image is counted with, so that whatever codec sends them
    meets the same channel; side information arrives.
    """
    generator = torch.Generator().manual_seed(seed)
    symbols = np.pad(sent.symbols, (0, sent.side_symbols), constant_values=1.0)
    received, noise_var = simulate(torch.from_numpy(symbols), channel, snr_db, generator)
    count = len(sent.symbols)
    return codec.decode_image(sent.received(received[:count].numpy(), noise_var[:count].numpy()))
