"""One console and one look of tables for all sub-commands."""

from __future__ import annotations

import sys
from contextlib import suppress

from rich import box
from rich.console import Console
from rich.table import Table

#: Columns where the output is not a terminal and its width is unknown.
PLAIN_WIDTH = 140


def console(stderr: bool = False) -> Console:
    """A console that neither colours nor folds numbers, and is wide enough in a log."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PLAIN_WIDTH)


def table(title: str | None = None) -> Table:
    """An empty table."""
    return Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)


def printable(text: str) -> str:
    """Text of other people as it may be shown: control characters as escapes, on one line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def say(line: str) -> None:
    """Tell people something on stderr while work goes on.

    Whoever stopped reading (a closed pipe, a terminal that is gone) misses it, and nothing else
    does: what is said beside the work must not cost a part of it.
    """
    with suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)


def tell(line: str) -> None:
    """The outcome of work, on stdout; a reader who left does not change its exit status."""
    with suppress(BrokenPipeError):
        print(line, flush=True)
