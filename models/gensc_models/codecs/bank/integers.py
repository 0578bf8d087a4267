"""The hyper-synthesis in exact integers: the same levels and means on every machine.

One wrong level would desynchronise the entropy decoder and destroy the rest of the image, so
nothing here may depend on the order of a sum, a fused multiply or the kind of processor. Weights
and activations are integers carried in float64; every sum stays below 2^53 (checked when the
weights are loaded), where additions and products of float64 are exact in any order. Convolutions
are plain matrix products of unfolded inputs, on the CPU: no Winograd or FFT.

Fixed point: weights 2^-12, activations 2^-8, biases and results 2^-12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.network import HyperSynthesis, positions
from gensc_models.codecs.bank.points import FIRST
from gensc_models.codecs.bank.scales import LEVELS
from gensc_models.codecs.bank.tables import Z_LIMIT
from gensc_models.codecs.bank.transforms import MEAN_CHANNELS, HyperpriorConfig, Transforms
from gensc_models.codecs.layers import bias_of

WEIGHT_BITS = 12
ACTIVATION_BITS = 8
UNIT_BITS = 8
MEAN_BITS = 6
"""Means are multiples of 2^-6 quantiser steps."""
WEIGHT_LIMIT = float((1 << 15) - 1)
LAST_WEIGHT_LIMIT = float((1 << 20) - 1)
"""The last layer's weights span levels, tens where others span ones, and are kept wider."""
ACTIVATION_LIMIT = float((1 << 20) - 1)
BIAS_LIMIT = float((1 << 23) - 1)
"""Biases must survive float32, in which weights files are read."""
MEAN_LIMIT = float(1 << 21)
EXACT = float(1 << 53)


@dataclass(frozen=True)
class Side:
    """What the hyper-latents say: levels ``B x 768 x h x w`` and means ``B x 48 x h x w``.

    ``levels`` are uint8 below 64, ``means`` int32 in units of 2^-6 quantiser steps.
    """

    levels: Tensor
    means: Tensor


def _shift(x: Tensor, bits: int) -> Tensor:
    """Integers divided by ``2^bits`` and rounded, halves upwards."""
    return torch.floor((x + float(1 << (bits - 1))) / float(1 << bits))


def exact_convolution(x: Tensor, weight: Tensor, kernel: int) -> Tensor:
    """Convolution with zero padding of integers in float64 as one matrix product per image.

    Parameters
    ----------
    x : ``B x I x h x w``.
    weight : ``O x (I kernel kernel)``.
    """
    count, _, h, w = x.shape
    columns = F.unfold(x, kernel, padding=kernel // 2) if kernel > 1 else x.flatten(2)
    return torch.matmul(weight, columns).view(count, -1, h, w)


class IntegerHyperSynthesis(nn.Module):
    """``h_s`` of one trained network, quantised; see :func:`quantise`.

    Buffers are flat integer vectors (weights files keep vectors exactly): ``weight1 ... weight4``,
    ``bias1 ... bias4`` per operating point, and ``unit``, the units of the means per point.
    """

    unit: Tensor

    def __init__(self, config: HyperpriorConfig) -> None:
        super().__init__()
        width, outputs = config.hyper_width, wavelet.CHANNELS + MEAN_CHANNELS
        # (inputs, outputs, kernel)
        self.layers = (
            (config.hyper_channels, 4 * width, 3),
            (width, 4 * width, 3),
            (width, width, 1),
            (width, outputs, 1),
        )
        for number, (inputs, results, kernel) in enumerate(self.layers, 1):
            size = inputs * results * kernel * kernel
            kind = torch.int32 if number == len(self.layers) else torch.int16
            self.register_buffer(f"weight{number}", torch.zeros(size, dtype=kind))
            size = config.points * results
            self.register_buffer(f"bias{number}", torch.zeros(size, dtype=torch.int32))
        size = config.points * MEAN_CHANNELS
        self.register_buffer("unit", torch.zeros(size, dtype=torch.int32))
        self.points = config.points
        self._exact: list[Tensor] = []

    def _weights(self) -> list[Tensor]:
        """Weight matrices in float64, made once.

        Raises
        ------
        ValueError
            Weights so large that a sum could leave the range of exact float64.
        """
        if not self._exact:
            largest = float(Z_LIMIT)
            matrices = []
            for number, (_, results, _) in enumerate(self.layers, 1):
                flat = getattr(self, f"weight{number}").cpu()
                matrix = flat.double().view(results, -1)
                if float(matrix.abs().sum(dim=1).max()) * largest + 2.0**40 > EXACT:
                    raise ValueError(f"hyper-synthesis weights of layer {number} are too large")
                matrices.append(matrix)
                largest = ACTIVATION_LIMIT
            self._exact = matrices
        return self._exact

    def _bias(self, number: int, points: Tensor, bits: int) -> Tensor:
        """Biases of one layer for every image, ``B x O x 1 x 1``, at ``2^-bits``."""
        table = getattr(self, f"bias{number}").cpu().double().view(self.points, -1)
        return (table[points] * float(1 << (bits - WEIGHT_BITS)))[:, :, None, None]

    @torch.inference_mode()
    def forward(self, z: Tensor, points: Sequence[int]) -> Side:
        """Hyper-latents ``B x Z x h/4 x w/4``, integers, with the operating point of each image.

        Always on the CPU, whatever the other networks run on.
        """
        weights = self._weights()
        index = torch.tensor([point - FIRST for point in points])
        total = WEIGHT_BITS + ACTIVATION_BITS
        x = exact_convolution(z.cpu().double().clamp(-Z_LIMIT, Z_LIMIT), weights[0], 3)
        x = F.pixel_shuffle(x + self._bias(1, index, WEIGHT_BITS), 2)
        x = _shift(x, WEIGHT_BITS - ACTIVATION_BITS).clamp(0.0, ACTIVATION_LIMIT)
        for number, kernel in ((2, 3), (3, 1)):
            x = exact_convolution(x, weights[number - 1], kernel)
            x = _shift(x + self._bias(number, index, total), WEIGHT_BITS)
            x = x.clamp(0.0, ACTIVATION_LIMIT)
            x = F.pixel_shuffle(x, 2) if number == 2 else x
        out = exact_convolution(x, weights[3], 1) + self._bias(4, index, total)
        levels = _shift(out[:, : wavelet.CHANNELS], total).clamp(0.0, LEVELS - 1.0)
        means = _shift(out[:, wavelet.CHANNELS :], ACTIVATION_BITS).clamp(-MEAN_LIMIT, MEAN_LIMIT)
        unit = self.unit.cpu().double().view(self.points, -1)[index][:, :, None, None]
        means = _shift(means * unit, WEIGHT_BITS + UNIT_BITS - MEAN_BITS)
        return Side(levels.to(torch.uint8), means.clamp(-MEAN_LIMIT, MEAN_LIMIT).to(torch.int32))


def _integers(x: Tensor, bits: int, limit: float) -> Tensor:
    return (x.detach().cpu().double() * float(1 << bits)).round().clamp(-limit, limit).flatten()


@torch.no_grad()
def quantise(
    network: HyperSynthesis, transforms: Transforms, config: HyperpriorConfig
) -> IntegerHyperSynthesis:
    """Integer version of a trained hyper-synthesis for all operating points of the bank."""
    result = IntegerHyperSynthesis(config)
    where = positions(config.points)
    unit = HyperSynthesis.unit(transforms, where)
    count = config.points
    gain4 = torch.ones(network.conv4.out_channels, 1)
    gain4[: wavelet.CHANNELS] = HyperSynthesis.LEVEL_GAIN
    weights = [c.weight.flatten(1) for c in (network.conv1, network.conv2, network.conv3)]
    weights.append(network.conv4.weight.flatten(1) * gain4)
    bias4 = (bias_of(network.conv4) + network.bias4(where)) * gain4[:, 0]
    biases = (
        # The position's bias comes after the pixel shuffle: every output takes its four inputs.
        bias_of(network.conv1) + network.bias1(where).repeat_interleave(4, dim=1),
        bias_of(network.conv2).expand(count, -1),
        bias_of(network.conv3) + network.bias3(where),
        bias4,
    )
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True), 1):
        limit = LAST_WEIGHT_LIMIT if number == len(weights) else WEIGHT_LIMIT
        flat = _integers(weight, WEIGHT_BITS, limit)
        getattr(result, f"weight{number}").copy_(flat)
        getattr(result, f"bias{number}").copy_(_integers(bias, WEIGHT_BITS, BIAS_LIMIT))
    result.unit.copy_(_integers(unit, UNIT_BITS, BIAS_LIMIT))
    return result
