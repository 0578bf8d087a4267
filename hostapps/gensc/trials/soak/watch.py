"""What processes cost: memory and processor time, as Linux tells."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from gensc.experiment.rows import Row

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Notes the memory and processor time of processes, with all that they have started.

    Args:
        processes: process ids by name.
        interval_s: between two looks.

    Attributes:
        rows: one for each look and process: process, minutes, mib, cpu_s, processes.
    """

    def __init__(self, processes: Mapping[str, int], interval_s: float) -> None:
        self._processes, self._interval_s = dict(processes), interval_s
        self.rows: list[Row] = []
        self._began = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._interval_s):
            for name, pid in self._processes.items():
                family = [pid, *children(pid)]
                cost = [c for c in map(cost_of, family) if c is not None]
                if cost:
                    self.rows.append(
                        {
                            "process": name,
                            "minutes": (time.monotonic() - self._began) / 60,
                            "mib": sum(mib for mib, _ in cost),
                            "cpu_s": sum(cpu_s for _, cpu_s in cost),
                            "processes": len(cost),
                        }
                    )


def cost_of(pid: int) -> tuple[float, float] | None:
    """Resident MiB and seconds of processor time of a process; None where it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return None
    # The name, in parentheses, may hold anything.
    fields = stat.rpartition(")")[2].split()
    return pages * _PAGE / 2**20, (int(fields[11]) + int(fields[12])) / _TICK


def children(pid: int) -> list[int]:
    """Processes that a process has started, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            own = [int(word) for word in task.read_text(encoding="ascii").split()]
        except OSError:
            continue
        for one in own:
            found += [one, *children(one)]
    return found
