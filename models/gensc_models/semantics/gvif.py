"""Generative visual information fidelity (GVIF): how much of an image's information arrives.

The latents of a hyperprior codec are Gaussian given their scales. With the visual noise of the
eye as a Gaussian channel of variance gamma^2, the fidelity of an image of which only the latents
in the set P were sent is (GVIF-CIE, Eq. 27)::

            sum over P of log2(1 + (beta theta)^2 / gamma^2)
    V  =    ------------------------------------------------ ,    beta = theta_coded / theta
            sum over all of log2(1 + theta^2 / gamma^2)

with theta the scales of a nearly lossless reference codec and theta_coded those of the codec in
use (Eq. 28-30). V is 1 when all is sent undistorted, 0 when nothing is.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

VISUAL_NOISE = 0.1
"""gamma^2, the variance of the visual noise."""


def information(scales: Tensor, visual_noise: float = VISUAL_NOISE) -> Tensor:
    """Bits that the eye can take from latents of these scales, ``log2(1 + theta^2 / gamma^2)``."""
    return torch.log2(1.0 + scales.double().square() / visual_noise)


def gvif_parts(
    reference: Tensor, coded: Tensor, kept: Tensor, visual_noise: float = VISUAL_NOISE
) -> tuple[Tensor, Tensor]:
    """Numerator and denominator of GVIF before they are summed.

    Parameters
    ----------
    reference : scales of the reference codec, ``N x C x h x w``, not negative.
    coded : scales of the codec in use, same shape. Where they exceed the reference, beta is 1:
        a coder cannot add information.
    kept : the set P, broadcastable to that shape; 0 or False where a latent was not sent.
    visual_noise : gamma^2, positive.

    Raises
    ------
    ValueError : shapes that do not fit, negative or non-finite scales, gamma^2 not positive.
    """
    if reference.shape != coded.shape or reference.dim() != 4:
        raise ValueError(f"scales must be N x C x h x w alike: {reference.shape}, {coded.shape}")
    if visual_noise <= 0:
        raise ValueError(f"visual noise {visual_noise}: must be positive")
    for name, scales in (("reference", reference), ("coded", coded)):
        if not bool((torch.isfinite(scales) & (scales >= 0)).all()):
            raise ValueError(f"{name} scales must be finite and not negative")
    arrives = information(torch.minimum(coded, reference), visual_noise)
    return arrives * kept.expand_as(reference).double(), information(reference, visual_noise)


def gvif(
    reference: Tensor, coded: Tensor, kept: Tensor, visual_noise: float = VISUAL_NOISE
) -> Tensor:
    """GVIF of every image, ``N``, in [0, 1]; arguments as in :func:`gvif_parts`.

    An image without any information (all reference scales 0) arrives whole: 1.
    """
    arrives, there = gvif_parts(reference, coded, kept, visual_noise)
    total = there.sum(dim=(1, 2, 3))
    return torch.where(total > 0, arrives.sum(dim=(1, 2, 3)) / total.clamp_min(1e-30), 1.0)


def gvif_map(
    reference: Tensor,
    coded: Tensor,
    kept: Tensor,
    size: tuple[int, int],
    visual_noise: float = VISUAL_NOISE,
) -> Tensor:
    """Where the information is and how much of it arrived, as pictures of the image's size.

    Parameters
    ----------
    size : height and width of the pictures; other arguments as in :func:`gvif_parts`.

    Returns
    -------
    ``N x 2 x H x W`` in [0, 1]: information that arrived and information there, both averaged
    over the channels and relative to the largest value of the image.
    """
    parts = torch.stack(
        [part.mean(dim=1) for part in gvif_parts(reference, coded, kept, visual_noise)], dim=1
    )
    parts = parts / parts.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-30)
    return F.interpolate(parts.float(), size=size, mode="nearest")
