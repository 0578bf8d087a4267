"""The network as it is trained: transforms, floating-point hyper-synthesis, prior of z."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.decisions import decide
from gensc_models.codecs.bank.masks import coded_groups, coded_latents
from gensc_models.codecs.bank.points import FIRST, multiplier, position_of_point
from gensc_models.codecs.bank.scales import LEVELS, latent_bits
from gensc_models.codecs.bank.transforms import (
    MEAN_CHANNELS,
    HyperpriorConfig,
    PositionTable,
    Transforms,
    on_latents,
    step,
)


class HyperSynthesis(nn.Module):
    """``h_s``: hyper-latents to the level of every latent and the mean of the coarse ones.

    Four convolutions with ReLU between them; the operating point enters as biases. Means are in
    units of the latent's standard deviation over photos times its gain. What is shipped is this
    network in integers (:mod:`.integers`); what it starts from is :mod:`.initial`.
    """

    LEVEL_GAIN = 8.0
    """Levels per unit of the last layer: they span tens where other outputs span ones."""

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        width = config.hyper_width
        outputs = wavelet.CHANNELS + MEAN_CHANNELS
        self.conv1 = nn.Conv2d(config.hyper_channels, 4 * width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 4 * width, 3, padding=1)
        self.conv3 = nn.Conv2d(width, width, 1)
        self.conv4 = nn.Conv2d(width, outputs, 1)
        self.bias1 = PositionTable(config, width)
        self.bias3 = PositionTable(config, width)
        self.bias4 = PositionTable(config, outputs)

    @staticmethod
    def unit(transforms: Transforms, position: Tensor) -> Tensor:
        """Unit of the predicted means in quantiser steps, ``B x 48``."""
        return transforms.deviation[:MEAN_CHANNELS] / step(position)[:, None]

    def forward(self, z: Tensor, position: Tensor, transforms: Transforms) -> tuple[Tensor, Tensor]:
        """``B x Z x h/4 x w/4`` to levels ``B x 768 x h x w`` and means ``B x 48 x h x w``.

        Levels are continuous in [0, 63], means in quantiser steps.
        """
        x = F.relu(F.pixel_shuffle(self.conv1(z), 2) + self.bias1(position)[:, :, None, None])
        x = F.relu(F.pixel_shuffle(self.conv2(x), 2))
        x = F.relu(self.conv3(x) + self.bias3(position)[:, :, None, None])
        out = (self.conv4(x) + self.bias4(position)[:, :, None, None]).float()
        levels = self.LEVEL_GAIN * out[:, : wavelet.CHANNELS]
        means = out[:, wavelet.CHANNELS :] * self.unit(transforms, position)[:, :, None, None]
        return levels.clamp(0.0, LEVELS - 1.0), means


class LogisticPrior(nn.Module):
    """Factorised prior of z: a mixture of three logistic distributions per channel."""

    COMPONENTS = 3

    def __init__(self, channels: int) -> None:
        super().__init__()
        spread = torch.linspace(-2.0, 2.0, self.COMPONENTS).repeat(channels, 1)
        self.centre = nn.Parameter(spread)
        self.log_scale = nn.Parameter(torch.zeros(channels, self.COMPONENTS))
        self.weight = nn.Parameter(torch.zeros(channels, self.COMPONENTS))

    @torch.no_grad()
    def narrow(self, wide: int) -> None:
        """Channels from ``wide`` on as if z were always zero there, so that they cost nothing."""
        self.centre[wide:] *= 0.05
        self.log_scale[wide:] = -2.5

    def cumulative(self, z: Tensor) -> Tensor:
        """Probability of less than ``z``; ``... x channels x positions``."""
        x = (z[..., None] - self.centre[:, None]) * torch.exp(-self.log_scale[:, None])
        return (torch.sigmoid(x) * torch.softmax(self.weight, 1)[:, None]).sum(-1)

    def bits(self, z: Tensor) -> Tensor:
        """Bits of the unit interval around every ``z``, ``B x channels x h x w``."""
        flat = z.flatten(2)
        probability = self.cumulative(flat + 0.5) - self.cumulative(flat - 0.5)
        return -torch.log2(probability.clamp_min(2.0**-24)).view(z.shape)


@dataclass(frozen=True)
class Coded:
    """Images as a transmitter has them: ``B x 768 x h x w`` but for the bits, ``B``.

    ``latents`` about ``means`` and the integers ``values`` that would be sent of them, in quantiser
    steps; ``levels`` continuous in [0, 63]; ``sent`` flags of the latents that the mask sends.
    """

    latents: Tensor
    means: Tensor
    values: Tensor
    levels: Tensor
    sent: Tensor
    y_bits: Tensor
    z_bits: Tensor


def rounded(x: Tensor) -> Tensor:
    """Rounding whose gradient is that of the identity."""
    return x + (x.round() - x).detach()


class HyperpriorNetwork(nn.Module):
    """Trainable model; :meth:`HyperpriorCodec.from_network` makes the codec of it."""

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        self.config = config
        self.transforms = Transforms(config)
        self.hyper_synthesis = HyperSynthesis(config)
        self.prior = LogisticPrior(config.hyper_channels)

    def forward(self, image: Tensor, position: Tensor, keep: Tensor) -> Coded:
        """Codes images with the symbols of real use; only z has noise where its rate is estimated.

        Gradients of the bits pass straight through roundings.

        Parameters
        ----------
        image : ``B x 3 x H x W`` in [0, 1], sides multiples of 64.
        position : ``B``, operating positions (:mod:`.points`).
        keep : ``B x h x w`` bool, blocks that are to be sent.
        """
        coded = coded_latents(keep)
        latents = self.transforms.analyse(image, position)
        z = self.transforms.hyper_analysis(latents * coded, position).float()
        sent = coded_groups(keep)[:, None]
        levels, low = self.hyper_synthesis(rounded(z) * sent, position, self.transforms)
        means = F.pad(low, (0, 0, 0, 0, 0, wavelet.CHANNELS - MEAN_CHANNELS))
        residual = latents - means
        chosen = decide(residual, levels, on_latents(step(position)), multipliers(position))
        sent_values = (residual + (chosen - residual).detach()) * coded
        bits = latent_bits(sent_values, levels) * coded
        z_bits = self.prior.bits(z + torch.rand_like(z) - 0.5) * sent
        return Coded(
            residual,
            means,
            sent_values,
            levels,
            coded,
            bits.sum(dim=(1, 2, 3)),
            z_bits.sum(dim=(1, 2, 3)),
        )


def multipliers(position: Tensor) -> Tensor:
    """Lambda of every position, ``B``."""
    values = [multiplier(p) for p in position.tolist()]
    return torch.tensor(values, device=position.device)


def positions(points: int) -> Tensor:
    """Positions of the operating points of a bank that has so many, best first."""
    return torch.tensor([position_of_point(FIRST + i) for i in range(points)])
