"""Diffusion on the prior representation Z: few steps on a vector, which cost next to nothing.

The denoiser predicts Z_0. The reverse step takes the mean of the posterior
``q(Z_{t-1} | Z_t, Z_0)``, which is line 10 of the paper's Algorithms 1 and 2 written for Z_0
instead of the noise ``epsilon``: the two are the same function of each other through
``Z_t = sqrt(abar_t) Z_0 + sqrt(1 - abar_t) epsilon``. No noise is added on the way, so the result
depends on the draw of Z_T alone.
"""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gensc_models.restore.refiner.config import RefinerConfig


class Schedule(NamedTuple):
    """``beta_t``, ``alpha_t = 1 - beta_t`` and ``abar_t = prod alpha``, each for t = 1 ... T."""

    beta: tuple[float, ...]
    alpha: tuple[float, ...]
    alpha_bar: tuple[float, ...]

    @classmethod
    def linear(cls, steps: int, first: float, last: float) -> Schedule:
        """``beta`` rising linearly from ``first`` to ``last`` in ``steps`` steps."""
        beta = tuple(first + (last - first) * i / max(1, steps - 1) for i in range(steps))
        alpha = tuple(1.0 - b for b in beta)
        return cls(beta, alpha, tuple(accumulate(alpha, mul)))

    def posterior_weights(self, t: int) -> tuple[float, float]:
        """Weights of Z_0 and of Z_t in the mean of ``q(Z_{t-1} | Z_t, Z_0)``, t = 1 ... T."""
        beta, alpha, now = (part[t - 1] for part in self)
        before = self.alpha_bar[t - 2] if t > 1 else 1.0
        return before**0.5 * beta / (1.0 - now), alpha**0.5 * (1.0 - before) / (1.0 - now)


class Denoiser(nn.Module):
    """MLP on [Z_t, t/T, condition] that predicts Z_0, as a correction of the condition D."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        size = config.prior_size
        layers: list[nn.Module] = [nn.Linear(2 * size + 1 + config.condition, size), nn.GELU()]
        for _ in range(config.denoiser_layers - 2):
            layers += [nn.Linear(size, size), nn.GELU()]
        self.layers = nn.Sequential(*layers, nn.Linear(size, size))

    def forward(self, noisy: Tensor, time: float, decoded_prior: Tensor, snr: Tensor) -> Tensor:
        """Z_t and D (``B x 4C'``), t/T, and the SNR embedding (``B x condition``) to Z_0."""
        column = noisy.new_full((len(noisy), 1), time)
        return decoded_prior + self.layers(torch.cat([noisy, column, decoded_prior, snr], dim=1))


class PriorDiffusion(nn.Module):
    """The whole chain Z_T ... Z_0, differentiable from end to end."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.size = config.prior_size
        self.schedule = Schedule.linear(config.steps, config.beta_first, config.beta_last)
        self.condition = nn.Sequential(nn.Linear(1, config.condition), nn.SiLU())
        self.denoiser = Denoiser(config)

    @property
    def steps(self) -> int:
        """T."""
        return len(self.schedule.beta)

    def diffuse(self, prior: Tensor, noise: Tensor) -> Tensor:
        """Z_T of a known Z_0 (eq. 11); all ``B x 4C'``, noise standard normal."""
        last = self.schedule.alpha_bar[-1]
        return last**0.5 * prior + (1.0 - last) ** 0.5 * noise

    def reverse(self, noisy: Tensor, decoded_prior: Tensor, snr_feature: Tensor) -> Tensor:
        """Z_T and D (``B x 4C'``) and the scaled SNR (``B x 1``) to the estimate of Z_0."""
        snr = self.condition(snr_feature)
        z = noisy
        for t in range(self.steps, 0, -1):
            clean = self.denoiser(z, t / self.steps, decoded_prior, snr)
            of_clean, of_noisy = self.schedule.posterior_weights(t)
            z = of_clean * clean + of_noisy * z
        return z
