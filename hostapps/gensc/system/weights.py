"""Which weights were used, as results and reports say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """Which weights were used: name and SHA-256 of the file."""

    id: str
    sha256: str
