"""Noise schedule of the diffusion and the order of its steps, RePaint's resampling included.

With ``abar(tau) = cos^2(pi tau / 2)`` (Nichol and Dhariwal, 2021, without their offset) a noisy
image is ``x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) epsilon``. The reverse step of eq. 11 of
GVIF-CIE is the posterior ``q(x_{t-1} | x_t, x_0)`` with the noise ``epsilon`` that the network
predicts expressed by ``x_0``; here it is written for ``x_0``, which stays finite where nothing
but noise is left (``abar_T = 0``).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Step(NamedTuple):
    """From noise level ``start`` to ``stop``: down is the network's, up adds noise."""

    start: int
    stop: int


def signal_share(tau: float) -> float:
    """``abar`` at tau in [0, 1]: 1 is the clean image, 0 pure noise."""
    return math.cos(0.5 * math.pi * tau) ** 2


def noise_levels(steps: int, curve: float) -> tuple[float, ...]:
    """``tau`` of the levels t = 0 ... steps: 0 to 1, evenly for a curve of 1.

    A larger one has most levels at little noise, and so one long first step from pure noise to
    what the network expects at the mean.
    """
    return tuple((t / steps) ** curve for t in range(steps + 1))


def resampling_path(evaluations: int, jumps: int, jump_length: int) -> list[Step]:
    """Steps from pure noise to the image that evaluate the network just so many times.

    As in RePaint (Lugmayr et al., CVPR 2022, section 4.2): after every ``jump_length`` steps down
    the image is diffused back up by as many, so that what is filled in gets to agree with what is
    known. Jumps are spent from the noisy end on, as many as fit; the levels are numbered
    ``levels ... 0`` with ``levels = evaluations - jumps * jump_length``.
    """
    while jumps and evaluations - jumps * jump_length < (jumps + 1) * jump_length:
        jumps -= 1
    level = evaluations - jumps * jump_length
    path: list[Step] = []
    for _ in range(jumps):
        path += [Step(t, t - 1) for t in range(level, level - jump_length, -1)]
        path.append(Step(level - jump_length, level))
        path += [Step(t, t - 1) for t in range(level, level - jump_length, -1)]
        level -= jump_length
    return path + [Step(t, t - 1) for t in range(level, 0, -1)]


def diffuse(clean: Tensor, noise: Tensor, share: float) -> Tensor:
    """``x_t`` of a known ``x_0``."""
    return share**0.5 * clean + (1.0 - share) ** 0.5 * noise


def up(x: Tensor, noise: Tensor, share: float, target: float) -> Tensor:
    """Diffuses from ``abar = share`` to the noisier ``abar = target``."""
    alpha = target / share
    return alpha**0.5 * x + (1.0 - alpha) ** 0.5 * noise


def down(
    x: Tensor, clean: Tensor, noise: Tensor, share: float, target: float, temperature: float
) -> Tensor:
    """Eq. 11: a draw of ``q(x_{t-1} | x_t, x_0)``, its noise scaled by ``temperature``.

    Parameters
    ----------
    x : ``x_t`` at ``abar = share``.
    clean : estimate of ``x_0``.
    noise : standard normal z.
    target : ``abar`` of t - 1; at 1 the result is ``clean``.
    """
    alpha = share / target
    beta = 1.0 - alpha
    of_clean = target**0.5 * beta / (1.0 - share)
    of_noisy = alpha**0.5 * (1.0 - target) / (1.0 - share)
    sigma = ((1.0 - target) / (1.0 - share) * beta) ** 0.5
    return of_clean * clean + of_noisy * x + temperature * sigma * noise


def velocity(clean: Tensor, noise: Tensor, tau: Tensor) -> Tensor:
    """What the network learns: ``sqrt(abar) epsilon - sqrt(1 - abar) x_0``; tau is ``B``.

    Of Salimans and Ho, "Progressive distillation", 2022: well scaled from pure noise, where it
    asks for the image, to no noise, where it asks for the noise.
    """
    angle = (0.5 * torch.pi * tau).view(-1, 1, 1, 1)
    return angle.cos() * noise - angle.sin() * clean


def clean_of_velocity(x: Tensor, v: Tensor, tau: float) -> Tensor:
    """``x_0`` that a predicted velocity stands for."""
    angle = 0.5 * math.pi * tau
    return math.cos(angle) * x - math.sin(angle) * v
