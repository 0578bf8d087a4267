"""Muon for kernels and Adam for all else, with a peak learning rate for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gensc_models.training.muon import Muon


@dataclass(frozen=True)
class Group:
    """Parameters of one peak learning rate; ``decay`` shrinks them in proportion to it."""

    parameters: Sequence[nn.Parameter]
    rate: float
    muon: bool = False
    decay: float = 0.0


def is_kernel(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter is a convolution's."""
    return parameter.ndim == 4


def kernels_and_others(
    network: nn.Module,
    muon_rate: float,
    rate: float,
    decay: float = 0.0,
    slower: tuple[str, float] = ("", 1.0),
    kernel: Callable[[str, nn.Parameter], bool] = is_kernel,
) -> list[Group]:
    """Kernels to Muon, all other parameters to Adam; those that are frozen to none.

    ``slower`` is the beginning of the names of parameters that already know something, and the
    factor of their learning rates.
    """
    prefix, factor = slower
    found: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            share = factor if prefix and name.startswith(prefix) else 1.0
            found.setdefault((kernel(name, parameter), share), []).append(parameter)
    return [
        Group(members, muon_rate * share, muon=True, decay=decay)
        if to_muon
        else Group(members, rate * share)
        for (to_muon, share), members in found.items()
    ]


class Optimisers:
    """Both optimisers over some groups; either may have none."""

    def __init__(self, groups: Iterable[Group], dtype: torch.dtype) -> None:
        groups = [group for group in groups if group.parameters]
        self._muon_groups = [group for group in groups if group.muon]
        self._adam_groups = [group for group in groups if not group.muon]
        self.parameters = [p for group in groups for p in group.parameters]
        self.muon = (
            Muon([{"params": list(g.parameters)} for g in self._muon_groups], dtype=dtype)
            if self._muon_groups
            else None
        )
        self.adam = (
            torch.optim.Adam(
                [{"params": list(g.parameters)} for g in self._adam_groups],
                betas=(0.9, 0.99),
                fused=True,
            )
            if self._adam_groups
            else None
        )

    @property
    def rate(self) -> float:
        """Learning rate of the last step, Adam's first group's where there is one."""
        shown = self.adam or self.muon
        return float(shown.param_groups[0]["lr"]) if shown is not None else 0.0

    def step(self, factor: float) -> None:
        """One step at ``factor`` of the peak learning rates."""
        for optimiser, groups in ((self.muon, self._muon_groups), (self.adam, self._adam_groups)):
            if optimiser is None:
                continue
            for stored, group in zip(optimiser.param_groups, groups, strict=True):
                stored["lr"] = group.rate * factor
                if group.decay:
                    shrink = 1.0 - stored["lr"] * group.decay
                    torch._foreach_mul_([p.data for p in group.parameters], shrink)
            optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        """``muon`` and ``adam``, as far as there are any."""
        both = {"muon": self.muon, "adam": self.adam}
        return {name: o.state_dict() for name, o in both.items() if o is not None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Reads :meth:`state_dict` back, from a whole checkpoint as well.

        Raises
        ------
        KeyError, ValueError
            Of other groups.
        """
        for name, optimiser in (("muon", self.muon), ("adam", self.adam)):
            if optimiser is not None:
                optimiser.load_state_dict(state[name])
