"""The two branches and how they meet: Swin on selected patches, ResConv-CBAM, equations (15)-(20).

Transmitter and receiver each have a pair of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.gened.attention import DeformableBlock, Guides
from gensc_models.codecs.gened.config import TOKEN, GenedConfig
from gensc_models.codecs.layers import modulation
from gensc_models.data.photos import BLOCK

# Tokens along a side of a patch: a patch is a block of the linear code.
PATCH_TOKENS = BLOCK // TOKEN
SQUEEZE = 4
SPATIAL_KERNEL = 7


class Cbam(nn.Module):
    """Channel attention, then spatial attention (Woo et al., CBAM, ECCV 2018)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = max(SQUEEZE, width // SQUEEZE)
        self.squeeze = nn.Linear(width, hidden)
        self.excite = nn.Linear(hidden, width)
        self.spatial = nn.Conv2d(2, 1, SPATIAL_KERNEL, padding=SPATIAL_KERNEL // 2)

    def forward(self, x: Tensor) -> Tensor:
        """``B x width x H x W`` to the same shape."""
        pooled = torch.stack([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))])
        channel = self.excite(F.silu(self.squeeze(pooled))).sum(dim=0)
        x = x * torch.sigmoid(channel)[:, :, None, None]
        seen = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)
        return x * torch.sigmoid(self.spatial(seen))


class ResConvCbam(nn.Module):
    """Residual block of two convolutions with CBAM behind them, modulated by the condition."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.attention = Cbam(width)
        self.film = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Features ``B x width x H x W``, condition ``B x h x w x condition``."""
        scale, shift = modulation(self.film, condition, x).chunk(2, dim=1)
        hidden = self.conv1(x)
        hidden = F.relu(torch.addcmul(hidden + shift, hidden, scale))
        return x + self.attention(self.conv2(hidden))


class SwinBranch(nn.Module):
    """Deformable attention on the selected patches; the others pass unchanged and uncomputed."""

    def __init__(self, width: int, config: GenedConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            DeformableBlock(width, config.heads, PATCH_TOKENS, config.mlp_ratio, config.condition)
            for _ in range(config.depth)
        )

    def forward(self, x: Tensor, selected: Tensor, guides: Guides, condition: Tensor) -> Tensor:
        """As :meth:`DeformableBlock.forward`, which warps what the block before it made."""
        for block in self.blocks:
            x = block(x, selected, guides, condition)
        return x


class CbamBranch(nn.Module):
    """Convolutions with attention over the whole map, weighed by channel first (Eq. 19)."""

    def __init__(self, width: int, config: GenedConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            ResConvCbam(width, config.condition) for _ in range(config.depth)
        )

    def forward(self, x: Tensor, selected: Tensor, guides: Guides, condition: Tensor) -> Tensor:
        """All patches are computed whatever is selected: convolutions look over their borders."""
        x = x * guides.channel
        for block in self.blocks:
            x = block(x, condition)
        return x


KINDS: Mapping[str, type[SwinBranch | CbamBranch]] = {"swin": SwinBranch, "cbam": CbamBranch}


class BranchPair(nn.Module):
    """Foreground and background branch, merged patch by patch (Eq. 20)."""

    def __init__(self, width: int, config: GenedConfig) -> None:
        super().__init__()
        self.foreground = KINDS[config.foreground](width, config)
        self.background = KINDS[config.background](width, config) if config.dual else None

    def forward(self, x: Tensor, gate: Tensor, guides: Guides, condition: Tensor) -> Tensor:
        """Merged features.

        Parameters
        ----------
        x : ``B x width x H x W``.
        gate : ``B x h x w`` of 0 (background) and 1, through which the mask is learned.
        guides : of the features' size.
        condition : ``B x h x w x condition``.
        """
        selected = gate.detach() > 0.5
        if self.background is None:
            return self.foreground(x, torch.ones_like(selected), guides, condition)
        inside = self.foreground(x, selected, guides, condition)
        outside = self.background(x, ~selected, guides, condition)
        wide = gate[:, None].repeat_interleave(PATCH_TOKENS, 2).repeat_interleave(PATCH_TOKENS, 3)
        return torch.lerp(outside.float(), inside.float(), wide)
