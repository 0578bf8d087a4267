"""Swin JSCC: shifted-window transformers as the residual around the linear code.

The trunk (KLT, gains, spreading, LLSE) is that of :mod:`gensc_models.codecs.photo.network`; this
module gives the two networks. They are those of the GSC paper, section III-A: patch embedding, then
stages of Swin blocks with patch merging between them; the decoder runs them in reverse. The SNR and
rate modulate every block (after Yang et al., SwinJSCC, 2023), the noise variance of every symbol
reaches the decoder as reliability maps. ``CIFAR`` is the paper's configuration (two stages, window
2, heads and widths by configuration), ``PHOTO`` has four stages and any CBR up to 1/6.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.deepjscc.base import ConvolutionalBase, by_position
from gensc_models.codecs.deepjscc.network import GRID, LATENT
from gensc_models.codecs.layers import Conditioner, FilmStack, zero_initialised
from gensc_models.codecs.photo.network import ResidualJscc, rate_feature, snr_feature
from gensc_models.codecs.softcast.linear import COEFFICIENTS, MAX_RATE, PATCH, LinearCode
from gensc_models.codecs.softcast.wide import WideLinearCode
from gensc_models.codecs.swin.transformer import PatchDivision, PatchMerging, SwinStage
from gensc_models.data.photos import BLOCK

COLOURS = 3


@dataclass(frozen=True)
class SwinConfig:
    """Shape of both networks; stage i works on patches of ``first_patch * 2^i`` pixels.

    ``detail_depth`` residual convolutions of ``detail_width`` work at half the resolution before
    the encoder's first stage and behind the decoder's last; 0 leaves them out, as the paper has it.
    ``wide`` takes the linear code of :mod:`gensc_models.codecs.softcast.wide`.
    ``convolutional_snrs_db`` are the SNRs of the networks of DeepJSCC
    (:mod:`gensc_models.codecs.deepjscc.base`) that serve as the base code instead of the
    linear one at the full rate and design SNRs below ``convolutional_below_db``; none: the linear
    code serves everywhere.

    Raises
    ------
    ValueError
        The tuples differ in length, the last patch is not 2 to 16 pixels wide, or there is a
        convolutional base code without ``detail_depth``.
    """

    widths: tuple[int, ...] = (64, 128)
    depths: tuple[int, ...] = (2, 4)
    heads: tuple[int, ...] = (2, 4)
    first_patch: int = 4
    window: int = 2
    mlp_ratio: float = 2.0
    condition: int = 64
    detail_width: int = 0
    detail_depth: int = 0
    wide: bool = False
    convolutional_snrs_db: tuple[float, ...] = ()
    convolutional_below_db: float = 11.5

    def __post_init__(self) -> None:
        stages = len(self.widths)
        # Lists come out of config.json.
        for name in ("widths", "depths", "heads", "convolutional_snrs_db"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not (stages == len(self.depths) == len(self.heads)):
            raise ValueError("widths, depths and heads must have one entry per stage")
        if self.convolutional_snrs_db and not self.detail_depth:
            raise ValueError("a convolutional base code needs detail_depth")
        if not stages or self.first_patch % 2 or BLOCK % self.patch:
            raise ValueError(f"{stages} stages from patches of {self.first_patch}: a block has 16")

    @property
    def patch(self) -> int:
        """Pixels along a side of a token of the last stage."""
        return self.patch_of(len(self.widths) - 1)

    def patch_of(self, i: int) -> int:
        """Pixels along a side of a token of stage i."""
        return self.first_patch * 2**i

    def convolutional(self, snr_db: Tensor, rate: Tensor) -> Tensor:
        """Which images have the convolutional base code, ``B`` of bool."""
        if not self.convolutional_snrs_db:
            return torch.zeros_like(snr_db, dtype=torch.bool)
        return (snr_db < self.convolutional_below_db) & (rate == MAX_RATE)

    def stage(self, i: int) -> SwinStage:
        """A new stage of that number."""
        return SwinStage(
            self.widths[i], self.depths[i], self.heads[i], self.window, self.mlp_ratio,
            self.condition,
        )  # fmt: skip


CIFAR = SwinConfig(
    detail_width=48, detail_depth=2, wide=True, convolutional_snrs_db=(1.0, 4.0, 7.0, 10.0)
)
PHOTO = SwinConfig(
    (64, 96, 192), (2, 2, 2), (2, 3, 6), first_patch=4, window=8, detail_width=32, detail_depth=1
)
# As SwinJSCC publishes its base model; for those with a GPU.
PHOTO_BASE = SwinConfig((128, 192, 256, 320), (2, 2, 6, 2), (4, 6, 8, 10), 2, 8, 4.0)


def patches(image: Tensor, size: int) -> Tensor:
    """``B x C x H x W`` to tokens ``B x H/size x W/size x (C size^2)``."""
    return F.pixel_unshuffle(image, size).permute(0, 2, 3, 1)


def unpatch(tokens: Tensor, size: int) -> Tensor:
    """Inverse of :func:`patches`."""
    return F.pixel_shuffle(tokens.permute(0, 3, 1, 2), size)


def per_base(convolutional: Tensor, ours: Tensor, linear: Tensor) -> Tensor:
    """For every image that of the two results, ``B x ...``, which belongs to its base code."""
    return torch.where(convolutional.view(-1, *[1] * (linear.ndim - 1)), ours, linear)


class DetailIn(nn.Module):
    """Image to features at half its resolution, with a look over the borders of the patches."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        self.pixels = nn.Conv2d(COLOURS * 4, config.detail_width, 3, padding=1)
        self.stack = FilmStack(config.detail_width, config.detail_depth, config.condition)

    def forward(self, view: Tensor, condition: Tensor) -> Tensor:
        """``B x 3 x H x W`` to ``B x detail_width x H/2 x W/2``."""
        return self.stack(self.pixels(F.pixel_unshuffle(view, 2)), condition)


class DetailOut(nn.Module):
    """Tokens of the first stage to the correction of the image; starts as zero."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        self.factor = config.first_patch // 2
        self.tokens = nn.Linear(config.widths[0], config.detail_width * self.factor**2)
        self.pixels = nn.Conv2d(2 * COLOURS * 4, config.detail_width, 3, padding=1)
        self.stack = FilmStack(config.detail_width, config.detail_depth, config.condition)
        self.out = zero_initialised(nn.Conv2d(config.detail_width, COLOURS * 4, 3, padding=1))
        self.out_convolutional = None
        if config.convolutional_snrs_db:
            last = nn.Conv2d(config.detail_width, COLOURS * 4, 3, padding=1)
            self.out_convolutional = zero_initialised(last)

    def forward(
        self, x: Tensor, received: Tensor, view: Tensor, condition: Tensor, convolutional: Tensor
    ) -> Tensor:
        """Tokens, and two pictures ``B x 3 x H x W`` to look at, to ``B x 3 x H x W``.

        ``convolutional`` (``B``) says which images have that base code.
        """
        seen = F.pixel_unshuffle(torch.cat([received, view], dim=1), 2)
        x = unpatch(self.tokens(x), self.factor) + self.pixels(seen)
        x = self.stack(x, condition)
        out = self.out(x)
        if self.out_convolutional is not None:
            out = per_base(convolutional, self.out_convolutional(x), out)
        return F.pixel_shuffle(out, 2)


class SwinEncoder(nn.Module):
    """Adds to the linear symbols what the image itself suggests; starts as zero."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        widths, c = config.widths, config
        self.first_patch, self.patch = c.first_patch, c.patch
        self.conditioner = Conditioner(2, c.condition)
        self.detail = DetailIn(c) if c.detail_depth else None
        values = COLOURS * c.first_patch**2
        self.embed = nn.Linear(c.detail_width * (c.first_patch // 2) ** 2 or values, widths[0])
        self.stages = nn.ModuleList(c.stage(i) for i in range(len(widths)))
        self.merge = nn.ModuleList(PatchMerging(*pair) for pair in pairwise(widths))
        self.norm = nn.LayerNorm(widths[-1])
        # The additions are made patch by patch (as many numbers as the patch has values) and
        # gathered over the block, where the channels of the linear code live.
        self.per_patch = nn.Linear(widths[-1], COLOURS * c.patch**2)
        self.out = zero_initialised(nn.Linear(PATCH, COEFFICIENTS))
        self.latents: nn.Linear | None = None
        if c.convolutional_snrs_db:
            self.latents = zero_initialised(nn.Linear(COLOURS * GRID**2, LATENT))
        self.convolutional = c.convolutional

    def forward(self, image: Tensor, whitened: Tensor, snr_db: Tensor, rate: Tensor) -> Tensor:
        """Additions to the real channels, ``B x 256 x H/16 x W/16``."""
        condition = self.conditioner(torch.stack([snr_feature(snr_db), rate_feature(rate)], 1))
        view = 2.0 * image - 1.0
        if self.detail is None:
            x = self.embed(patches(view, self.first_patch))
        else:
            x = self.embed(patches(self.detail(view, condition), self.first_patch // 2))
        for i, stage in enumerate(self.stages):
            x = stage(self.merge[i - 1](x) if i else x, condition)
        picture = unpatch(self.per_patch(self.norm(x)), self.patch)
        added = self.out(patches(picture, BLOCK)).permute(0, 3, 1, 2)
        if self.latents is None:
            return added
        latents = self.latents(patches(picture, GRID)).permute(0, 3, 1, 2)
        convolutional = self.convolutional(snr_db, rate)
        return per_base(convolutional, F.pixel_unshuffle(latents, GRID), added)


class SwinDecoder(nn.Module):
    """Corrects the linear estimate of the image; starts as zero."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        widths, c = config.widths, config
        self.sizes = [c.patch_of(i) for i in range(len(widths))]
        self.conditioner = Conditioner(4, c.condition)
        self.features = nn.Linear(3 * COEFFICIENTS, PATCH)
        self.latents: nn.Linear | None = None
        if c.convolutional_snrs_db:
            self.latents = nn.Linear(3 * LATENT, COLOURS * GRID**2)
        self.picture = nn.ModuleList(
            nn.Linear(COLOURS * c.patch_of(i) ** 2, width) for i, width in enumerate(widths)
        )
        self.received = nn.Linear(COLOURS * c.patch**2, widths[-1])
        self.stages = nn.ModuleList(c.stage(i) for i in range(len(widths)))
        self.divide = nn.ModuleList(
            PatchDivision(wide, narrow) for narrow, wide in pairwise(widths)
        )
        self.norm = nn.LayerNorm(widths[0])
        self.detail = DetailOut(c) if c.detail_depth else None
        last = nn.Linear(widths[0], COLOURS * c.first_patch**2)
        self.out = None if c.detail_depth else zero_initialised(last)

    def forward(
        self, features: Tensor, base_image: Tensor, scalars: Tensor, convolutional: Tensor
    ) -> Tensor:
        """Correction of the image, ``B x 3 x H x W``, in units of the expected error.

        ``convolutional`` (``B``) says which images have that base code.
        """
        condition = self.conditioner(scalars)
        view = 2.0 * base_image - 1.0
        last = len(self.stages) - 1
        received = unpatch(self.features(features.permute(0, 2, 3, 1)), BLOCK)
        if self.latents is not None:
            latents = unpatch(self.latents(by_position(features)), GRID)
            received = per_base(convolutional, latents, received)
        x = self.received(patches(received, self.sizes[last]))
        x = x + self.picture[last](patches(view, self.sizes[last]))
        x = self.stages[last](x, condition)
        for i in range(last - 1, -1, -1):
            x = self.divide[i](x) + self.picture[i](patches(view, self.sizes[i]))
            x = self.stages[i](x, condition)
        if self.detail is not None:
            return self.detail(self.norm(x), received, view, condition, convolutional)
        assert self.out is not None
        return unpatch(self.out(self.norm(x)), self.sizes[0])


class SwinJscc(ResidualJscc):
    """The codec as tensors; see :class:`gensc_models.codecs.photo.network.ResidualJscc` for both
    directions.
    """

    def __init__(self, config: SwinConfig) -> None:
        linear = WideLinearCode() if config.wide else LinearCode()
        super().__init__(SwinEncoder(config), SwinDecoder(config), linear)
        self.config = config
        if config.convolutional_snrs_db:
            self.base = ConvolutionalBase(config.convolutional_snrs_db)

    def encode(self, image: Tensor, snr_db: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`ResidualJscc.encode`; the convolutional code needs no scale, so it is 1."""
        sent, scale = super().encode(image, snr_db, rate)
        return sent, torch.where(self.config.convolutional(snr_db, rate), 1.0, scale)

    def _base_channels(self, image: Tensor, snr_db: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        z, whitened = super()._base_channels(image, snr_db, rate)
        place = self.config.convolutional(snr_db, rate).nonzero()[:, 0]
        if len(place):
            assert self.base is not None
            z = z.index_copy(0, place, self.base.symbols(image[place], snr_db[place]))
        return z, whitened

    def _sent_power(self, snr_db: Tensor, rate: Tensor) -> Tensor:
        power = super()._sent_power(snr_db, rate)
        return per_base(self.config.convolutional(snr_db, rate), torch.ones_like(power), power)

    def _base_image(
        self, received: Tensor, precision: Tensor, scale: Tensor, snr_db: Tensor, rate: Tensor
    ) -> tuple[Tensor, Tensor]:
        image, features = super()._base_image(received, precision, scale, snr_db, rate)
        place = self.config.convolutional(snr_db, rate).nonzero()[:, 0]
        if len(place):
            assert self.base is not None
            heard, known = received[place], precision[place]
            ours, taken, reliability = self.base.estimate(heard, known, snr_db[place])
            latents = torch.cat([taken, heard * reliability, reliability], dim=1)
            image = image.index_copy(0, place, ours)
            features = features.index_copy(0, place, latents)
        return image, features

    def _correction(
        self, features: Tensor, image: Tensor, scalars: Tensor, snr_db: Tensor, rate: Tensor
    ) -> Tensor:
        assert self.decoder is not None
        return self.decoder(features, image, scalars, self.config.convolutional(snr_db, rate))
