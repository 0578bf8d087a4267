"""How the symbols and the power of an image are shared between foreground and background.

Both ends know the mask, the number of symbols, and two numbers from the header section: the
symbols of a background block and how much stronger a foreground symbol is. From these everything
follows by integer arithmetic: the sum over the blocks is exact for every mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gensc_models.codecs.softcast.linear import MAX_RATE, LinearCode, power_allocation

# Of one stream over the other, in dB; 4 bits of the header section.
POWER_STEP_DB = 1.0
POWER_STEPS = 16
# What the split is chosen among: power that the foreground gets beyond its share.
POWER_CHOICES_DB = tuple(range(9))


class SplitError(ValueError):
    """A split that the image has no room for; one line."""


@dataclass(frozen=True)
class Split:
    """Share of each branch of one image: what the header section carries beside the mask.

    ``background`` is the rate of a background block (complex symbols), ``ratio_db`` the power of a
    foreground symbol over that of a background symbol.
    """

    background: int
    ratio_db: float


@dataclass(frozen=True)
class Shares:
    """A split, the mask and the number of symbols put together; tensors are ``h x w``.

    ``rates`` are the complex symbols of every block; ``powers`` those of a foreground and of a
    background symbol, whose mean over all symbols is one.
    """

    mask: Tensor
    rates: Tensor
    powers: tuple[float, float]

    @property
    def symbols(self) -> tuple[int, int]:
        """Complex symbols of foreground and background."""
        return int(self.rates[self.mask].sum()), int(self.rates[~self.mask].sum())

    def power_map(self) -> Tensor:
        """Power of the symbols of every block, ``h x w``."""
        return torch.where(self.mask, *self.powers)


def _too_many(symbols: int, count: int) -> SplitError:
    return SplitError(f"{symbols} symbols for {count} blocks: a block takes 0 to {MAX_RATE}")


def uniform_rates(count: int, symbols: int) -> Tensor:
    """``symbols`` over ``count`` blocks, as evenly as whole numbers can: the first have one more.

    Raises
    ------
    SplitError
        A block would get more than 128.
    """
    if not count:
        if symbols:
            raise SplitError(f"{symbols} symbols and no block to send with them")
        return torch.zeros(0, dtype=torch.long)
    each, more = divmod(symbols, count)
    if not (each >= 0 and each + bool(more) <= MAX_RATE):
        raise _too_many(symbols, count)
    return each + (torch.arange(count) < more).long()


def shares(mask: Tensor, symbols: int, split: Split) -> Shares:
    """What every block gets, in the order of the rows.

    A background block gets what the split says, the foreground the rest. What a foreground of few
    blocks cannot take falls to the background.

    Parameters
    ----------
    mask : bool ``h x w``, true in the foreground.
    symbols : complex symbols of the whole image.

    Raises
    ------
    SplitError
        The background alone takes more than there is, or there is more than the blocks take.
    """
    rates = torch.zeros(mask.shape, dtype=torch.long)
    inside, outside = int(mask.sum()), int((~mask).sum())
    rest = symbols - outside * split.background if inside else 0
    if rest < 0:
        raise SplitError(f"{symbols} symbols: the background alone takes {symbols - rest}")
    taken = min(rest, MAX_RATE * inside)
    rates[mask] = uniform_rates(inside, taken)
    rates[~mask] = uniform_rates(outside, symbols - taken)
    foreground = int(rates[mask].sum())
    ratio = 10.0 ** (split.ratio_db / 10.0)
    # Of one branch alone there is nothing to weigh.
    low = symbols / (ratio * foreground + symbols - foreground) if 0 < foreground < symbols else 1.0
    high = ratio * low if 0 < foreground < symbols else 1.0
    return Shares(mask, rates, (high, low))


@dataclass(frozen=True)
class Choice:
    """A split and the weighted distortion that is expected of it (squared error per value)."""

    split: Split
    expected: float


def branch_errors(
    linear: LinearCode, energy: Tensor, weights: Tensor, told_db: Tensor, rates: Tensor
) -> Tensor:
    """Weighted squared error of blocks that are all sent alike, for several ways to send them.

    A coefficient of energy e that is sent with power P (of its prior variance l) and estimated
    with the reliability ``r = P / (P + n)`` has the error ``e (1 - r)^2 + r^2 l n / P``, where the
    noise n is that of the channel times the square of the normalisation of the branch.

    Parameters
    ----------
    energy : ``256 x n``, squared coefficients of the blocks.
    weights : ``n``.
    told_db : ``K``, Es/N0 including the power of the branch.
    rates : ``K``, complex symbols of a block, from 0.

    Returns
    -------
    ``K``.
    """
    variance = linear.variance.double()
    power = power_allocation(linear.variance, told_db, rates.clamp_min(1)).double()
    power = power * (rates > 0)[:, None]
    mean = energy.double().mean(dim=1)
    sent = (power * mean / variance.clamp_min(1e-12)).sum(dim=1) / (2.0 * rates).clamp_min(1.0)
    noise = (torch.pow(10.0, -told_db.double() / 10.0) * sent)[:, None]
    reliability = power / (power + noise).clamp_min(1e-12)
    lost = (1.0 - reliability).square() @ (energy.double() @ weights.double())
    added = reliability.square() * variance * noise / power.clamp_min(1e-12)
    return lost + weights.double().sum() * added.sum(dim=1)


@torch.no_grad()
def best_split(
    linear: LinearCode,
    energy: Tensor,
    mask: Tensor,
    weights: Tensor,
    symbols: int,
    snr_db: float,
) -> Choice:
    """The split with the least expected weighted distortion, by the model of the linear code.

    Minimises ``sum_i w_i D_i(C_i, snr P_i)`` over the background's rate and the ratio of the
    powers: what the mask is uncertain about is in the weights, what a region is made of in the
    energies.

    Parameters
    ----------
    linear : the code.
    energy : ``256 x h x w``, squared coefficients of every block.
    mask : bool ``h x w``.
    weights : ``h x w``, how much the squared error of a block counts.
    symbols : complex symbols of the whole image.
    snr_db : Es/N0 in dB that is designed for.

    Raises
    ------
    SplitError
        More symbols than the blocks take.
    """
    inside, outside = int(mask.sum()), int((~mask).sum())
    if not inside or not outside:
        uniform_rates(mask.numel(), symbols)
        every = torch.ones_like(mask)
        rates = torch.tensor([symbols // mask.numel()])
        told = torch.tensor([snr_db])
        alike = branch_errors(linear, energy[:, every], weights[every], told, rates)
        return Choice(Split(0, 0.0), float(alike))
    if symbols > MAX_RATE * mask.numel():
        raise _too_many(symbols, mask.numel())
    background = torch.arange(min(MAX_RATE, symbols // outside) + 1)
    rest = (symbols - outside * background).clamp_max(MAX_RATE * inside)
    ratio_db = torch.tensor(POWER_CHOICES_DB, dtype=torch.float32)
    ratio = 10.0 ** (ratio_db / 10.0)
    low = symbols / (ratio * rest[:, None] + (symbols - rest)[:, None])
    expected = torch.zeros(low.shape, dtype=torch.float64)
    halves = (
        (mask, (rest / inside).round(), ratio * low),
        (~mask, ((symbols - rest) / outside).round(), low),
    )
    for blocks, rate, power in halves:
        told = (snr_db + 10.0 * torch.log10(power)).flatten()
        rates = rate[:, None].expand_as(power).flatten()
        error = branch_errors(linear, energy[:, blocks], weights[blocks], told, rates)
        expected += error.view_as(expected)
    best = int(expected.argmin())
    split = Split(int(background[best // len(ratio)]), float(ratio_db[best % len(ratio)]))
    return Choice(split, float(expected.min()))
