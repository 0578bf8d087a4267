"""Whole files or none, for the blocks; see `gensc_phy.atomic`."""

from __future__ import annotations

from gensc_phy.atomic import atomic_file, write_bytes

__all__ = ["atomic_file", "write_bytes"]
