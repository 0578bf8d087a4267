"""RRDBNet, the generator of ESRGAN and Real-ESRGAN.

Wang et al., "ESRGAN" (ECCV workshops 2018), and Wang, Xie, Dong and Shan, "Real-ESRGAN: training
real-world blind super-resolution with pure synthetic data" (ICCV workshops 2021): residual blocks
of three dense blocks, then twice nearest-neighbour enlargement by two and a convolution.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
# Share of a dense block's output, and of three, that is added to what went in.
RESIDUAL = 0.2
ENLARGEMENT = 4


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees what all before it made."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.growing = nn.ModuleList(
            nn.Conv2d(channels + i * growth, growth, 3, padding=1) for i in range(4)
        )
        self.last = nn.Conv2d(channels + 4 * growth, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """``B x C x H x W`` to the same."""
        seen = x
        for layer in self.growing:
            seen = torch.cat([seen, F.leaky_relu(layer(seen), SLOPE)], dim=1)
        return x + RESIDUAL * self.last(seen)


class ResidualBlock(nn.Module):
    """Three dense blocks."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(DenseBlock(channels, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        """``B x C x H x W`` to the same."""
        out: Tensor = x + RESIDUAL * self.blocks(x)
        return out


class RrdbNet(nn.Module):
    """Images to images of four times the side; modules stand in the order of the graph.

    Parameters
    ----------
    blocks, channels, growth : as published: 23, 64 and 32.
    """

    def __init__(self, blocks: int = 23, channels: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(channels, growth) for _ in range(blocks)))
        self.after = nn.Conv2d(channels, channels, 3, padding=1)
        self.enlarging = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)
        )
        self.fine = nn.Conv2d(channels, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """``B x 3 x H x W`` in [0, 1] to ``B x 3 x 4H x 4W``, not clipped."""
        x = self.first(images)
        x = x + self.after(self.body(x))
        for layer in self.enlarging:
            x = F.leaky_relu(layer(F.interpolate(x, scale_factor=2.0, mode="nearest")), SLOPE)
        out: Tensor = self.out(F.leaky_relu(self.fine(x), SLOPE))
        return out

    def convolutions(self) -> list[nn.Conv2d]:
        """All of them, in the order of the graph."""
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)]
