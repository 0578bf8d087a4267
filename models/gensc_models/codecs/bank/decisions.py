"""Rounding with an eye on the rate.

Of the nearest integer and the next one towards zero, a latent takes what costs less in
``lambda 255^2 MSE + bits per pixel``: the encoder's freedom, of which the decoder need not know.
At low rates, where most latents lie between 0 and 1, it is worth more than a decibel.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gensc_models.codecs.bank.scales import latent_bits

RATE_WEIGHT = 0.8
"""Bits count a little less than they cost: neighbours' levels follow from what is sent."""


@torch.no_grad()
def decide(residual: Tensor, levels: Tensor, step: Tensor, multiplier: Tensor) -> Tensor:
    """Integers to send for latents about their means.

    Parameters
    ----------
    residual, levels : ``B x 768 x h x w``, in quantiser steps and entropy levels.
    step : ``B x 1 x 1 x 1``, grey levels per quantiser step.
    multiplier : ``B``, lambda. The three colours of a pixel share its bits.
    """
    nearest = residual.round()
    lower = (nearest.abs() - 1.0).clamp_min(0.0) * nearest.sign()
    weight = multiplier[:, None, None, None] * step.square() / (3.0 * RATE_WEIGHT)
    error = (residual - lower).square() - (residual - nearest).square()
    saved = latent_bits(nearest, levels) - latent_bits(lower, levels)
    return torch.where(saved > weight * error, lower, nearest)
