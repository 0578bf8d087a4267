"""The losses of section IV-C, equations (21)-(26).

Maps of saliency (the pseudo-labels Y) are ``B x H x W`` in [0, 1]; losses are one number per image,
``B``, which :func:`total_loss` averages.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-6
# Of the contextual similarities (Eq. 25).
CONTEXT_TEMPERATURE = 0.1
# Background positions that are compared with each other at most, per image.
POSITIONS = 512
# Pulls the contextual loss's relative distances away from a division by zero.
CONTEXT_EPSILON = 1e-3


@dataclass(frozen=True)
class LossWeights:
    """Weights of the sum (26), and what the equations leave open.

    ``elsewhere`` is the weight of the background in the matching loss: with 0, as Eq. (21) is
    printed, a score map that is high everywhere is perfect. ``fidelity`` is that of the squared
    error outside the foreground: features alone leave colours to chance.
    """

    matching: float = 0.5
    foreground: float = 1.0
    background: float = 0.05
    elsewhere: float = 1.0
    fidelity: float = 0.1


def matching_loss(score: Tensor, saliency: Tensor, elsewhere: float = 0.0) -> Tensor:
    """Pixel-semantic matching (Eq. 21): cross-entropy of the score map, over the foreground.

    Parameters
    ----------
    score : logits ``B x h x w``.
    saliency : ``B x h x w``, the pseudo-label at the score's resolution.
    elsewhere : weight of what is not foreground.
    """
    entropy = F.binary_cross_entropy_with_logits(score, saliency, reduction="none")
    weight = saliency + elsewhere * (1.0 - saliency)
    return (weight * entropy).sum(dim=(1, 2)) / (weight.sum(dim=(1, 2)) + EPSILON)


def weighted_mse(shown: Tensor, image: Tensor, weight: Tensor) -> Tensor:
    """Mean squared error of images ``B x 3 x H x W`` over weighted pixels (Eq. 22)."""
    error = (shown - image).square().mean(dim=1)
    return (weight * error).sum(dim=(1, 2)) / (weight.sum(dim=(1, 2)) + EPSILON)


def contextual_similarity(shown: Tensor, original: Tensor) -> Tensor:
    """Contextual similarity (Eq. 25) of each original feature to the shown ones.

    Parameters
    ----------
    shown, original : features ``n x C`` and ``m x C``.

    Returns
    -------
    ``m`` in (0, 1]: how clearly one shown feature is meant, the best of them.
    """
    centre = original.mean(dim=0)
    a, b = (F.normalize(x - centre, dim=1) for x in (shown, original))
    distance = 1.0 - b @ a.T
    relative = distance / (distance.min(dim=1, keepdim=True).values + CONTEXT_EPSILON)
    return torch.softmax((1.0 - relative) / CONTEXT_TEMPERATURE, dim=1).amax(dim=1)


def contextual_loss(shown: Tensor, original: Tensor, saliency: Tensor) -> Tensor:
    """Background contextual loss (Eq. 23-24) of feature maps ``B x C x h x w``.

    Each position weighs as much as it is background. What equal images would score is subtracted,
    so that they lose nothing. Of large maps every n-th position is taken.
    """
    small = F.interpolate(saliency[:, None], size=shown.shape[-2:], mode="area")[:, 0]
    stride = -(-shown.shape[-2] * shown.shape[-1] // POSITIONS)
    losses = []
    for a, b, y in zip(shown, original, small, strict=True):
        a, b = (x.flatten(1).T[::stride].float() for x in (a, b))
        weight = 1.0 - y.flatten()[::stride]
        with torch.no_grad():
            best = contextual_similarity(b, b)
        lost = torch.log(best) - torch.log(contextual_similarity(a, b))
        losses.append((weight * lost).sum() / (weight.sum() + EPSILON))
    return torch.stack(losses)


def total_loss(parts: dict[str, Tensor], weights: LossWeights) -> Tensor:
    """The weighted sum (26) of what there is, by the names of the weights; mean over images."""
    return torch.stack([getattr(weights, name) * part.mean() for name, part in parts.items()]).sum()
