"""Image to latents and back: the wavelet trunk with learned residuals, gains and hyper-analysis.

::

    v    = W(image) / step(p) + f(image, p)                     latents in quantiser steps
    q    = round(v - mean),  v^ = q + mean                      mean, scales: hyper-synthesis of z
    out  = W^-1(v^ step(p)) + step(p) * g(v^, sd, W^-1(...), p)

``f`` and ``g`` are convolutional networks whose last layer starts at zero: an untrained codec is
a wavelet codec. ``p`` is the position of the operating point (:mod:`.points`), ``v^`` an estimate
of the latents and ``sd`` its posterior standard deviation (:mod:`.posterior`), whatever the cause
of the uncertainty: a quantiser, a channel, a lost burst, a block that was not sent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.bank import posterior, wavelet
from gensc_models.codecs.bank.points import NINETEENTH, initial_step, position_of_point
from gensc_models.codecs.bank.scales import LEVELS
from gensc_models.codecs.layers import Conditioner, FilmStack, Upsample, zero_initialised

GROUP = 4
"""Latents per hyper-latent in each direction."""
MEAN_CHANNELS = 48
"""Latents whose mean is predicted too: the coarse bands. Finer details have mean zero."""


@dataclass(frozen=True)
class HyperpriorConfig:
    """Sizes of the networks: ``width_n`` channels and ``depth_n`` blocks at 1/n resolution.

    ``hyper_width`` and ``hyper_channels`` are Balle's N of the hyper-networks and the channels of
    z; ``anchors`` the number of positions at which gains are learned. ``learned_analysis`` brings
    in ``f``; without it the wavelet is the analysis, which trains in an hour on one core.
    ``points`` is the number of operating points; ``anchors`` are spread evenly over their
    positions.
    """

    learned_analysis: bool = False
    encoder_width_4: int = 48
    encoder_depth_4: int = 1
    encoder_width_8: int = 96
    encoder_depth_8: int = 1
    encoder_width_16: int = 192
    encoder_depth_16: int = 1
    decoder_width_16: int = 192
    decoder_depth_16: int = 2
    decoder_width_8: int = 128
    decoder_depth_8: int = 2
    decoder_width_4: int = 64
    decoder_depth_4: int = 3
    hyper_width: int = 128
    hyper_channels: int = 64
    anchors: int = 5
    condition: int = 32
    points: int = NINETEENTH

    @property
    def lowest(self) -> float:
        """Position of the last operating point."""
        return position_of_point(self.points)


class PositionTable(nn.Module):
    """One vector per operating position: learned at a few anchors, interpolated linearly."""

    def __init__(self, config: HyperpriorConfig, channels: int) -> None:
        super().__init__()
        self.lowest = config.lowest
        self.values = nn.Parameter(torch.zeros(config.anchors, channels))

    def forward(self, position: Tensor) -> Tensor:
        """Positions ``B``, from the lowest to 1, to ``B x channels``."""
        share = (position - self.lowest) / (1.0 - self.lowest)
        place = share * (self.values.shape[0] - 1)
        left = place.floor().clamp(0, self.values.shape[0] - 2)
        fraction = (place - left)[:, None]
        index = left.long()
        return self.values[index] * (1.0 - fraction) + self.values[index + 1] * fraction


def step(position: Tensor) -> Tensor:
    """Quantiser step in grey levels, one for all latents, ``B``.

    The basis is nearly orthonormal, so that equal steps are the best for the squared error.
    """
    low, high = math.log(initial_step(-1.0)), math.log(initial_step(1.0))
    return torch.exp(low + (high - low) * (position + 1.0) / 2.0)


def on_latents(values: Tensor) -> Tensor:
    """One number per image, ``B``, to multiply latents with."""
    return values[:, None, None, None]


class AnalysisResidual(nn.Module):
    """``f``: image ``B x 3 x H x W`` and position ``B`` to ``B x 768 x H/16 x W/16``."""

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        c = config
        self.condition = Conditioner(1, c.condition)
        self.enter = nn.Conv2d(48, c.encoder_width_4, 3, padding=1)
        self.at_4 = FilmStack(c.encoder_width_4, c.encoder_depth_4, c.condition)
        self.down_8 = nn.Conv2d(4 * c.encoder_width_4, c.encoder_width_8, 1)
        self.at_8 = FilmStack(c.encoder_width_8, c.encoder_depth_8, c.condition)
        self.down_16 = nn.Conv2d(4 * c.encoder_width_8, c.encoder_width_16, 1)
        self.at_16 = FilmStack(c.encoder_width_16, c.encoder_depth_16, c.condition)
        self.leave = zero_initialised(nn.Conv2d(c.encoder_width_16, wavelet.CHANNELS, 1))

    def forward(self, image: Tensor, position: Tensor) -> Tensor:
        """Correction of the latents in quantiser steps; zero before training."""
        condition = self.condition(position[:, None])
        x = F.relu(self.enter(F.pixel_unshuffle(4.0 * (image - 0.5), 4)))
        x = self.down_8(F.pixel_unshuffle(self.at_4(x, condition), 2))
        x = self.down_16(F.pixel_unshuffle(self.at_8(x, condition), 2))
        return self.leave(F.relu(self.at_16(x, condition)))


class SynthesisResidual(nn.Module):
    """``g``: latents, how sure they are, and what the trunk makes of them, to a correction."""

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        c = config
        self.condition = Conditioner(1, c.condition)
        self.enter = nn.Conv2d(2 * wavelet.CHANNELS, c.decoder_width_16, 1)
        self.at_16 = FilmStack(c.decoder_width_16, c.decoder_depth_16, c.condition)
        self.up_8 = Upsample(c.decoder_width_16, c.decoder_width_8)
        self.at_8 = FilmStack(c.decoder_width_8, c.decoder_depth_8, c.condition)
        self.up_4 = Upsample(c.decoder_width_8, c.decoder_width_4)
        self.picture = nn.Conv2d(48, c.decoder_width_4, 3, padding=1)
        self.at_4 = FilmStack(c.decoder_width_4, c.decoder_depth_4, c.condition)
        self.leave = zero_initialised(nn.Conv2d(c.decoder_width_4, 48, 3, padding=1))

    def forward(
        self, latents: Tensor, deviation: Tensor, trunk: Tensor, position: Tensor
    ) -> Tensor:
        """Two ``B x 768 x h x w`` in steps and ``B x 3 x 16h x 16w`` to ``B x 3 x 16h x 16w``."""
        condition = self.condition(position[:, None])
        told = torch.cat([torch.asinh(latents), torch.log1p(deviation)], dim=1)
        x = self.at_16(self.enter(told), condition)
        x = self.at_8(self.up_8(x), condition)
        x = self.up_4(x) + self.picture(F.pixel_unshuffle(4.0 * (trunk - 0.5), 4))
        return F.pixel_shuffle(self.leave(F.relu(self.at_4(x, condition))), 4)


def magnitude(latents: Tensor) -> Tensor:
    """``log(1 + 10 |v|)``: how large latents are, from far below a quantiser step to thousands."""
    return torch.log1p(10.0 * latents.abs())


class HyperAnalysis(nn.Module):
    """``h_a``: latents to hyper-latents of a quarter of the resolution, before rounding.

    It sees the latents compressed by asinh, and their :func:`magnitude`.
    """

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        width = config.hyper_width
        self.enter = nn.Conv2d(2 * wavelet.CHANNELS, width, 1)
        self.position = PositionTable(config, width)
        self.middle = nn.Conv2d(4 * width, width, 3, padding=1)
        self.leave = nn.Conv2d(4 * width, config.hyper_channels, 3, padding=1)
        self.offset = PositionTable(config, config.hyper_channels)

    def forward(self, latents: Tensor, position: Tensor) -> Tensor:
        """``B x 768 x h x w`` to ``B x Z x ceil(h/4) x ceil(w/4)``."""
        h, w = latents.shape[-2:]
        v = torch.cat([torch.asinh(latents), magnitude(latents)], dim=1)
        v = F.pad(v, (0, -w % GROUP, 0, -h % GROUP), mode="replicate")
        x = self.enter(v) + self.position(position)[:, :, None, None]
        x = self.middle(F.pixel_unshuffle(F.relu(x), 2))
        x = self.leave(F.pixel_unshuffle(F.relu(x), 2))
        return x + self.offset(position)[:, :, None, None]


class Transforms(nn.Module):
    """Everything of the codec that may be computed in floating point, on any device.

    ``deviation`` is the standard deviation of each wavelet coefficient over photos, in grey
    levels: the unit of the predicted means. ``spread`` is that of a latent about its mean given its
    level, in quantiser steps, measured over photos in training: the prior of what is not known.
    """

    deviation: Tensor
    spread: Tensor

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        self.analysis = AnalysisResidual(config) if config.learned_analysis else None
        self.synthesis = SynthesisResidual(config)
        self.hyper_analysis = HyperAnalysis(config)
        self.register_buffer("deviation", torch.ones(wavelet.CHANNELS))
        self.register_buffer("spread", posterior.model_deviation(torch.arange(LEVELS).float()))
        # Training on processors that multiply bfloat16 faster; weights stay float32.
        self.in_bfloat16 = False

    def _residual(self, network: nn.Module, *inputs: Tensor) -> Tensor:
        """A residual network in its own precision, or in bfloat16; result in float32."""
        device = inputs[0].device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.in_bfloat16):
            return network(*inputs).float()

    def analyse(self, image: Tensor, position: Tensor) -> Tensor:
        """``B x 3 x H x W`` (sides multiples of 16) to latents in quantiser steps, float32."""
        trunk = wavelet.analyse(image) / on_latents(step(position.float()))
        if self.analysis is None:
            return trunk
        kind = self.analysis.leave.weight.dtype
        return trunk + self._residual(self.analysis, image.to(kind), position.to(kind))

    def prior(self, levels: Tensor) -> Tensor:
        """Standard deviation of latents about their means, in steps, from their levels."""
        return self.spread[levels.float().round().long()]

    def synthesise(self, latents: Tensor, deviation: Tensor, position: Tensor) -> Tensor:
        """Image of estimated latents; float32, not clipped.

        Parameters
        ----------
        latents, deviation : ``B x 768 x h x w``, estimates and their posterior standard
            deviations, in quantiser steps of ``position`` (``B``).
        """
        kind = self.synthesis.leave.weight.dtype
        steps = on_latents(step(position.float()))
        trunk = wavelet.synthesise(latents * steps)
        inputs = (latents.to(kind), deviation.to(kind), trunk.to(kind), position.to(kind))
        residual = self._residual(self.synthesis, *inputs)
        return trunk + steps / (4.0 * 255.0) * residual

    def hyper_latents(self, latents: Tensor, position: Tensor) -> Tensor:
        """``h_a`` in the networks' own precision, result in float32."""
        kind = self.hyper_analysis.leave.weight.dtype
        return self.hyper_analysis(latents.to(kind), position.to(kind)).float()
