"""What computing costs: operations and time."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any


def macs(run: Callable[[], Any]) -> int:
    """Multiply-accumulate operations of matrix products and convolutions in a call."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        run()
    return counter.get_total_flops() // 2


def processor_ms(run: Callable[[], Any], repeat: int) -> float:
    """Least processor time of `repeat` calls, all threads together, after one that does not count.

    What else the machine is at hardly shows in it.
    """
    run()
    spans = []
    for _ in range(repeat):
        started = time.process_time()
        run()
        spans.append(time.process_time() - started)
    return 1e3 * min(spans)


def milliseconds(run: Callable[[], Any], repeat: int) -> float:
    """Median over `repeat` calls after one that does not count."""
    run()
    spans = []
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        spans.append(time.perf_counter() - started)
    return 1e3 * median(spans)
