"""Training pairs (decoded, original, SNR) from a frozen codec over random channels."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from gensc_models.codecs.jscc import JsccCodec
from gensc_models.codecs.layout import SideInfo
from gensc_models.codecs.softcast.linear import real_channels
from gensc_models.restore.refiner.config import CALIBRATION_SNRS_DB

# What the codec takes at once while a pool is filled: so many pictures, or more small ones.
IMAGES_PER_PASS = 8
PIXELS_PER_PASS = 1 << 16


class Pairs(NamedTuple):
    """Decoded and original images uint8 ``B x 3 x H x W`` and the receiver's SNR ``B`` in dB."""

    decoded: Tensor
    original: Tensor
    snr_db: Tensor

    def __len__(self) -> int:
        return len(self.snr_db)


class ImageSampler(Protocol):
    """Anything that draws square images, such as :class:`gensc_models.data.photos.CropSampler`."""

    def batch(self, count: int, size: int) -> Tensor:
        """``count x 3 x size x size`` in [0, 1]."""
        ...


@dataclass(frozen=True)
class LinkRange:
    """What links the pairs come from: SNRs in dB, rates of the codec, share of block fading.

    ``rayleigh`` of the images meet one CN(0, 1) gain each. Then the receiver's SNR is that of the
    image, gain included; ``mean_told`` of the images are refined with the mean SNR instead, so
    that a wrong condition does little harm. ``encoder_error_db`` and ``receiver_error_db`` are the
    standard deviations of what the two ends believe.
    """

    rates: tuple[int, ...]
    snr_low: float = 0.0
    snr_high: float = 20.0
    rayleigh: float = 0.35
    mean_told: float = 0.1
    encoder_error_db: float = 1.0
    receiver_error_db: float = 0.5
    lowest_met_db: float = -6.0


@torch.no_grad()
def transmit(
    codec: JsccCodec,
    image: Tensor,
    met_db: Tensor,
    design_db: Tensor,
    rate: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Images ``B x 3 x H x W`` in [0, 1] through codec and flat channel; rounded uint8.

    ``met_db`` is the SNR of each image, channel gain included; ``design_db`` the SNR that the
    encoder was told. Sides are multiples of 16.
    """
    sent, scale = codec.network.encode(image, design_db, rate)
    used = torch.pow(10.0, met_db / 10.0)[:, None, None, None].expand_as(sent)
    precision = used * real_channels(rate)
    noise = torch.randn(sent.shape, generator=generator).to(sent.device)
    received = (sent + noise * used.rsqrt()) * (precision > 0)
    decoded = codec.network.decode(received, precision, scale, design_db, rate)
    return (decoded.nan_to_num(0.5).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)


class ImageSetSampler:
    """Draws from a set of images of one size (uint8 ``N x S x S x 3``), mirrored or not."""

    def __init__(self, images: np.ndarray, seed: int) -> None:
        self.images = images
        self.random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> Tensor:
        """``count x 3 x size x size`` in [0, 1]; ``size`` is the images' own.

        Raises
        ------
        ValueError
            Another size.
        """
        if self.images.shape[1:3] != (size, size):
            raise ValueError(f"the images are {self.images.shape[1:3]}, not {size}x{size}")
        chosen = self.images[self.random.integers(len(self.images), size=count)]
        mirrored = self.random.random(count) < 0.5
        chosen[mirrored] = chosen[mirrored, :, ::-1]
        return torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / 255.0


class PairMaker:
    """Draws images and links and cuts the decoded pictures into tiles.

    Whole pictures of ``size`` are coded, as a receiver would meet them (power is one per picture),
    and training sees tiles of ``tile`` pixels of them.
    """

    def __init__(
        self,
        codecs: Sequence[JsccCodec],
        sampler: ImageSampler,
        links: LinkRange,
        size: int,
        tile: int,
        seed: int,
    ) -> None:
        if size % tile or size % 16:
            raise ValueError(f"size {size} must be a multiple of 16 and of the tile {tile}")
        self.codecs, self.sampler, self.links = tuple(codecs), sampler, links
        self._turn = 0
        self.size, self.tile = size, tile
        self.generator = torch.Generator().manual_seed(seed)

    @property
    def tiles_per_image(self) -> int:
        """Tiles cut from one coded picture."""
        return (self.size // self.tile) ** 2

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.generator)

    def _normal(self, count: int) -> Tensor:
        return torch.randn(count, generator=self.generator)

    def draw_links(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """SNR met, the encoder's SNR, the receiver's SNR (dB) and the rate, each ``count``."""
        links = self.links
        mean = links.snr_low + self._uniform(count) * (links.snr_high - links.snr_low)
        gain_db = 10.0 * torch.log10(-torch.log(self._uniform(count).clamp_min(1e-6)))
        faded = self._uniform(count) < links.rayleigh
        met = torch.where(faded, mean + gain_db, mean).clamp_min(links.lowest_met_db)
        design = (mean + links.encoder_error_db * self._normal(count)).clamp(-5.0, 25.0)
        told = torch.where(self._uniform(count) < links.mean_told, mean, met)
        told = told + links.receiver_error_db * self._normal(count)
        rates = torch.tensor(links.rates)
        rate = rates[(self._uniform(count) * len(rates)).long()]
        return met, design, told, rate

    def make(self, images: int) -> Pairs:
        """Tiles of that many freshly drawn pictures, transmitted by the codec whose turn it is."""
        met, design, told, rate = self.draw_links(images)
        original = (self.sampler.batch(images, self.size) * 255.0).round()
        codec = self.codecs[self._turn % len(self.codecs)]
        self._turn += 1
        device = next(codec.network.parameters()).device
        decoded = transmit(
            codec,
            original.to(device) / 255.0,
            met.to(device),
            design.to(device),
            rate.to(device),
            self.generator,
        )
        return Pairs(
            self._cut(decoded.cpu()),
            self._cut(original.to(torch.uint8)),
            told.repeat_interleave(self.tiles_per_image),
        )

    def _cut(self, images: Tensor) -> Tensor:
        """``B x 3 x size x size`` to tiles ``B n x 3 x tile x tile``, an image's in a row."""
        n = self.size // self.tile
        parts = images.reshape(len(images), 3, n, self.tile, n, self.tile)
        return parts.permute(0, 2, 4, 1, 3, 5).reshape(-1, 3, self.tile, self.tile)


class PairPool:
    """A ring of pairs, so that each is used several times and the codec does not set the pace."""

    def __init__(self, maker: PairMaker, capacity: int, seed: int) -> None:
        per_image = maker.tiles_per_image
        self.maker = maker
        self.capacity = max(IMAGES_PER_PASS, capacity // per_image) * per_image
        self.generator = torch.Generator().manual_seed(seed)
        shape = (self.capacity, 3, maker.tile, maker.tile)
        self._decoded = torch.empty(shape, dtype=torch.uint8)
        self._original = torch.empty(shape, dtype=torch.uint8)
        self._snr_db = torch.empty(self.capacity)
        self._next = self.filled = 0

    def fill(self, count: int) -> None:
        """Adds pairs until the pool holds so many, or all that it can."""
        at_once, per_image = PIXELS_PER_PASS // self.maker.size**2, self.maker.tiles_per_image
        while (missing := min(count, self.capacity) - self.filled) > 0:
            self.refresh(max(IMAGES_PER_PASS, min(at_once, missing // per_image)))

    def everything(self) -> Pairs:
        """All pairs held."""
        part = slice(0, self.filled)
        return Pairs(self._decoded[part], self._original[part], self._snr_db[part])

    def refresh(self, images: int) -> None:
        """Replaces the oldest pairs by those of newly transmitted pictures."""
        new = self.maker.make(images)
        where = (self._next + torch.arange(len(new))) % self.capacity
        self._decoded[where], self._original[where] = new.decoded, new.original
        self._snr_db[where] = new.snr_db
        self._next = (self._next + len(new)) % self.capacity
        self.filled = min(self.capacity, self.filled + len(new))

    def sample(self, count: int) -> Pairs:
        """Pairs drawn with replacement."""
        where = torch.randint(self.filled, (count,), generator=self.generator)
        return Pairs(self._decoded[where], self._original[where], self._snr_db[where])

    def refreshed(self, count: int, every: int, images: int) -> Callable[[], Pairs]:
        """A source of ``count`` pairs; every so many times that many pictures are sent anew."""
        turns = itertools.count()

        def draw() -> Pairs:
            if next(turns) % every == 0:
                self.refresh(images)
            return self.sample(count)

        return draw


def calibration_pairs(codec: JsccCodec, images: Tensor, rate: int, fade_db: float = 0.0) -> Pairs:
    """Images ``N x 3 x S x S`` in [0, 1], each received at every SNR of the calibration.

    The encoder expected an SNR that was higher by ``fade_db``.
    """
    rates = torch.full((len(images),), rate)
    decoded, original, met = [], (images * 255.0).round().to(torch.uint8), []
    for snr_db in CALIBRATION_SNRS_DB:
        generator = torch.Generator().manual_seed(round(snr_db))
        snr = torch.full((len(images),), snr_db)
        design = (snr + fade_db).clamp_max(SideInfo.SNR_HIGH_DB)
        decoded.append(transmit(codec, images, snr, design, rates, generator))
        met.append(snr)
    return Pairs(torch.cat(decoded), original.repeat(len(met), 1, 1, 1), torch.cat(met))


def validation_pairs(
    codec: JsccCodec, images: Sequence[Tensor], rates: Sequence[int], snr_db: float, seed: int
) -> list[Pairs]:
    """Each image (``1 x 3 x H x W`` in [0, 1]) at one SNR over AWGN, the rates in turn."""
    device = next(codec.network.parameters()).device
    result = []
    for i, image in enumerate(images):
        generator = torch.Generator().manual_seed(seed + i)
        snr = torch.tensor([snr_db])
        rate = torch.tensor([rates[i % len(rates)]], device=device)
        on_device = snr.to(device)
        decoded = transmit(codec, image.to(device), on_device, on_device, rate, generator)
        original = (image * 255.0).round().to(torch.uint8)
        result.append(Pairs(decoded.cpu(), original, snr))
    return result
