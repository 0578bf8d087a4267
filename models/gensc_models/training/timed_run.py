"""A training run that lasts a given time: network, average, optimisers, clock, checkpoint, log.

Muon trains convolution kernels, Adam all else; the learning rates follow the clock down a cosine.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from gensc_models.training.muon import Muon
from gensc_models.training.schedule import follow, log_record, pace, save_checkpoint

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What every such run needs to know.

    ``out`` is the folder of checkpoint and log, ``minutes`` the time over all resumptions.
    ``muon_rate`` and ``decay`` are for kernels, ``learning_rate`` for all other parameters.
    """

    out: Path
    minutes: float = 30.0
    learning_rate: float = 2e-3
    muon_rate: float = 5e-3
    decay: float = 0.1
    warmup_steps: int = 100
    clip: float = math.inf
    ema: float = 0.998
    batch: int = 128
    validate_every_minutes: float = 3.0
    max_steps: int | None = None
    threads: int = 2
    bfloat16: bool = False
    device: str = "cpu"
    seed: int = 1


class TimedRun(Generic[N]):
    """One run; everything that a checkpoint holds.

    Parameters
    ----------
    settings : of the run.
    make : the untrained network.
    described : the network's configuration, as the checkpoint carries it.
    slower : beginning of the names of parameters that already know something, and the factor
        of their learning rates.
    """

    def __init__(
        self,
        settings: RunSettings,
        make: Callable[[], N],
        described: dict[str, Any],
        slower: tuple[str, float] = ("", 1.0),
    ) -> None:
        self.settings = settings
        self.described = described
        self.network = make().to(settings.device)
        self.network.to(memory_format=torch.channels_last)
        self.average = make().to(settings.device).eval()
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False)
        self.checkpoint = settings.out / "checkpoint.pt"
        self.step = 0
        self._earlier_minutes = 0.0
        self._start = time.monotonic()
        prefix, factor = slower
        named = list(self.network.named_parameters())
        groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
        for name, parameter in named:
            share = factor if prefix and name.startswith(prefix) else 1.0
            groups.setdefault((parameter.ndim == 4, share), []).append(parameter)
        kernels = {share: group for (is_kernel, share), group in groups.items() if is_kernel}
        others = {share: group for (is_kernel, share), group in groups.items() if not is_kernel}
        dtype = torch.bfloat16 if settings.bfloat16 else torch.float32
        self.muon = Muon([{"params": g} for g in kernels.values()], settings.muon_rate, dtype=dtype)
        self.adam = torch.optim.Adam(
            [{"params": g} for g in others.values()], settings.learning_rate, betas=(0.9, 0.99)
        )
        self._shares = (tuple(kernels), tuple(others))

    @property
    def minutes(self) -> float:
        """Minutes spent, over all resumptions."""
        return self._earlier_minutes + (time.monotonic() - self._start) / 60.0

    @property
    def progress(self) -> float:
        """Share that is spent of the time or, where that is more, of the steps asked for."""
        limit = self.settings.max_steps
        return max(self.minutes / self.settings.minutes, self.step / limit if limit else 0.0)

    @property
    def finished(self) -> bool:
        """Whether the time (or the number of steps) asked for is used up."""
        return self.progress >= 1.0

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "network": self.network,
            "average": self.average,
            "muon": self.muon,
            "adam": self.adam,
        }

    def resume(self) -> None:
        """Goes on from ``checkpoint.pt`` where there is one.

        Raises
        ------
        ValueError
            The checkpoint is of another network.
        """
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=self.settings.device, weights_only=True)
        if state.get("config") != self.described:
            raise ValueError(f"{self.checkpoint}: of another kind of run; choose another --out")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self._earlier_minutes = state["step"], state["minutes"]

    def save(self) -> None:
        """Writes ``checkpoint.pt``."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"config": self.described, "step": self.step, "minutes": self.minutes}
        save_checkpoint(state, self.checkpoint)

    @contextmanager
    def precision(self) -> Iterator[None]:
        """bfloat16 where the settings say so."""
        settings = self.settings
        with torch.autocast(settings.device, torch.bfloat16, enabled=settings.bfloat16):
            yield

    def descend(self, loss: Tensor) -> float:
        """One optimiser step against the loss, which is returned.

        A step whose gradient is not finite is left out.
        """
        settings = self.settings
        factor = pace(self.step, settings.warmup_steps, self.progress, floor=0.0)
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        self.step += 1
        if bool(torch.isfinite(norm)):
            for group, share in zip(self.muon.param_groups, self._shares[0], strict=True):
                group["lr"] = settings.muon_rate * factor * share
                shrink = 1.0 - group["lr"] * settings.decay
                torch._foreach_mul_([p.data for p in group["params"]], shrink)
            for group, share in zip(self.adam.param_groups, self._shares[1], strict=True):
                group["lr"] = settings.learning_rate * factor * share
            self.muon.step()
            self.adam.step()
        follow(_numbers(self.average), _numbers(self.network), self.step, settings.ema)
        return loss.item()

    def go_on(self, advance: Callable[[], float], validate: Callable[[], dict[str, float]]) -> Path:
        """Calls ``advance`` (one step, which returns its loss) until the time is over.

        ``log.jsonl`` gets one record per validation: step, minutes, loss, images per second and
        what ``validate`` says. Returns the path of the checkpoint.
        """
        settings = self.settings
        since, losses = time.monotonic(), []
        while True:
            spent = time.monotonic() - since
            if losses and (spent > 60.0 * settings.validate_every_minutes or self.finished):
                self.save()
                record = {
                    "step": self.step,
                    "minutes": round(self.minutes, 2),
                    "loss": round(sum(losses) / len(losses), 4),
                    "images_per_second": round(len(losses) * settings.batch / spent, 1),
                    "learning_rate": self.adam.param_groups[0]["lr"],
                    "validation": validate(),
                }
                log_record(settings.out / "log.jsonl", record)
                since, losses = time.monotonic(), []
            if self.finished:
                return self.checkpoint
            losses.append(advance())


def add_run_options(parser: argparse.ArgumentParser, defaults: RunSettings) -> None:
    """Adds to a trainer's command line what every such run can be told."""
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=defaults.minutes)
    parser.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    parser.add_argument("--muon-rate", type=float, default=defaults.muon_rate)
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--bfloat16", action="store_true", help="network in bfloat16")
    parser.add_argument("--device", default=defaults.device)
    parser.add_argument("--seed", type=int, default=defaults.seed)


def _numbers(network: nn.Module) -> Sequence[Tensor]:
    """Parameters, and the statistics of batch normalisation."""
    return [t for t in network.state_dict().values() if t.is_floating_point()]
