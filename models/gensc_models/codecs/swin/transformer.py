"""Shifted-window transformer layers on feature maps ``B x H x W x C`` of any size.

After Liu et al., "Swin Transformer: hierarchical vision transformer using shifted windows" (ICCV
2021), equation (2) of the GSC paper: self-attention within windows, the windows of every second
block shifted by half a window. Both halves of a block are modulated by a condition (SNR, rate), as
SwinJSCC's modulation does per stage.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Added to the attention of pairs that must not see each other; finite, so that a window of padding
# alone gives no NaN.
FORBIDDEN = -1e4


def to_windows(x: Tensor, window: int) -> Tensor:
    """``B x H x W x C`` to ``(B H W / window^2) x window^2 x C``; H and W are multiples."""
    b, h, w, c = x.shape
    x = x.view(b, h // window, window, w // window, window, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, window * window, c)


def from_windows(windows: Tensor, window: int, height: int, width: int) -> Tensor:
    """Inverse of :func:`to_windows`."""
    c = windows.shape[-1]
    x = windows.view(-1, height // window, width // window, window, window, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, c)


@lru_cache(maxsize=64)
def attention_mask(
    height: int, width: int, padded_height: int, padded_width: int, window: int, shift: int
) -> Tensor | None:
    """Who may attend to whom, ``windows x window^2 x window^2``; None where everybody may.

    A cyclic shift brings opposite borders into one window, and padding is nobody's neighbour.
    """
    if shift == 0 and (height, width) == (padded_height, padded_width):
        return None
    with torch.inference_mode(False):
        region = torch.full((padded_height, padded_width), -1.0)
        region[:height, :width] = 0.0
        if shift:
            # The part that the roll wraps around must not meet what it lands beside.
            for axis, size in ((0, padded_height), (1, padded_width)):
                wrapped = torch.zeros(size)
                wrapped[:shift] = 1.0 + axis
                inside = region >= 0
                region = region + inside * (wrapped[:, None] if axis == 0 else wrapped[None, :])
            region = torch.roll(region, (-shift, -shift), (0, 1))
        groups = to_windows(region[None, :, :, None], window)[..., 0]
        return (groups[:, :, None] != groups[:, None, :]).float() * FORBIDDEN


def relative_index(window: int) -> Tensor:
    """Row of the bias table for every pair of positions in a window, ``window^2 x window^2``."""
    axis = torch.arange(window)
    rows, columns = (grid.flatten() for grid in torch.meshgrid(axis, axis, indexing="ij"))
    down = rows[:, None] - rows[None, :] + window - 1
    right = columns[:, None] - columns[None, :] + window - 1
    return down * (2 * window - 1) + right


class WindowAttention(nn.Module):
    """Multi-head self-attention within (shifted) windows, with a relative position bias."""

    index: Tensor

    def __init__(self, width: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is no multiple of {heads} heads")
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("index", relative_index(window), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``B x H x W x C`` to the same shape."""
        b, height, width, c = x.shape
        window = self.window
        down, right = -height % window, -width % window
        if down or right:
            x = F.pad(x, (0, 0, 0, right, 0, down))
        padded = (height + down, width + right)
        mask = attention_mask(height, width, *padded, window, self.shift)
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        n = window * window
        # Into windows first: copying the input is a third of copying q, k and v.
        qkv = self.qkv(to_windows(x, window)).view(-1, n, 3, self.heads, c // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        bias = self.bias[self.index.flatten()].view(n, n, self.heads).permute(2, 0, 1)
        if mask is not None:
            bias = bias[None] + mask.to(x.device)[:, None]  # windows x heads x n x n
            bias = bias.repeat(b, 1, 1, 1)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        mixed = self.out(mixed.transpose(1, 2).reshape(-1, n, c))
        y = from_windows(mixed, window, *padded)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        return y[:, :height, :width]


class SwinBlock(nn.Module):
    """Attention and MLP, each behind a layer norm that the condition scales and shifts."""

    def __init__(
        self, width: int, heads: int, window: int, shift: int, mlp_ratio: float, condition: int
    ) -> None:
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.norm1 = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window, shift)
        self.norm2 = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, hidden)
        self.mlp_out = nn.Linear(hidden, width)
        self.modulation = nn.Linear(condition, 4 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Features ``B x H x W x C`` and condition ``B x condition`` to new features."""
        changes = self.modulation(condition)[:, None, None, :].chunk(4, dim=-1)
        scale1, shift1, scale2, shift2 = changes
        x = x + self.attention(torch.addcmul(shift1, self.norm1(x), 1.0 + scale1))
        hidden = self.mlp_in(torch.addcmul(shift2, self.norm2(x), 1.0 + scale2))
        return x + self.mlp_out(F.gelu(hidden, approximate="tanh"))


class SwinStage(nn.Module):
    """``depth`` blocks of one width and resolution, every second one shifted."""

    def __init__(
        self, width: int, depth: int, heads: int, window: int, mlp_ratio: float, condition: int
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            SwinBlock(width, heads, window, window // 2 * (i % 2), mlp_ratio, condition)
            for i in range(depth)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """As :meth:`SwinBlock.forward`."""
        for block in self.blocks:
            x = block(x, condition)
        return x


class PatchMerging(nn.Module):
    """Halves the resolution: 2x2 neighbours become one token of the next width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(4 * inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``B x H x W x inputs`` (H, W even) to ``B x H/2 x W/2 x outputs``."""
        b, h, w, c = x.shape
        x = x.view(b, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5)
        return self.reduce(x.reshape(b, h // 2, w // 2, 4 * c))


class PatchDivision(nn.Module):
    """Doubles the resolution: one token becomes 2x2 of the next width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.expand = nn.Linear(inputs, 4 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``B x H x W x inputs`` to ``B x 2H x 2W x outputs``."""
        b, h, w, _ = x.shape
        x = self.expand(x).view(b, h, w, 2, 2, -1).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(b, 2 * h, 2 * w, -1)
