"""N1, the prior extraction network: an image (pair) to a short vector Z (paper, eqs. 8 and 14)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.restore.refiner.config import RefinerConfig

UNSHUFFLE = 4


class ResidualBlock(nn.Module):
    """``x + conv(relu(conv(x)))`` with 3x3 convolutions; the second starts small."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.conv2.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """``B x width x h x w`` to the same shape."""
        return x + self.conv2(F.relu(self.conv1(x)))


class PriorExtraction(nn.Module):
    """PixelUnshuffle(4), residual blocks, global average, MLP: ``B x 3n x H x W`` to ``B x 4C'``.

    ``images`` is 2 in the first step of training (decoded and original, concatenated) and 1 in
    the second and at the receiver (decoded only).
    """

    def __init__(self, config: RefinerConfig, images: int) -> None:
        super().__init__()
        width, size = config.prior_width, config.prior_size
        self.first = nn.Conv2d(3 * images * UNSHUFFLE**2, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(config.prior_blocks)))
        self.widen = nn.Conv2d(width, size, 1)
        self.mlp = nn.Sequential(nn.Linear(size, size), nn.GELU(), nn.Linear(size, size))
        # Unit variance: the diffusion's noise has a known size beside it, and Z cannot shrink to
        # make its own estimation easy.
        self.norm = nn.LayerNorm(size, elementwise_affine=False)

    def forward(self, images: Tensor) -> Tensor:
        """Images in [0, 1] side by side in the channel axis; H and W are multiples of 4."""
        x = self.first(F.pixel_unshuffle(2.0 * images - 1.0, UNSHUFFLE))
        # The non-linearity before the mean keeps local contrast in the pooled vector.
        pooled = F.gelu(self.widen(self.blocks(x))).mean(dim=(2, 3))
        return self.norm(self.mlp(pooled))

    def start_from(self, teacher: PriorExtraction) -> None:
        """Copies the first step's network, whose first three input channels are the decoded image.

        The part of its first layer that looked at the original is left behind.
        """
        state = teacher.state_dict()
        channels = self.first.in_channels
        state["first.weight"] = state["first.weight"][:, :channels]
        self.load_state_dict(state)
