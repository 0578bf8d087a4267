"""Small building blocks of the photo networks: conditioned residual blocks and resampling."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def bias_of(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> Tensor:
    """The bias of a layer that was made with one."""
    assert layer.bias is not None
    return layer.bias


class Conditioner(nn.Module):
    """Embeds a few scalars (SNR, rate, ...) that are already scaled to about [-1, 1]."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.second = nn.Linear(width, width)

    def forward(self, scalars: Tensor) -> Tensor:
        """``... x inputs`` to ``... x width``."""
        return F.silu(self.second(F.silu(self.first(scalars))))


def modulation(layer: nn.Linear, condition: Tensor, x: Tensor) -> Tensor:
    """What a layer makes of the condition, to broadcast over feature maps ``B x C x H x W``.

    The condition is one per image, ``B x condition``, or one per cell of a coarser grid,
    ``B x h x w x condition``, whose cells are then as many whole pixels of the feature map wide.
    """
    changes = layer(condition)
    if condition.ndim == 2:
        return changes[:, :, None, None]
    factor = x.shape[-1] // condition.shape[-2]
    by_cell = changes.permute(0, 3, 1, 2)
    return by_cell.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)


class FilmBlock(nn.Module):
    """Residual block of two 3x3 convolutions, modulated between them by the condition.

    ``x + conv2(relu(conv1(x) * (1 + scale(c)) + shift(c)))``: feature-wise linear modulation
    (Perez et al., FiLM, AAAI 2018), which is how one network serves every SNR and rate.
    """

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        # A damped second convolution keeps the variance of a deep stack without normalisation.
        with torch.no_grad():
            self.conv2.weight.mul_(0.3)
            bias_of(self.conv2).zero_()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Features ``B x width x H x W`` and a condition as in :func:`modulation`."""
        scale, shift = modulation(self.film, condition, x).chunk(2, dim=1)
        hidden = self.conv1(x)
        return x + self.conv2(F.relu(torch.addcmul(hidden + shift, hidden, scale)))


class FilmStack(nn.Module):
    """``depth`` :class:`FilmBlock` of one width and resolution."""

    def __init__(self, width: int, depth: int, condition: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(FilmBlock(width, condition) for _ in range(depth))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """As :meth:`FilmBlock.forward`."""
        for block in self.blocks:
            x = block(x, condition)
        return x


class Upsample(nn.Module):
    """Doubles the resolution: 1x1 convolution to four times the channels, then pixel shuffle."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(inputs, 4 * outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``B x inputs x H x W`` to ``B x outputs x 2H x 2W``."""
        return F.pixel_shuffle(self.expand(x), 2)


def zero_initialised(layer: Layer) -> Layer:
    """The same layer with all weights zero: its branch starts as no branch at all."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
