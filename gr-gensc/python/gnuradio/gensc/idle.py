"""Ending a flowgraph whose source never ends (a ZMQ stream, an SDR) when nothing comes any more."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .message_ports import MessagePorts
    from .stream_receiver import stream_receiver

_POLL_S = 0.1


def wait_until_idle(
    source: Any, idle_s: float, first_s: float | None = None, where: str = ""
) -> bool:
    """Wait until a stream block has given nothing for `idle_s` seconds.

    Args:
        source: block whose output 0 is watched.
        idle_s: seconds of silence that count as the end, once something has come.
        first_s: seconds to wait for the first sample; None and 0 wait for ever.
        where: what the source listens to; people are then told that it waits, and why it ended.

    Returns:
        False when not even the first one came.
    """
    if where:
        limit = f", for {first_s:g} s at most" if first_s else ""
        _say(f"waiting for a peer that sends to {where}{limit}")
    count, since = 0, time.monotonic()
    while True:
        now, seen = time.monotonic(), source.nitems_written(0)
        if seen != count:
            if where and not count:
                _say(f"samples arrive from {where}")
            count, since = seen, now
        patience = idle_s if count else first_s or None
        if patience is not None and now - since >= patience:
            if where:
                ended = f"silence for {idle_s:g} s" if count else "nobody has sent anything"
                _say(f"ended: {ended} ({count} samples came from {where})")
            return count > 0
        time.sleep(_POLL_S)


def say_waiting(where: str) -> None:
    """Tell people that samples go to an address, and that they wait there for a peer."""
    _say(f"samples go to {where}, as soon as a peer takes them")


def _say(line: str) -> None:
    print(f"gensc: {line}", file=sys.stderr, flush=True)


def end_when_idle(
    source: Any,
    receiver: stream_receiver,
    last: MessagePorts,
    idle_s: float,
    first_s: float | None = None,
    patience_s: float = 600.0,
    where: str = "",
) -> bool:
    """`wait_until_idle`, then end the stream at `receiver` and wait for the `last` block behind it.

    Args:
        source, idle_s, first_s, where: see wait_until_idle.
        receiver: where the stream is ended.
        last: block at the end of the chain of PDUs.
        patience_s: seconds given to the chain for what it still has to do.

    Returns:
        False when not even a first sample came, or the chain did not end.
    """
    heard = wait_until_idle(source, idle_s, first_s, where)
    receiver.end()
    return last.wait_ended(patience_s) and heard
