"""What a universal decoder is trained on: every way in which latents may be known badly.

For every crop of a batch one way is drawn: quantised and whole; quantised, its end lost; analog
symbols alone; a digital base with analog symbols for what its quantiser left. Analog symbols go
through AWGN, or noise that differs from group to group, some of them erased, at an SNR that the
transmitter need not have known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gensc_models.codecs.adaptive.allocation import allocate
from gensc_models.codecs.bank import posterior
from gensc_models.codecs.bank.network import Coded
from gensc_models.codecs.bank.points import FIRST, LAST

EFFICIENCY = 0.75
"""Share of the capacity that the bits of an analog image are taken to get."""
GROUPS = 32


@dataclass(frozen=True)
class Shares:
    """How often each way is drawn; what is left is quantised and whole."""

    lost: float = 0.05
    analog: float = 0.45
    hybrid: float = 0.15
    uneven: float = 0.15
    mismatched: float = 0.25


@dataclass(frozen=True)
class Draw:
    """One crop's way: ``kind`` quantised, lost, analog or hybrid; the rest for analog symbols."""

    kind: str
    position: float
    snr_db: float = 0.0
    cbr: float = 0.0
    uneven: bool = False
    surprise_db: float = 0.0


def matching_position(cbr: float, snr_db: float, lowest: float, points: float = 0.0) -> float:
    """Position of the prior that suits a channel, or of one some points below it.

    The finer the channel resolves, the finer the prior that pays.
    """
    octaves = math.log2(24.0 * cbr) + (snr_db - 7.0) / 9.0
    below = min(max(12.5 - 3.8 * octaves + points, 0.0), float(LAST - FIRST))
    return max(1.0 - below / 9.0, lowest)


class Drawer:
    """Draws ways by its own generator."""

    def __init__(self, shares: Shares, lowest: float, seed: int) -> None:
        self.shares = shares
        self.lowest = lowest
        self.generator = torch.Generator().manual_seed(seed)

    def _uniform(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def _normal(self, deviation: float) -> float:
        return deviation * float(torch.randn((), generator=self.generator))

    def batch(self, count: int) -> list[Draw]:
        """One way for every crop; positions of digital ones are stratified over the range."""
        parts = torch.randperm(count, generator=self.generator).tolist()
        return [self._one((part + self._uniform(0.0, 1.0)) / count) for part in parts]

    def _one(self, share: float) -> Draw:
        chance, own = self._uniform(0.0, 1.0), self.shares
        position = self.lowest + (1.0 - self.lowest) * share
        if chance >= own.analog + own.hybrid + own.lost:
            return Draw("quantised", position)
        if chance >= own.analog + own.hybrid:
            return Draw("lost", position)
        snr_db = self._uniform(-3.0, 20.0)
        cbr = math.exp(self._uniform(math.log(1 / 96), math.log(1 / 5)))
        uneven = self._uniform(0.0, 1.0) < own.uneven
        surprised = self._uniform(0.0, 1.0) < own.mismatched
        surprise_db = self._normal(4.0) if surprised else 0.0
        if chance >= own.analog:
            return Draw("hybrid", position, snr_db, cbr, uneven, surprise_db)
        position = matching_position(cbr, snr_db, self.lowest, self._normal(2.0))
        return Draw("analog", position, snr_db, cbr, uneven, surprise_db)


@torch.no_grad()
def known(
    coded: Coded, spread: Tensor, draws: list[Draw], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Estimates and posterior deviations of the latents as drawn, ``B x 768 x h x w`` each.

    ``spread`` are the deviations of latents about their means by level, ``64``.
    """
    level = coded.levels.round().long()
    prior = spread[level]
    digital = torch.where(coded.sent, posterior.of_quantised(coded.values, prior), prior)
    estimate, deviation = coded.values + coded.means, digital.clone()
    classes, table = posterior.classes(level, coded.values, spread)
    for i, draw in enumerate(draws):
        if draw.kind == "lost":
            top = int(torch.randint(coded.values.shape[2], (), generator=generator))
            estimate[i, :, top:] = coded.means[i, :, top:]
            deviation[i, :, top:] = prior[i, :, top:]
        elif draw.kind == "analog":
            bits = float(coded.z_bits[i])
            better, sd = _through(coded.latents[i], level[i], spread, bits, draw, generator)
            estimate[i], deviation[i] = coded.means[i] + better, sd
        elif draw.kind == "hybrid":
            left = coded.latents[i] - coded.values[i]
            bits = float(coded.z_bits[i] + coded.y_bits[i])
            better, sd = _through(left, classes[i], table, bits, draw, generator)
            estimate[i], deviation[i] = estimate[i] + better, sd
    return estimate, deviation


def _through(
    values: Tensor,
    classes: Tensor,
    table: Tensor,
    bits: float,
    draw: Draw,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Linear estimates of zero-mean values sent as analog symbols, and their deviations."""
    pixels = 256 * values.shape[-1] * values.shape[-2]
    noise_var = 10.0 ** (-draw.snr_db / 10.0)
    coded_symbols = bits / (EFFICIENCY * math.log2(1.0 + 1.0 / noise_var))
    symbols = max(16, round(2.0 * (3.0 * pixels * draw.cbr - coded_symbols)))
    plan = allocate(classes.flatten(), table, symbols, noise_var)
    s, p, v = plan.deviation.clamp_min(1e-6), plan.power, values.flatten()[plan.places]
    gain = p.sqrt() / s
    # The transmitter scales what it sends to power one, whatever the prior expected.
    scaled = max(float((gain * v).square().sum()) / symbols, 1e-9)
    n = torch.full_like(s, noise_var * scaled * 10.0 ** (-draw.surprise_db / 10.0))
    if draw.uneven:
        copies = -(-len(n) // GROUPS)
        spread_db = 6.0 * torch.randn(GROUPS, generator=generator)
        n = n * (10.0 ** (spread_db / 10.0)).repeat(copies)[: len(n)].to(n.device)
        erased = torch.rand(GROUPS, generator=generator) < 0.1
        n[erased.repeat(copies)[: len(n)].to(n.device)] = 1e9
    noise = torch.randn(len(n), generator=generator).to(n.device)
    received = gain * v + n.sqrt() * noise
    estimate, deviation = torch.zeros_like(values).flatten(), table[classes].flatten()
    estimate[plan.places] = received * gain * s.square() / (p + n)
    deviation[plan.places] = s * (n / (p + n)).sqrt()
    return estimate.view_as(values), deviation.view_as(values)
