"""Processor time of the whole machine: whether a measurement had it to itself."""

from __future__ import annotations

import os
from pathlib import Path

_STAT = Path("/proc/stat")
#: Fields of its first line that are no work done here: idle, and waiting for a disk.
_IDLE = (3, 4)


def busy_s(stat: Path = _STAT) -> float:
    """Seconds that all processors together have worked since the start, or others have had them.

    User, nice, system, interrupts, and what a hypervisor gave to someone else, in ticks of
    1 / SC_CLK_TCK s (proc(5)). 0 on systems that do not say, so that differences are 0, too.
    """
    if not stat.exists():
        return 0.0
    # The eight fields of the machine; those behind them are guests, counted as user already.
    ticks = [int(field) for field in stat.read_text().split("\n", 1)[0].split()[1:9]]
    return sum(n for i, n in enumerate(ticks) if i not in _IDLE) / os.sysconf("SC_CLK_TCK")
