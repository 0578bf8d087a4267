"""What the modules that make weights of a training checkpoint have in common."""

from __future__ import annotations

import argparse
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import torch
from torch import Tensor

from gensc_models.weights.store import WeightsError

C = TypeVar("C")
# What the unpickler raises for files that are none: it reads bytes as commands and stumbles.
NO_CHECKPOINT = (
    OSError, RuntimeError, UnpicklingError, KeyError, TypeError, ValueError, struct.error, EOFError,
    IndexError, AttributeError,
)  # fmt: skip


def read_averaged(
    checkpoint: Path, describe: Callable[[dict[str, Any]], C]
) -> tuple[C, dict[str, Tensor]]:
    """What ``describe`` reads from the config of a run's checkpoint, and its averaged weights.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read, or ``describe`` cannot make sense of its config.
    """
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        return describe(state["config"]), state["average"]
    except NO_CHECKPOINT as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"unusable checkpoint {checkpoint}: {reason}") from error


def export_command(
    prog: str,
    description: str | None,
    export: Callable[[Path, Path], Path],
    arguments: Sequence[str] | None = None,
) -> None:
    """Reads ``--checkpoint`` and ``--out``, calls ``export`` with them and prints what it made."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="weights folder, named as they are")
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out))
