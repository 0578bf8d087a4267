"""Which coefficients are sent as analog symbols, and with how much power.

``N`` real symbols of mean power one carry coefficients of standard deviations ``s_i`` through noise
of variance ``n``; the linear estimate leaves ``D_i = s_i^2 / (1 + p_i/n)``. Minimising ``sum D_i``
for ``sum p_i = N`` gives ``p_i = n (a s_i - 1)`` where that is positive and else zero: at high SNR
SoftCast's rule (power in proportion to the deviation; Jakubczak and Katabi 2011), at low SNR fewer
coefficients with more power each (Lee and Petersen, "Optimal linear coding for vector channels",
1976). Coefficients come in classes of one deviation each, so that sender and receiver find the same
order from integers alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Allocation:
    """Coefficients that are sent, strongest first: places, deviations and powers, each ``M``.

    Powers add up to the number of real symbols; expected errors of all coefficients to ``left``.
    """

    places: Tensor
    deviation: Tensor
    power: Tensor
    left: float


def allocate(
    classes: Tensor, deviation: Tensor, symbols: int, noise_var: float, weight: Tensor | None = None
) -> Allocation:
    """Chooses at most ``symbols`` of the coefficients and shares the power out.

    Parameters
    ----------
    classes : int64, the class of every coefficient, 1-D.
    deviation : float32, one per class.
    symbols : real channel symbols, at least one.
    noise_var : noise variance of a real symbol of power one.
    weight : what the squared error of a class counts; all alike without it.

    Raises
    ------
    ValueError
        No symbols, or a noise variance that is not positive.
    """
    if symbols < 1 or not noise_var > 0.0:
        raise ValueError(f"{symbols} symbols through noise of variance {noise_var}")
    counts = torch.bincount(classes, minlength=len(deviation))
    s = deviation.double()
    worth = s if weight is None else s * weight.double().sqrt()
    rank = torch.sort(worth, descending=True, stable=True).indices
    # How many of each class there is room for.
    before = torch.cumsum(counts[rank], 0) - counts[rank]
    room = (symbols - before).clamp_min(0).minimum(counts[rank])
    level = _level(worth[rank], room, symbols / noise_var)
    power = torch.zeros_like(s)
    power[rank] = noise_var * (level * worth[rank] - 1.0).clamp_min(0.0)
    taken = torch.zeros_like(counts)
    taken[rank] = room
    position = torch.empty_like(rank)
    position[rank] = torch.arange(len(rank))
    order = torch.sort(position[classes], stable=True).indices[: int(room.sum())]
    mine = classes[order]
    error = s.square()
    left = (counts - taken) * error + taken * error / (1.0 + power / noise_var)
    return Allocation(order, deviation[mine].float(), power[mine].float(), float(left.sum()))


def _level(worth: Tensor, count: Tensor, budget: float) -> float:
    """The water level ``a``: ``sum count (a worth - 1)+ = budget``; ``worth`` descending."""
    total = torch.cumsum(count * worth, 0)
    level = (budget + torch.cumsum(count, 0)) / total.clamp_min(1e-30)
    served = (level * worth > 1.0) & (count > 0)
    last = int(served.nonzero()[-1]) if served.any() else 0
    return float(level[last])
