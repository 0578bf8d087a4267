"""One image over a torch-only channel: no waveform, perfect channel knowledge, fast."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.link.channels import without_waveform

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec


def transmit(
    codec: Codec,
    image: NDArray[np.uint8],
    channel: str,
    rate: int,
    snr_db: float,
    seed: int,
    design_snr_db: float | None = None,
) -> tuple[NDArray[np.uint8], int, dict[str, float]]:
    """One image in one stream over the torch channel.

    The encoder is told `design_snr_db`, or the true SNR.

    Returns:
        The received image, the symbols it took, and milliseconds per stage.
    """
    import torch

    from gensc_models.channels.single import simulate

    told = without_waveform(channel)
    t0 = time.perf_counter()
    encoded = codec.encode_image(image, rate, snr_db if design_snr_db is None else design_snr_db)
    t1 = time.perf_counter()
    generator = torch.Generator().manual_seed(seed)
    out = simulate(torch.from_numpy(encoded.symbols), told, snr_db, generator)
    t2 = time.perf_counter()
    received = codec.decode_image(encoded.received(out.received.numpy(), out.noise_var.numpy()))
    t3 = time.perf_counter()
    spans = {"encode": t1 - t0, "channel": t2 - t1, "decode": t3 - t2}
    return received, len(encoded.symbols), {k: 1e3 * v for k, v in spans.items()}
