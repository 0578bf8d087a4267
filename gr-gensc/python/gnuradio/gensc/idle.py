"""Ending a flowgraph whose source never ends (a ZMQ stream, an SDR) when nothing comes any more."""

from __future__ import annotations

import time
from typing import Any

_POLL_S = 0.1


def wait_until_idle(source: Any, idle_s: float, first_s: float | None = None) -> bool:
    """Wait until a stream block has given nothing for `idle_s` seconds.

    Args:
        source: block whose output 0 is watched.
        idle_s: seconds of silence that count as the end, once something has come.
        first_s: seconds to wait for the first sample; None waits for ever.

    Returns:
        False when not even the first one came.
    """
    count, since = 0, time.monotonic()
    while True:
        now, seen = time.monotonic(), source.nitems_written(0)
        if seen != count:
            count, since = seen, now
        patience = idle_s if count else first_s
        if patience is not None and now - since >= patience:
            return count > 0
        time.sleep(_POLL_S)
