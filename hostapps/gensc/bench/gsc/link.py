"""Many images of one size at once over the torch channel: channel, decode, refine.

The channel is :func:`gensc_models.channels.single.simulate` with one image per row, perfect channel
knowledge and unit power per image. Who draws with the same seed meets the same gains and noise,
whatever the scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gensc_models import Encoded
    from gensc_models.codecs.codec import Codec

#: Images in one pass of a network.
BATCH = 100

Images = NDArray[np.uint8]
Symbols = NDArray[np.complex64]
Variances = NDArray[np.float32]


class RefinesImages(Protocol):
    """A refiner, as far as it is used here: :class:`gensc_models.restore.refiner.Refiner`."""

    def refine_images(self, images: list[Images], snrs_db: list[float]) -> list[Images]:
        """Images of one size, each with the SNR of its link."""
        ...


def through(symbols: Symbols, channel: str, snr_db: float, seed: int) -> tuple[Symbols, Variances]:
    """Equalised symbols and their noise variances, both [N, S], of images as rows of symbols."""
    import torch

    from gensc_models.channels.single import simulate

    generator = torch.Generator().manual_seed(seed)
    out = simulate(torch.from_numpy(symbols), channel, snr_db, generator)
    return out.received.numpy(), out.noise_var.numpy()


def decode(
    codec: Codec, sent: Sequence[Encoded], received: Symbols, noise_var: Variances
) -> Images:
    """The images, uint8 [N, H, W, 3], from the symbols [N, S] received of them."""
    sections = [
        e.received(symbols, variance)
        for e, symbols, variance in zip(sent, received, noise_var, strict=True)
    ]
    return np.stack(codec.decode_images(sections))


def refine(refiner: RefinesImages, images: Images, noise_var: Variances) -> Images:
    """The refined images; each is told its own SNR behind the equaliser."""
    snrs_db = -10.0 * np.log10(np.asarray(noise_var, np.float64).mean(axis=1))
    return np.stack(refiner.refine_images(list(images), snrs_db.tolist()))


def seed_of(*numbers: int) -> int:
    """One seed from several numbers: unlike a sum, no two tuples share their noise."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def batch_seed(seed: int, channel: str, snr_db: float, first: int) -> int:
    """Seed of channel and noise of the batch that begins with image number `first`."""
    return seed_of(seed, crc32(channel.encode()), round(100 * (snr_db + 100)), first)
