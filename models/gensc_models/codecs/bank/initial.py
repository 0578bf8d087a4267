"""The answer that is known: hyper-networks that work before they are trained.

The trunk's coefficients are Gaussian given the local activity of their band, so the initial
hyper-latents are just that: for each of eight bands the mean of ``log(1 + 10 |v|)`` over a square
of 32x32 pixels, relative to its mean over photos, in steps of half a natural unit. The initial
hyper-synthesis passes them on to the levels of the band's latents with the offset of each channel.
All of it sits in ordinary weights, in the first units of each layer; the other units start with
no influence on levels and means, and training does with the whole what it likes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.network import HyperpriorNetwork, HyperSynthesis
from gensc_models.codecs.bank.scales import LOG_STEP, SMALLEST
from gensc_models.codecs.bank.transforms import magnitude, step
from gensc_models.codecs.layers import bias_of

STEPS_PER_NAT = 2.0
FLOOR = 0.1


def _activity(latents: Tensor) -> Tensor:
    """Mean magnitude of each band over 2x2 blocks, ``B x 8 x h/2 x w/2``."""
    bands = torch.tensor(wavelet.band_of_channel())
    sums = [magnitude(latents)[:, bands == b].mean(dim=1) for b in range(wavelet.BANDS)]
    return F.avg_pool2d(torch.stack(sums, dim=1), 2)


@torch.no_grad()
def initialise(network: HyperpriorNetwork, crops: Tensor) -> None:
    """Sets statistics and hyper-networks from photos ``N x 3 x H x W``, sides multiples of 32."""
    transforms, synthesis = network.transforms, network.hyper_synthesis
    coefficients = wavelet.analyse(crops)
    deviation = coefficients.square().mean(dim=(0, 2, 3)).sqrt().clamp_min(FLOOR)
    transforms.deviation.copy_(deviation)
    _measure_levels(network, coefficients)
    for layer in (
        synthesis.conv4.weight,
        bias_of(synthesis.conv4),
        transforms.hyper_analysis.leave.weight,
    ):
        layer.zero_()
    network.prior.narrow(4 * wavelet.BANDS)
    bands = wavelet.band_of_channel()
    analysis = transforms.hyper_analysis
    for b in range(wavelet.BANDS):
        members = [k for k, band in enumerate(bands) if band == b]
        for conv, unit in (
            (analysis.enter, [b]), (analysis.middle, [b]),
            (synthesis.conv1, range(4 * b, 4 * b + 4)), (synthesis.conv2, range(4 * b, 4 * b + 4)),
            (synthesis.conv3, [b]),
        ):  # fmt: skip
            conv.weight[list(unit)] = 0.0
            bias_of(conv)[list(unit)] = 0.0
        analysis.enter.weight[b, [wavelet.CHANNELS + k for k in members]] = 1.0 / len(members)
        analysis.middle.weight[b, 4 * b : 4 * b + 4, 1, 1] = 0.25
        synthesis.conv3.weight[b, b] = 1.0
        synthesis.conv4.weight[members, b] = 1.0 / (LOG_STEP * HyperSynthesis.LEVEL_GAIN)
        for n in range(4 * b, 4 * b + 4):
            analysis.leave.weight[n, n, 1, 1] = STEPS_PER_NAT
            synthesis.conv1.weight[n, n, 1, 1] = 1.0 / STEPS_PER_NAT
            synthesis.conv2.weight[n, b, 1, 1] = 1.0
    bias_of(analysis.leave).zero_()


def _measure_levels(network: HyperpriorNetwork, coefficients: Tensor) -> None:
    """Mean activity of the bands and offset of every channel's level, at each anchor."""
    transforms, synthesis = network.transforms, network.hyper_synthesis
    bands = wavelet.band_of_channel()
    config = network.config
    places = torch.linspace(config.lowest, 1.0, config.anchors)
    for anchor, position in enumerate(places):
        latents = coefficients / step(position)
        activity = _activity(latents)
        mean = activity.mean(dim=(0, 2, 3))
        synthesis.bias1.values[anchor, : wavelet.BANDS] = mean
        offset = -STEPS_PER_NAT * mean.repeat_interleave(4)
        transforms.hyper_analysis.offset.values[anchor, : len(offset)] = offset
        local = torch.exp(-activity).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        # From the mean magnitude, not the square: a few outliers belong to the wider Gaussian.
        deviation = 1.25 * (latents * local[:, bands]).abs().mean(dim=(0, 2, 3))
        level = (deviation.clamp_min(1e-3) / SMALLEST).log() / LOG_STEP
        synthesis.bias4.values[anchor, : wavelet.CHANNELS] = level / HyperSynthesis.LEVEL_GAIN
