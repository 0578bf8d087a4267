"""ZeroMQ contexts that close with whoever made them."""

from __future__ import annotations

import weakref
from typing import Any


def close_with(owner: object, context: Any, socket: Any) -> None:
    """Close both when `owner` is collected, unless it has done so itself.

    Collected in a cycle, a context may be finalised before its sockets, and then waits for them
    for ever. The finaliser's references keep both out of the cycle.

    Args:
        owner: who closes them otherwise.
        context: of `socket` alone, of `zmq` or `zmq.asyncio`.
        socket: with its monitor, if it has one.
    """
    finaliser = weakref.finalize(owner, _close, context, socket)
    finaliser.atexit = False


def _close(context: Any, socket: Any) -> None:
    if not socket.closed:
        socket.disable_monitor()
        socket.close(linger=0)
    context.destroy(linger=0)
