"""Plain loop and service in turns, and which of the turns had the machine to themselves.

What one process does on a machine of several cores and what several do differ by most where
nobody else works: another program that takes half a core takes it from the service alone. So
turns go on until enough of them were quiet, and where there were any, the others do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gensc.experiment.rows import Row
from gensc.serve.load import Load

#: Processors that others may have, on average, in a turn that counts as quiet.
QUIET = 0.15
HOW = ("one at a time", "service")


@dataclass
class Turns:
    """The turns of one case.

    Args:
        enough: quiet turns that are asked for.
        most: turns after which it is as it is.

    Attributes:
        pairs: of every turn the plain loop's load and the service's.
    """

    enough: int
    most: int
    pairs: list[tuple[Load, Load]] = field(default_factory=list)

    @property
    def quiet(self) -> list[tuple[Load, Load]]:
        """Turns in which both had the machine to themselves."""
        return [pair for pair in self.pairs if max(load.others for load in pair) <= QUIET]

    @property
    def go_on(self) -> bool:
        """Whether another turn is wanted."""
        return len(self.pairs) < self.most and len(self.quiet) < self.enough

    def pooled(self) -> tuple[Load, Load]:
        """What counts: the quiet turns, or all where there was none."""
        chosen = self.quiet or self.pairs
        return _pool(plain for plain, _ in chosen), _pool(served for _, served in chosen)

    def rows(self, place: Row) -> list[Row]:
        """Plain loop and service, each with what it gains over the plain loop."""
        pair = self.pooled()
        counts: Row = {"turns": len(self.pairs), "quiet_turns": len(self.quiet)}
        return [
            {**place, "how": how, **load.as_row(), **counts}
            | {"gain": load.images_per_s / pair[0].images_per_s}
            for how, load in zip(HOW, pair, strict=True)
        ]


def _pool(loads: Iterable[Load]) -> Load:
    pooled = Load()
    for load in loads:
        pooled.add(load)
    return pooled
