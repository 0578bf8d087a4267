"""The engine under every recipe: clock and schedule, resumption, averaging, validation, export.

A run goes through the stages of its recipe, each of which has its share of the time, its
optimisers and (unless the recipe wants one for all) its cosine of the learning rates. In ``out``
it leaves ``checkpoint.pt``, ``log.jsonl``, ``curve.png`` and at its end the weights.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from gensc_models.data.photos import prefetch
from gensc_models.training import checkpoint, curve, folder
from gensc_models.training.batches import moved
from gensc_models.training.log import Interval, Log
from gensc_models.training.optimisers import Optimisers
from gensc_models.training.options import RunSettings
from gensc_models.training.recipe import Figures, Recipe
from gensc_models.training.schedule import follow, pace

N = TypeVar("N", bound=nn.Module)
# Far apart, so that a run that was resumed does not meet its old batches again.
SEED_STRIDE = 7919


class TooShortError(RuntimeError):
    """The run ended before it had anything to show; the message is one line."""


def device_of(settings: RunSettings, cuda: bool = True) -> torch.device:
    """The device that is asked for; ``auto`` is CUDA where there is one and the recipe can.

    Raises
    ------
    ValueError
        CUDA where there is none, or for a recipe that cannot.
    """
    able = cuda and torch.cuda.is_available()
    if settings.device == "cpu" or (settings.device == "auto" and not able):
        return torch.device("cpu")
    if not cuda:
        raise ValueError(f"--device {settings.device}: this recipe runs on the CPU alone")
    if not torch.cuda.is_available():
        raise ValueError(f"--device {settings.device}: no CUDA device here; --device cpu works")
    return torch.device("cuda")


class TrainingRun(Generic[N]):
    """One run of a recipe; everything that a checkpoint holds.

    Parameters
    ----------
    recipe : with its data loaded.

    Raises
    ------
    ValueError
        ``out`` has a run that is not to be resumed, or one of another kind; a name that shipped
        weights have; a device that is not there.
    """

    def __init__(self, recipe: Recipe[N, Any, Any]) -> None:
        settings = recipe.settings
        self.recipe, self.settings, self.options = recipe, settings, recipe.options
        self.name = folder.name_for(recipe.name, settings)
        self.device = device_of(settings, recipe.cuda)
        self.checkpoint = settings.out / checkpoint.NAME
        if self.checkpoint.exists() and not settings.resume:
            raise ValueError(
                f"{settings.out} has a run; --resume goes on with it, or choose another --out"
            )
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.limit = settings.minutes or recipe.options.minutes
        self.step = self.stage = self.round = 0
        self._earlier_minutes = 0.0
        self._start: float | None = None
        self._round_start = (0.0, 0)
        self._figures: Figures = {}
        self.network = recipe.model().to(self.device).to(memory_format=torch.channels_last)
        self.average = recipe.model().to(self.device).eval().requires_grad_(False)
        self.stage_steps = [0] * len(recipe.stages())
        settings.out.mkdir(parents=True, exist_ok=True)
        self.log = Log(settings.out / folder.LOG)
        if self.checkpoint.exists():
            self._resume()
        else:
            recipe.begin(self.network)
            self.average.load_state_dict(self.network.state_dict())
            self._prepare_stage()

    # ------------------------------------------------------------------ clock

    @property
    def minutes(self) -> float:
        """Minutes of training, validation included, over all resumptions."""
        running = 0.0 if self._start is None else time.monotonic() - self._start
        return self._earlier_minutes + running / 60.0

    @property
    def progress(self) -> float:
        """Share that is spent of the time or, where that is more, of the steps asked for."""
        minutes, steps = self._round_start
        spent = (self.minutes - minutes) / max(self.limit - minutes, 1e-9)
        allowed = self.settings.max_steps
        by_steps = (self.step - steps) / max(allowed - steps, 1) if allowed else 0.0
        return min(1.0, max(spent, by_steps))

    @property
    def finished(self) -> bool:
        """Whether the time (or the number of steps) asked for is used up."""
        return not self.stage_steps or self.progress >= 1.0

    def _stage_progress(self) -> float:
        shares = self.recipe.stages()
        begin = sum(shares[: self.stage])
        return max(0.0, self.progress - begin) / shares[self.stage]

    def _stage_over(self) -> bool:
        ends = list(accumulate(self.recipe.stages()))
        return self.stage < len(ends) - 1 and self.progress >= ends[self.stage] - 1e-9

    # ------------------------------------------------------------------ checkpoint

    def _state(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "config": self.recipe.described(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            **self.optimisers.state_dict(),
            **self.recipe.state(),
            "step": self.step,
            "minutes": self.minutes,
            "stage": self.stage,
            "stage_steps": self.stage_steps,
            "round": self.round,
            "round_start": self._round_start,
            "finished": self.finished,
        }

    def save(self) -> None:
        """Writes ``checkpoint.pt``."""
        checkpoint.save(self._state(), self.checkpoint)

    def _resume(self) -> None:
        recipe = self.recipe
        state = checkpoint.read(self.checkpoint, recipe.name, recipe.described(), str(self.device))
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.step, self._earlier_minutes = state["step"], state["minutes"]
        self.stage, self.round = state.get("stage", 0), state.get("round", 0)
        self.stage_steps = state.get("stage_steps", [self.step])
        self._round_start = tuple(state.get("round_start", (0.0, 0)))
        recipe.restore(state)
        self._prepare_stage()
        self.optimisers.load_state_dict(state)
        if recipe.rounds and state.get("finished") and not self.finished:
            self.round += 1
            self._round_start = (self._earlier_minutes, self.step)
            self._enter(0)

    # ------------------------------------------------------------------ stages

    def _enter(self, stage: int) -> None:
        self.stage = self.recipe.stage = stage
        self.recipe.again = self.round > 0
        self.recipe.enter(self.network, self.average)
        self.stage_steps[stage] = 0
        self._prepare_stage()

    def _prepare_stage(self) -> None:
        recipe = self.recipe
        recipe.stage, recipe.again = self.stage, self.round > 0
        self.network.train()
        if not self.stage_steps:
            self.optimisers = Optimisers((), torch.float32)
            return
        learner = recipe.learner(self.network)
        self._followed = _numbers(learner)
        self._following = _numbers(recipe.learner(self.average))
        dtype = torch.bfloat16 if self._bfloat16 else torch.float32
        self.optimisers = Optimisers(recipe.groups(learner), dtype)

    @property
    def _bfloat16(self) -> bool:
        return self.settings.precision == "bfloat16"

    # ------------------------------------------------------------------ steps

    def loss(self, batch: Any) -> Mapping[str, Tensor]:
        """Terms of the recipe's loss, in the precision asked for."""
        enabled = self._bfloat16 and self.recipe.autocast
        with torch.autocast(self.device.type, torch.bfloat16, enabled=enabled):
            return self.recipe.loss(self.network, batch, self.progress)

    def descend(self, terms: Mapping[str, Tensor]) -> dict[str, float]:
        """One step of the optimisers against the sum of the terms; returns their values.

        A step whose gradient is not finite is left out.
        """
        options = self.options
        # One cosine over everything, or one for each stage.
        progress = self.progress if self.recipe.one_cosine else self._stage_progress()
        steps = self.stage_steps[self.stage]
        factor = pace(steps, options.warmup_steps, progress, options.floor)
        self.network.zero_grad(set_to_none=True)
        torch.stack([term for term in terms.values()]).sum().backward()
        norm = nn.utils.clip_grad_norm_(self.optimisers.parameters, options.clip)
        self.step += 1
        self.stage_steps[self.stage] += 1
        if bool(torch.isfinite(norm)):
            self.optimisers.step(factor)
        follow(self._following, self._followed, steps + 1, options.ema)
        return {name: term.item() for name, term in terms.items()}

    # ------------------------------------------------------------------ the whole run

    def train(self) -> Path:
        """Trains until the time is over and returns the folder of the weights.

        Ctrl-C leaves a checkpoint to go on from.

        Raises
        ------
        TooShortError
            There was no time for a step of every stage.
        """
        if not self.step and not self.log.path.exists():
            self._validate(None)
        self._start = time.monotonic()
        try:
            self._go_on()
        except KeyboardInterrupt:
            self.save()
            raise
        finally:
            self._earlier_minutes, self._start = self.minutes, None
        if 0 in self.stage_steps:
            raise TooShortError(
                f"{self.step} steps in {self.minutes:.2g} minutes are too few to have anything to "
                f"show (stage {self.stage_steps.index(0) + 1} of {len(self.stage_steps)} had none);"
                " go on with --resume and more --minutes"
            )
        self.recipe.finish(self.average)
        # A run that was finished already has not validated anything now.
        last = self._figures or self.recipe.validate(self.average)
        figures = self.recipe.measure(self.average, last)
        self._draw()
        product = self.recipe.product(self.average.to("cpu"), self.name)
        done = folder.Done(
            self.name, self.step, self.minutes, self.limit, str(self.device), figures
        )
        return folder.write(self.recipe, done, product)

    def _go_on(self) -> None:
        if self.finished:
            self.save()
            return
        batches = self._batches()
        every = 60.0 * self.options.validate_every
        interval = Interval(self.options.batch)
        try:
            while not self.finished:
                if self._stage_over():
                    self._validate(interval)
                    interval = Interval(self.options.batch)
                    self._enter(self.stage + 1)
                    self.save()
                    continue
                interval.add(self.descend(self.loss(moved(next(batches), self.device))))
                if interval.seconds > every and not self.finished:
                    self._validate(interval)
                    self.save()
                    interval = Interval(self.options.batch)
        finally:
            batches.close()
        self.save()
        self._validate(interval)

    def _batches(self) -> Generator[Any, None, None]:
        seed = self.settings.seed + SEED_STRIDE * self.step
        torch.manual_seed(seed)
        return prefetch(self.recipe.sampler(seed))

    def _validate(self, interval: Interval | None) -> None:
        """Adds a record to the log and draws the curve; ``None``: before the first step."""
        if interval is not None and not interval.steps:
            return
        record: dict[str, Any] = {"step": self.step, "minutes": round(self.minutes, 2)}
        if len(self.stage_steps) > 1:
            record |= {"round": self.round, "stage": self.stage + 1}
        if interval is not None:
            record |= interval.record() | {"learning_rate": self.optimisers.rate}
        self._figures = self.recipe.validate(self.average)
        found = {key: dict(value) for key, value in self._figures.items()}
        self.log.add(record | {"validation": found})
        self._draw()

    def _draw(self) -> None:
        curve.draw(self.log.records(), self.settings.out / folder.CURVE, self.name)


def _numbers(network: nn.Module) -> list[Tensor]:
    """Parameters, and the statistics of batch normalisation."""
    return [t for t in network.state_dict().values() if t.is_floating_point()]
