"""Stream buffers."""

from __future__ import annotations

from typing import Any


def set_output_buffer(block: Any, items: int) -> None:
    """Ask for an output buffer of at least `items`, without GNU Radio's line about it."""
    level = block.log_level()
    block.set_log_level("warn")
    block.set_min_output_buffer(items)
    block.set_log_level(level)
