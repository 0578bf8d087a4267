"""From what a user asks to a training run: which trainer, with which configuration."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from gensc.system.errors import UserError

CHECKPOINT = "checkpoint.pt"


class Part(str, Enum):
    """What GSC is made of, and the baseline that it is compared with."""

    codec = "codec"
    deepjscc = "deepjscc"
    refiner = "refiner"


@dataclass(frozen=True)
class Plan:
    """A run that only has to be started: ``train(config)`` returns its checkpoint.

    ``model`` is the description of the network as the run's checkpoint carries it.
    """

    train: Callable[[Any], Path]
    config: Any
    model: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What every part needs to know.

    ``codec`` is the refiner's alone (default: Swin JSCC); ``start`` are weights that the two
    others go on from.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float
    codec: str = ""
    start: str = ""
    exclude_prefix: tuple[str, ...] = ()
    threads: int = 2
    seed: int = 1

    def common(self) -> dict[str, Any]:
        """The fields that all trainers call alike."""
        return {"minutes": self.minutes, "threads": self.threads, "seed": self.seed}


def check_data(data: Sequence[Path]) -> bool:
    """Whether the data are CIFAR-10 (a folder of its binary files, or an .npz pack).

    Raises
    ------
    UserError
        A path does not exist or is neither, or CIFAR-10 comes with something else.
    """
    from gensc_models.training.recipes.photo import is_cifar

    for path in data:
        if not path.exists():
            raise UserError(f"{path}: no such folder of photos, nor CIFAR-10")
        if path.is_file() and not is_cifar(path):
            raise UserError(f"{path}: neither a folder of photos nor a pack of CIFAR-10 (.npz)")
    small = [path for path in data if is_cifar(path)]
    if small and len(data) > 1:
        raise UserError(f"{small[0]}: CIFAR-10 is trained on alone, give one --data")
    return bool(small)


def plan_jscc(request: Request) -> Plan:
    """The convolutional codec for photos."""
    from gensc_models.training.recipes.photo import TrainConfig, train

    config = TrainConfig(
        data=request.data, out=request.out, exclude_prefix=request.exclude_prefix,
        **request.common(),
    )  # fmt: skip
    return Plan(train, config, asdict(config.model))


def plan_gsc(part: Part, request: Request) -> Plan:
    """A part of GSC; whether it is for CIFAR-10 or for photos follows from the data.

    Raises
    ------
    UserError
        Data or options that do not go with the part.
    """
    small = check_data(request.data)
    if request.codec and part is not Part.refiner:
        raise UserError(f"--codec is for --part refiner, not for {part.value}")
    if request.start and part is Part.refiner:
        raise UserError("--start is for --part codec and deepjscc, not for refiner")
    if small and request.exclude_prefix:
        raise UserError("--exclude-prefix is for photos, not for CIFAR-10")
    if part is Part.codec:
        return _plan_codec(request, small)
    if part is Part.deepjscc:
        return _plan_deepjscc(request, small)
    return _plan_refiner(request, small)


def _plan_codec(request: Request, small: bool) -> Plan:
    from gensc_models.training.recipes.photo import train
    from gensc_models.training.recipes.swin import preset

    config = replace(
        preset("cifar" if small else "photo", request.data, request.out),
        exclude_prefix=request.exclude_prefix, start=request.start or None, **request.common(),
    )  # fmt: skip
    return Plan(train, config, asdict(config.model))


def _plan_deepjscc(request: Request, small: bool) -> Plan:
    from gensc_models.training.recipes.deepjscc import DeepJsccTrainConfig, train

    if not small:
        raise UserError(f"{request.data[0]}: DeepJSCC is trained on CIFAR-10, not on photos")
    config = DeepJsccTrainConfig(
        data=request.data[0], out=request.out, start=request.start or None, **request.common()
    )
    return Plan(train, config, asdict(config.model))


def _plan_refiner(request: Request, small: bool) -> Plan:
    from gensc_models.restore.refiner.config import CONFIGS
    from gensc_models.training.recipes.refiner import RefinerTrainConfig, train

    size = "cifar" if small else "photo"
    config = RefinerTrainConfig(
        codec=request.codec or f"swin-{size}", out=request.out, model=CONFIGS[size],
        data=() if small else request.data, cifar=request.data[0] if small else None,
        exclude_prefix=request.exclude_prefix, **request.common(),
    )  # fmt: skip
    return Plan(train, config, config.model.as_json())


def check_checkpoint(plan: Plan) -> None:
    """Refuses to go on from what another kind of run left in the same folder.

    Raises
    ------
    UserError
        The checkpoint is unreadable, or of another network.
    """
    import torch

    path = plan.config.out / CHECKPOINT
    if not path.exists():
        return
    unreadable = UserError(f"{path} is not a readable checkpoint; choose another --out")
    # Of a file that is no archive torch complains in many ways.
    if not zipfile.is_zipfile(path):
        raise unreadable
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError) as error:
        raise unreadable from error
    if not isinstance(state, dict) or state.get("config") != plan.model:
        raise UserError(f"{path} is of another kind of run; choose another --out")


def start(plan: Plan) -> Path:
    """Trains, or goes on training, and returns the checkpoint.

    Raises
    ------
    UserError
        Data, weights or folders that cannot be used, or models that cannot be had.
    """
    from gensc_models.weights.hub import UnavailableError

    check_checkpoint(plan)
    try:
        return plan.train(plan.config)
    except (OSError, ValueError, UnavailableError) as error:
        raise UserError(str(error)) from error
