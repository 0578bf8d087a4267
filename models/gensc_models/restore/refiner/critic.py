"""A critic of patches: does this look like a photo, beside what was decoded?

Its hinge losses (Lim and Ye, Geometric GAN, 2017) teach a refiner to draw detail that squared error
averages away.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

SLOPE = 0.2


class PatchCritic(nn.Module):
    """Image and decoded image, ``B x 3 x H x W`` each, to a verdict per 8x8 pixels.

    Spectral normalisation (Miyato et al., 2018) bounds how steep it is.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        sizes = ((6, width, 4, 2), (width, 2 * width, 4, 2), (2 * width, 3 * width, 4, 2))
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(inside, outside, side, stride, padding=1))
            for inside, outside, side, stride in (*sizes, (3 * width, 3 * width, 3, 1))
        )
        self.out = spectral_norm(nn.Conv2d(3 * width, 1, 3, padding=1))

    def forward(self, image: Tensor, decoded: Tensor) -> Tensor:
        """Verdicts ``B x 1 x H/8 x W/8``; positive for photos."""
        x = 2.0 * torch.cat([image, decoded], dim=1) - 1.0
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        return self.out(x)

    def loss(self, refined: Tensor, original: Tensor, decoded: Tensor) -> Tensor:
        """What the critic minimises; no gradient reaches the images."""
        real, drawn = self(original, decoded), self(refined.detach(), decoded)
        return F.relu(1.0 - real.float()).mean() + F.relu(1.0 + drawn.float()).mean()

    def complaint(self, refined: Tensor, decoded: Tensor) -> Tensor:
        """What the refiner minimises; no gradient reaches the critic."""
        frozen = {name: p.detach() for name, p in self.named_parameters()}
        return -functional_call(self, frozen, (refined, decoded)).float().mean()
