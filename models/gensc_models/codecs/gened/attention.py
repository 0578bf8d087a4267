"""Patch-wise deformable attention on selected patches, equations (15)-(18) of the paper.

Only the selected patches are gathered and computed: the cost follows the foreground. Feature maps
are ``B x C x H x W``; a patch is ``patch x patch`` of their cells, a selection bool ``B x h x w``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.swin.transformer import relative_index


@dataclass(frozen=True)
class Guides:
    """What steers the branches (Eq. 13), besides the mask.

    ``offsets`` ``B x 2 x H x W`` (down, right, in cells), ``channel`` ``B x C x 1 x 1``,
    ``spatial`` ``B x 1 x H x W``; attentions are 1 where they change nothing.
    """

    offsets: Tensor
    channel: Tensor
    spatial: Tensor


def to_patches(x: Tensor, patch: int) -> Tensor:
    """``B x C x H x W`` to ``B x h x w x patch^2 x C``."""
    b, c, height, width = x.shape
    x = x.view(b, c, height // patch, patch, width // patch, patch)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(b, height // patch, width // patch, patch**2, c)


def from_patches(patches: Tensor, patch: int) -> Tensor:
    """Inverse of :func:`to_patches`."""
    b, h, w, _, c = patches.shape
    x = patches.view(b, h, w, patch, patch, c).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(b, c, h * patch, w * patch)


def warped_at(x: Tensor, offsets: Tensor, selected: Tensor, patch: int) -> Tensor:
    """Features of the selected patches, read bilinearly where the offsets point (Eq. 15).

    Points outside the map are read at its border.

    Returns
    -------
    ``n x patch^2 x C``, ``n`` the number of selected patches of the whole batch.
    """
    _, c, height, width = x.shape
    rows = torch.arange(height, device=x.device, dtype=torch.float32)[:, None]
    columns = torch.arange(width, device=x.device, dtype=torch.float32)
    points = offsets.float() + torch.stack(torch.broadcast_tensors(rows, columns))
    down, right = to_patches(points, patch)[selected].unbind(dim=-1)
    down, right = down.clamp(0.0, height - 1.0), right.clamp(0.0, width - 1.0)
    top, left = down.detach().floor().long(), right.detach().floor().long()
    bottom, beside = (top + 1).clamp_max(height - 1), (left + 1).clamp_max(width - 1)
    share_down, share_right = (down - top)[..., None], (right - left)[..., None]
    image = selected.nonzero()[:, :1]
    flat = x.permute(0, 2, 3, 1).reshape(-1, c)

    def read(row: Tensor, column: Tensor) -> Tensor:
        index = (image * height + row) * width + column
        return flat.index_select(0, index.flatten()).view(*row.shape, c)

    upper = torch.lerp(read(top, left).float(), read(top, beside).float(), share_right)
    lower = torch.lerp(read(bottom, left).float(), read(bottom, beside).float(), share_right)
    return torch.lerp(upper, lower, share_down)


class DeformableBlock(nn.Module):
    """A transformer block whose keys are read where the offsets point; patches do not mix else."""

    index: Tensor

    def __init__(
        self, width: int, heads: int, patch: int, mlp_ratio: float, condition: int
    ) -> None:
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.heads, self.patch = heads, patch
        self.norm1 = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros((2 * patch - 1) ** 2, heads))
        self.register_buffer("index", relative_index(patch), persistent=False)
        self.norm2 = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, hidden)
        self.mlp_out = nn.Linear(hidden, width)
        self.modulation = nn.Linear(condition, 2 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def _attend(self, tokens: Tensor, warped: Tensor, spatial: Tensor) -> Tensor:
        """Equations (16) and (17): every patch by itself; ``n x patch^2 x C``."""
        n, count, width = tokens.shape
        normal = self.norm1(tokens)
        q, k, v = (
            x.view(n, count, self.heads, width // self.heads).transpose(1, 2)
            for x in (
                self.query(normal),
                self.key(self.norm1(warped)),
                self.value(normal * spatial),
            )
        )
        bias = self.bias[self.index.flatten()].view(count, count, self.heads).permute(2, 0, 1)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype)[None])
        return self.out(mixed.transpose(1, 2).reshape(n, count, width))

    def forward(self, x: Tensor, selected: Tensor, guides: Guides, condition: Tensor) -> Tensor:
        """New features of the selected patches, put back among the others (Eq. 18).

        Parameters
        ----------
        x : ``B x C x H x W``.
        selected : bool ``B x h x w``.
        guides : offsets and spatial attention.
        condition : ``B x h x w x condition``.
        """
        if not selected.any():
            return x
        patches = to_patches(x, self.patch)
        tokens = patches[selected]
        warped = warped_at(x, guides.offsets, selected, self.patch)
        spatial = to_patches(guides.spatial, self.patch)[selected]
        tokens = tokens + self._attend(tokens, warped.to(tokens.dtype), spatial)
        scale, shift = self.modulation(condition[selected])[:, None].chunk(2, dim=-1)
        hidden = self.mlp_in(torch.addcmul(shift, self.norm2(tokens), 1.0 + scale))
        tokens = tokens + self.mlp_out(F.gelu(hidden, approximate="tanh"))
        return from_patches(patches.index_put((selected,), tokens.to(patches.dtype)), self.patch)
