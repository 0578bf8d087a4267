"""Errors of the blocks, and how a flowgraph reports them in one line."""

from __future__ import annotations

import sys
from types import TracebackType


class GenscError(ValueError):
    """A user's mistake that a block can name: no such file, unknown model, bad recording."""


class PduError(GenscError):
    """A PDU that does not follow the schema of `metadata`."""


def one_line_errors() -> None:
    """Make this process end with one line on stderr and status 2 on a `GenscError`.

    Flowgraphs call it from a snippet before their blocks are made. Other exceptions keep their
    traceback.
    """
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, GenscError):
            print(f"gensc: {error}", file=sys.stderr)
            raise SystemExit(2)
        previous(kind, error, trace)

    sys.excepthook = hook
