"""What a .grc file says of the program that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from gensc.system.errors import UserError


@dataclass(frozen=True)
class Flowgraph:
    """The options block of a flowgraph.

    Attributes:
        name: of the program, without .py.
        has_window: whether the program opens one.
    """

    name: str
    has_window: bool


def flowgraph(file: Path) -> Flowgraph:
    """Read it.

    Raises:
        UserError: not a flowgraph.
    """
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))["options"]["parameters"]
        return Flowgraph(str(told["id"]), told.get("generate_options") == "qt_gui")
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        raise UserError(f"{file}: not a flowgraph of GNU Radio Companion 3.8 or newer") from None
