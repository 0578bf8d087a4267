"""Swin JSCC: shifted-window transformers as the residual around the linear code.

The trunk (KLT, gains, spreading, LLSE) is that of :mod:`gensc_models.jscc`; this module gives the
two networks. They are those of the GSC paper, section III-A: patch embedding of 2x2 pixels, then
stages of Swin blocks with patch merging between them; the decoder runs them in reverse. The SNR
and rate modulate every block (after Yang et al., SwinJSCC, 2023), the noise variance of every
symbol reaches the decoder as reliability maps. ``CIFAR`` is the paper's configuration (two stages,
window 2, heads and widths by configuration), ``PHOTO`` has four stages and any CBR up to 1/6.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from gensc_models.blocks import Conditioner, zero_initialised
from gensc_models.jscc import ResidualJscc, rate_feature, snr_feature
from gensc_models.linear import BLOCK, COEFFICIENTS, PATCH
from gensc_models.swin import PatchDivision, PatchMerging, SwinStage
from torch import Tensor, nn
from torch.nn import functional as F

COLOURS = 3


@dataclass(frozen=True)
class SwinConfig:
    """Shape of both networks; stage i works on patches of ``2^(i+1)`` pixels.

    Raises
    ------
    ValueError
        The tuples differ in length, or there are not 1 to 4 stages.
    """

    widths: tuple[int, ...] = (48, 128)
    depths: tuple[int, ...] = (2, 4)
    heads: tuple[int, ...] = (2, 4)
    window: int = 2
    mlp_ratio: float = 2.0
    condition: int = 64

    def __post_init__(self) -> None:
        stages = len(self.widths)
        # Lists come out of config.json.
        for name in ("widths", "depths", "heads"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not (stages == len(self.depths) == len(self.heads)):
            raise ValueError("widths, depths and heads must have one entry per stage")
        if not 1 <= stages <= 4:
            raise ValueError(f"{stages} stages: must be 1 to 4, as a block is 16 pixels wide")

    @property
    def patch(self) -> int:
        """Pixels along a side of a token of the last stage."""
        return 2 ** len(self.widths)

    def stage(self, i: int) -> SwinStage:
        """A new stage of that number."""
        return SwinStage(
            self.widths[i], self.depths[i], self.heads[i], self.window, self.mlp_ratio,
            self.condition,
        )  # fmt: skip


CIFAR = SwinConfig()
PHOTO = SwinConfig((24, 48, 96, 192), (2, 2, 4, 2), (2, 4, 6, 8), window=8)
# As SwinJSCC publishes its base model; for those with a GPU.
PHOTO_BASE = SwinConfig((128, 192, 256, 320), (2, 2, 6, 2), (4, 6, 8, 10), 8, mlp_ratio=4.0)


def patches(image: Tensor, size: int) -> Tensor:
    """``B x C x H x W`` to tokens ``B x H/size x W/size x (C size^2)``."""
    return F.pixel_unshuffle(image, size).permute(0, 2, 3, 1)


def unpatch(tokens: Tensor, size: int) -> Tensor:
    """Inverse of :func:`patches`."""
    return F.pixel_shuffle(tokens.permute(0, 3, 1, 2), size)


class SwinEncoder(nn.Module):
    """Adds to the linear symbols what the image itself suggests; starts as zero."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        widths, c = config.widths, config
        self.patch = c.patch
        self.conditioner = Conditioner(2, c.condition)
        self.embed = nn.Linear(COLOURS * 4, widths[0])
        self.stages = nn.ModuleList(c.stage(i) for i in range(len(widths)))
        self.merge = nn.ModuleList(PatchMerging(*pair) for pair in pairwise(widths))
        self.norm = nn.LayerNorm(widths[-1])
        # The additions are made patch by patch (as many numbers as the patch has values) and
        # gathered over the block, where the channels of the linear code live.
        self.per_patch = nn.Linear(widths[-1], COLOURS * c.patch**2)
        self.out = zero_initialised(nn.Linear(PATCH, COEFFICIENTS))

    def forward(self, image: Tensor, whitened: Tensor, snr_db: Tensor, rate: Tensor) -> Tensor:
        """Additions to the real channels, ``B x 256 x H/16 x W/16``."""
        condition = self.conditioner(torch.stack([snr_feature(snr_db), rate_feature(rate)], 1))
        x = self.embed(patches(2.0 * image - 1.0, 2))
        for i, stage in enumerate(self.stages):
            x = stage(self.merge[i - 1](x) if i else x, condition)
        picture = unpatch(self.per_patch(self.norm(x)), self.patch)
        return self.out(patches(picture, BLOCK)).permute(0, 3, 1, 2)


class SwinDecoder(nn.Module):
    """Corrects the linear estimate of the image; starts as zero."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        widths, c = config.widths, config
        self.conditioner = Conditioner(4, c.condition)
        self.features = nn.Linear(3 * COEFFICIENTS, PATCH)
        self.picture = nn.ModuleList(
            nn.Linear(COLOURS * 4 ** (i + 1), width) for i, width in enumerate(widths)
        )
        self.received = nn.Linear(COLOURS * c.patch**2, widths[-1])
        self.stages = nn.ModuleList(c.stage(i) for i in range(len(widths)))
        self.divide = nn.ModuleList(
            PatchDivision(wide, narrow) for narrow, wide in pairwise(widths)
        )
        self.norm = nn.LayerNorm(widths[0])
        self.out = zero_initialised(nn.Linear(widths[0], COLOURS * 4))

    def forward(self, features: Tensor, linear_image: Tensor, scalars: Tensor) -> Tensor:
        """Correction of the image, ``B x 3 x H x W``, in units of the expected error."""
        condition = self.conditioner(scalars)
        view = 2.0 * linear_image - 1.0
        last = len(self.stages) - 1
        size = 2 ** (last + 1)
        received = unpatch(self.features(features.permute(0, 2, 3, 1)), BLOCK)
        x = self.received(patches(received, size)) + self.picture[last](patches(view, size))
        x = self.stages[last](x, condition)
        for i in range(last - 1, -1, -1):
            x = self.divide[i](x) + self.picture[i](patches(view, 2 ** (i + 1)))
            x = self.stages[i](x, condition)
        return unpatch(self.out(self.norm(x)), 2)


class SwinJscc(ResidualJscc):
    """The codec as tensors; see :class:`gensc_models.jscc.ResidualJscc` for both directions."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__(SwinEncoder(config), SwinDecoder(config))
