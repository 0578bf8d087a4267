"""The dynamic transformer block of N2: DMTA and DGFN, both modulated by Z and the SNR.

After Zamir et al., "Restormer" (CVPR 2022), whose attention over channels costs time linear in
the number of pixels, and Xia et al., "DiffIR" (ICCV 2023), which modulates it by a prior.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DynamicNorm(nn.Module):
    """Layer norm over channels, then scale and shift computed from the modulation vector.

    The linear map to scale and shift starts at zero: at first it is a plain layer norm.
    """

    def __init__(self, width: int, modulation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.film = nn.Linear(modulation, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Features ``B x width x h x w``, modulation ``B x m``, to features of the same shape."""
        scale, shift = self.film(modulation)[:, None, None, :].chunk(2, dim=-1)
        normed = self.norm(x.permute(0, 2, 3, 1))
        return torch.addcmul(normed + shift, normed, scale).permute(0, 3, 1, 2)


class DynamicTransposedAttention(nn.Module):
    """DMTA: attention between channels, with q and k L2-normalised over all positions."""

    def __init__(self, width: int, heads: int, modulation: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = DynamicNorm(width, modulation)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.local = nn.Conv2d(3 * width, 3 * width, 3, padding=1, groups=3 * width, bias=False)
        self.out = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """The attended features, to be added to ``x`` (``B x width x h x w``)."""
        count, width, height, columns = x.shape
        qkv = self.local(self.qkv(self.norm(x, modulation)))
        q, k, v = qkv.reshape(count, 3, self.heads, width // self.heads, -1).unbind(1)
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        attention = (q @ k.transpose(-2, -1) * self.temperature).softmax(dim=-1)
        return self.out((attention @ v).reshape(count, width, height, columns))


class DynamicGatedFeedForward(nn.Module):
    """DGFN: 1x1 convolution, 3x3 depthwise, gate ``gelu(a) * b``, 1x1 convolution."""

    def __init__(self, width: int, expansion: float, modulation: int) -> None:
        super().__init__()
        hidden = int(width * expansion)
        self.norm = DynamicNorm(width, modulation)
        self.widen = nn.Conv2d(width, 2 * hidden, 1, bias=False)
        self.local = nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden, bias=False)
        self.out = nn.Conv2d(hidden, width, 1, bias=False)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """The features to be added to ``x`` (``B x width x h x w``)."""
        a, b = self.local(self.widen(self.norm(x, modulation))).chunk(2, dim=1)
        return self.out(F.gelu(a) * b)


class DynamicTransformerBlock(nn.Module):
    """``x + DMTA(x)``, then ``x + DGFN(x)``."""

    def __init__(self, width: int, heads: int, expansion: float, modulation: int) -> None:
        super().__init__()
        self.attention = DynamicTransposedAttention(width, heads, modulation)
        self.feed_forward = DynamicGatedFeedForward(width, expansion, modulation)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Features ``B x width x h x w`` and modulation ``B x m`` to features."""
        x = x + self.attention(x, modulation)
        return x + self.feed_forward(x, modulation)


class DynamicStage(nn.Module):
    """``depth`` :class:`DynamicTransformerBlock` of one width and resolution."""

    def __init__(
        self, depth: int, width: int, heads: int, expansion: float, modulation: int
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            DynamicTransformerBlock(width, heads, expansion, modulation) for _ in range(depth)
        )

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """As :meth:`DynamicTransformerBlock.forward`."""
        for block in self.blocks:
            x = block(x, modulation)
        return x
