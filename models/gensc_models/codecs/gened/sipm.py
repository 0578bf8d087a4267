"""Semantic importance: the score map from the features, and the module that routes by it.

The score map is what :mod:`gensc_models.codecs.gened.matching` computes from CLIP in training; here
it is predicted from the image alone, so that neither CLIP nor a label is needed in use.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.gened.attention import Guides
from gensc_models.codecs.gened.branches import PATCH_TOKENS
from gensc_models.codecs.gened.config import GenedConfig
from gensc_models.codecs.layers import zero_initialised

GLOBAL_CHANNELS = 8
DILATIONS = (1, 2, 4, 1)
PLACES = 3
# Main objects lie around the middle of a photo: the answer that
# is known before anything is learned (fitted to bsds500/saliency, train).
PRIOR_LOGIT = 0.6
PRIOR_SLOPE = 3.4
MASK_HIDDEN = 32


def places(height: int, width: int, device: torch.device) -> Tensor:
    """Where each block lies, ``1 x 3 x h x w``: down and right in [-1, 1], squared distance."""
    down = (torch.arange(height, device=device) + 0.5) * 2.0 / height - 1.0
    right = (torch.arange(width, device=device) + 0.5) * 2.0 / width - 1.0
    rows, columns = torch.meshgrid(down, right, indexing="ij")
    return torch.stack([rows, columns, rows.square() + columns.square()])[None]


class ScoreHead(nn.Module):
    """Features of the encoder to a logit of importance per block; starts as a centre prior."""

    def __init__(self, config: GenedConfig) -> None:
        super().__init__()
        width = config.score_width
        self.down = nn.Conv2d(config.width, width // 2, 3, 2, padding=1)
        self.down_more = nn.Conv2d(width // 2, width, 3, 2, padding=1)
        self.where = nn.Conv2d(PLACES, width, 1)
        self.around = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in DILATIONS
        )
        self.whole = nn.Linear(width, width)
        self.out = zero_initialised(nn.Conv2d(width, 1, 1))
        self.prior = nn.Parameter(torch.tensor([PRIOR_LOGIT, PRIOR_SLOPE]))

    def forward(self, features: Tensor) -> Tensor:
        """``B x width x H/4 x W/4`` to logits ``B x H/16 x W/16``."""
        x = F.relu(self.down_more(F.relu(self.down(features))))
        height, width = x.shape[-2:]
        where = places(height, width, x.device)
        x = x + self.where(where)
        for layer in self.around:
            x = x + F.relu(layer(x))
        x = F.relu(x + self.whole(x.mean(dim=(2, 3)))[:, :, None, None])
        return self.out(x)[:, 0].float() + self.prior[0] - self.prior[1] * where[:, 2]


class Routing(NamedTuple):
    """The outputs of the module: ``mask_logits`` ``B x h x w x 2`` (foreground first), guides."""

    mask_logits: Tensor
    guides: Guides


def logits_of(score: Tensor) -> Tensor:
    """Mask logits whose foreground is as probable as a score says, ``... x 2``."""
    return torch.stack([0.5 * score, -0.5 * score], dim=-1)


def guide_layers(inputs: int, width: int) -> nn.ModuleDict:
    """Layers that make :class:`Guides` for ``width`` channels; they start as no guidance."""
    return nn.ModuleDict(
        {
            "offsets": zero_initialised(nn.Conv2d(inputs, 2, 3, padding=1)),
            "channel": zero_initialised(nn.Linear(inputs, width)),
            "spatial": zero_initialised(nn.Conv2d(inputs, 1, 3, padding=1)),
        }
    )


def guides_from(layers: nn.ModuleDict, x: Tensor, reach: float) -> Guides:
    """Runs :func:`guide_layers` on ``B x inputs x H x W``."""
    return Guides(
        reach * torch.tanh(layers["offsets"](x).float()),
        2.0 * torch.sigmoid(layers["channel"](x.mean(dim=(2, 3))))[:, :, None, None],
        2.0 * torch.sigmoid(layers["spatial"](x)),
    )


class Sipm(nn.Module):
    """Semantic importance prediction module, equations (12)-(14).

    The mask starts as the sign of the score.
    """

    def __init__(self, config: GenedConfig) -> None:
        super().__init__()
        self.reach = config.reach
        inputs = config.width + 1 + GLOBAL_CHANNELS
        self.globe = nn.Sequential(
            nn.Conv2d(config.width, GLOBAL_CHANNELS, 1),
            nn.ReLU(),
            nn.Conv2d(GLOBAL_CHANNELS, GLOBAL_CHANNELS, 3, padding=1),
        )
        self.guides = guide_layers(inputs, config.width)
        self.mask_in = nn.Linear(inputs, MASK_HIDDEN)
        self.mask_out = zero_initialised(nn.Linear(MASK_HIDDEN, 2))

    def forward(self, features: Tensor, score: Tensor) -> Routing:
        """Features ``B x width x H/4 x W/4`` and score logits ``B x h x w``."""
        factor = features.shape[-1] // score.shape[-1]
        wide = score[:, None].repeat_interleave(factor, 2).repeat_interleave(factor, 3)
        condition = torch.cat([features, torch.sigmoid(wide), self.globe(features)], dim=1)
        patches = F.avg_pool2d(condition, PATCH_TOKENS).permute(0, 2, 3, 1)
        learned = self.mask_out(F.relu(self.mask_in(patches))).float()
        return Routing(logits_of(score) + learned, guides_from(self.guides, condition, self.reach))


def gate(mask_logits: Tensor, temperature: float, training: bool) -> Tensor:
    """The binary mask ``B x h x w`` of 0 and 1 (Eq. 14).

    In training it is drawn by Gumbel-softmax with straight-through gradients, otherwise the
    likelier class.
    """
    if training:
        return F.gumbel_softmax(mask_logits, temperature, hard=True)[..., 0]
    return (mask_logits[..., 0] > mask_logits[..., 1]).to(mask_logits.dtype)
