"""Running a flowgraph to its end, where Ctrl-C ends the program as well."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnuradio import gr


def run_to_end(top: gr.top_block, limit_s: float | None = None) -> bool:
    """Run a flowgraph; False where it had not ended by itself after `limit_s` and was stopped.

    Raises:
        KeyboardInterrupt: Ctrl-C; the flowgraph has been stopped.
    """
    # GNU Radio would take Ctrl-C for the end of this run and let the next one begin. And one
    # thread only may wait for a flowgraph: of two, one can fail and the other wait for ever.
    begun, ended = threading.Event(), threading.Event()

    def wait() -> None:
        begun.wait()
        top.wait()
        ended.set()

    # First, so that Ctrl-C finds either no flowgraph or one that is waited for.
    threading.Thread(target=wait, daemon=True).start()
    try:
        top.start()
        begun.set()
        if ended.wait(limit_s):
            return True
        top.stop()
        ended.wait()
        return False
    except KeyboardInterrupt:
        top.stop()
        begun.set()
        ended.wait()
        raise
    finally:
        begun.set()
