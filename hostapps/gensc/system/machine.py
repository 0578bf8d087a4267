"""What ran a measurement: hardware and versions, without names of hosts or users."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from importlib import metadata
from pathlib import Path


def _cpu_model() -> str:
    """Marketing name of the processor, or its architecture where the system hides it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gib() -> float | None:
    """Physical memory in GiB, where the system tells."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (OSError, ValueError):
        return None


def cores() -> int:
    """Cores this process may use, which in a container is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def versions() -> dict[str, str | None]:
    """Versions of everything a figure may depend on; None where it is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in ("gr-gensc", "numpy", "scipy", "torch", "pillow"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    try:
        from gnuradio import gr

        found["gnuradio"] = gr.version()
    except ImportError:
        found["gnuradio"] = None
    return found


@lru_cache(maxsize=1)
def machine() -> dict[str, object]:
    """The machine as it goes into results: processor, cores, memory, system and versions."""
    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
    }
