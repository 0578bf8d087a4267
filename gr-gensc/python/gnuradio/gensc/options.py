"""Options of a flowgraph with a window: each is where a slider or a choice begins."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import GenscError


def check_range(name: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a value that a slider cannot show.

    Raises:
        GenscError: `value` is outside `lowest` … `highest`, or not a number.
    """
    if not lowest <= value <= highest:
        raise GenscError(
            f"{_option(name)} {value:g}: its slider goes from {lowest:g} to {highest:g}; "
            "the flowgraph called *_headless has none"
        )


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a value that is not one of `choices`.

    Raises:
        GenscError: it is none; the message lists them.
    """
    if value not in choices:
        raise GenscError(f"{_option(name)} {value!r}: there are {', '.join(choices)}")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
