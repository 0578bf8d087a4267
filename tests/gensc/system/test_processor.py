"""Processor time of the machine, as /proc/stat has it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from gensc.system.processor import busy_s


def test_what_is_idle_or_waits_for_a_disk_is_not_busy(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 20 30 4000 500 6 7 8 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
    assert busy_s(stat) == (100 + 20 + 30 + 6 + 7 + 8) / os.sysconf("SC_CLK_TCK")


def test_a_system_that_does_not_say_has_always_been_idle(tmp_path: Path) -> None:
    assert busy_s(tmp_path / "none") == 0.0


def test_the_work_of_this_process_is_work_of_the_machine() -> None:
    before, mine = busy_s(), time.process_time()
    while time.process_time() - mine < 0.2:
        pass
    # Ticks of 10 ms, one of each of a few fields.
    assert busy_s() - before >= 0.15
