"""Checkpoints of training runs: written whole or not at all, read or refused in words."""

from __future__ import annotations

import struct
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from gensc_phy.atomic import atomic_file

NAME = "checkpoint.pt"
# What the unpickler raises for files that are none: it reads bytes as commands and stumbles.
UNREADABLE = (
    OSError, RuntimeError, UnpicklingError, KeyError, TypeError, ValueError, struct.error, EOFError,
    IndexError, AttributeError,
)  # fmt: skip


def save(state: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint; a run killed meanwhile leaves the old one whole."""
    with atomic_file(path) as file:
        torch.save(state, file)


def read(path: Path, recipe: str, config: dict[str, Any], device: str) -> dict[str, Any]:
    """The state of a run of that recipe and network.

    Raises
    ------
    ValueError
        Unreadable, or of another kind of run.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except UNREADABLE as error:
        raise ValueError(f"{path} is not a readable checkpoint; choose another --out") from error
    if (
        not isinstance(state, dict)
        or state.get("recipe", recipe) != recipe
        or state.get("config") != config
    ):
        raise ValueError(f"{path} is of another kind of run; choose another --out")
    return state
