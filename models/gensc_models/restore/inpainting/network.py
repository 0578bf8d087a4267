"""The denoising network U of eq. 10: a small U-Net of FiLM-modulated residual blocks.

::

    x_t, smooth continuation of the kept pixels, mask
      │ unshuffle 2
     48 ──────────────────────────(+)── velocity
      └─ 96 ──────────────────(+)─┘
          └─ 128 ─────────────┘

It is told the noise level and the kind of level of the pyramid, and takes any size that is a
multiple of ``config.multiple``.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.layers import Conditioner, FilmStack, Upsample, zero_initialised
from gensc_models.restore.inpainting.config import NetworkConfig
from gensc_models.restore.inpainting.pyramid import KINDS

# Colours, centred, get about the variance of the other inputs.
COLOUR_GAIN = 4.0
INPUTS = 7


class InpaintingNetwork(nn.Module):
    """Predicts the velocity of the scaled residual over the smooth continuation.

    The last layer starts at zero. ``residual_scales``, ``kinds x 3``, are the standard deviations
    of the residual per kind of level and opponent colour
    (:mod:`gensc_models.restore.inpainting.colours`): measured once, before training, and stored
    with the weights.
    """

    residual_scales: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("residual_scales", torch.ones(KINDS, 3))
        cells = config.unshuffle**2
        widths, depths, condition = config.widths, config.depths, config.condition
        self.condition = Conditioner(4 + KINDS, condition)
        self.first = nn.Conv2d(INPUTS * cells, widths[0], 3, padding=1)
        self.down_stacks = nn.ModuleList(
            FilmStack(w, d, condition) for w, d in zip(widths, depths, strict=True)
        )
        coarser = list(pairwise(widths))
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in coarser)
        self.ups = nn.ModuleList(Upsample(b, a) for a, b in coarser)
        self.joins = nn.ModuleList(nn.Conv2d(2 * a, a, 1) for a, _ in coarser)
        self.up_stacks = nn.ModuleList(
            FilmStack(w, d, condition) for w, d in zip(widths[:-1], depths[:-1], strict=True)
        )
        self.last = zero_initialised(nn.Conv2d(widths[0], 3 * cells, 3, padding=1))

    def forward(
        self, noisy: Tensor, fill: Tensor, weight: Tensor, tau: Tensor, kind: Tensor
    ) -> Tensor:
        """The velocity, ``B x 3 x H x W``.

        Parameters
        ----------
        noisy : ``x_t``, ``B x 3 x H x W``, of the residual in opponent colours, in units of their
            standard deviations.
        fill : smooth continuation of the kept pixels in [0, 1], ``B x 3 x H x W``.
        weight : mask m, ``B x 1 x H x W``, 1 where a pixel is kept.
        tau : noise level in [0, 1], ``B``.
        kind : kind of level, integers ``B``.
        """
        angle = 0.5 * torch.pi * tau[:, None]
        # Where little noise is left its size varies by orders of magnitude within a small angle.
        size = torch.log(angle.sin() + 1e-2) / 4.0
        kinds = F.one_hot(kind, KINDS).to(tau.dtype)
        condition = self.condition(
            torch.cat([angle.cos(), angle.sin(), size, tau[:, None], kinds], 1)
        )
        inputs = torch.cat([noisy, COLOUR_GAIN * (fill - 0.5), weight], dim=1)
        x = self.first(F.pixel_unshuffle(inputs, self.config.unshuffle))
        skips = []
        for i, stack in enumerate(self.down_stacks):
            x = stack(x, condition)
            if i < len(self.downs):
                skips.append(x)
                x = self.downs[i](x)
        for i in reversed(range(len(self.downs))):
            x = self.joins[i](torch.cat([skips[i], self.ups[i](x)], dim=1))
            x = self.up_stacks[i](x, condition)
        return F.pixel_shuffle(self.last(x), self.config.unshuffle)
