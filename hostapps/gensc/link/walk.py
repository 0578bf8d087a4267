"""A channel that walks: its Es/N0 goes down and up again, at an even pace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Walk:
    """From the highest Es/N0 down to the lowest and up again, once in `period_s` seconds.

    Attributes:
        lowest_db, highest_db: Es/N0, dB.
        period_s: of down and up.

    Raises:
        ValueError: a walk that goes nowhere, or takes no time.
    """

    lowest_db: float
    highest_db: float
    period_s: float

    def __post_init__(self) -> None:
        """Refuse numbers that make no walk."""
        if self.lowest_db > self.highest_db:
            raise ValueError(f"lowest_db {self.lowest_db:g} is above {self.highest_db:g}")
        if not self.period_s > 0:
            raise ValueError(f"a walk in {self.period_s:g} s")

    def at(self, seconds: float) -> float:
        """Es/N0 after so many seconds, dB."""
        phase = seconds / self.period_s % 1.0
        return self.lowest_db + (self.highest_db - self.lowest_db) * abs(1 - 2 * phase)
