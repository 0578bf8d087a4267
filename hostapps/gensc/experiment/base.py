"""What every benchmark returns: rows, checks, tables and plots."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gensc.results.result import Result


@dataclass(frozen=True)
class Check:
    """One line of an acceptance list: a measured value beside the value asked for.

    Attributes:
        name: what was measured, in words.
        value: the figure; NaN where it could not be measured (then it counts as not met).
        unit: its unit ("" for a count or ratio).
        op: ">=" or "<=": how value has to stand to target.
        target: the figure asked for.
        reference: where the target comes from (an acceptance line, a paper, a stock block).
    """

    name: str
    value: float
    unit: str
    op: Literal[">=", "<="]
    target: float
    reference: str = ""

    @classmethod
    def worst(
        cls,
        name: str,
        values: Iterable[float | None],
        unit: str,
        op: Literal[">=", "<="],
        target: float,
        reference: str = "",
    ) -> Check:
        """The value of all that is furthest from what is asked: the least, or the largest size.

        NaN where there are none; what is missing among them does not count.
        """
        known = [v for v in values if v is not None and not math.isnan(v)]
        if op == ">=":
            value = min(known, default=math.nan)
        else:
            value = max(map(abs, known), default=math.nan)
        return cls(name, float(value), unit, op, target, reference)

    @property
    def met(self) -> bool:
        """Whether value stands to target as op asks; shown, never judged by exit status."""
        return self.value >= self.target if self.op == ">=" else self.value <= self.target

    def as_dict(self) -> dict[str, Any]:
        """The check as it goes into JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "op": self.op,
            "target": self.target,
            "reference": self.reference,
        }


@dataclass(frozen=True)
class Table:
    """A table for the terminal: one row per dict, one column per entry of `columns`.

    Attributes:
        title: printed above it.
        columns: key in the row → column heading, in order. Missing keys print as "–".
        rows: the rows; floats print with `digits` decimals.
        digits: decimals of floats.
    """

    title: str
    columns: dict[str, str]
    rows: list[dict[str, Any]]
    digits: int = 2


@dataclass
class BenchResult:
    """What a benchmark's `run(quick)` returns.

    Attributes:
        bench: its name, as in `gensc bench NAME`; also the folder below results/.
        rows: every measured point as a flat dict of plain Python values.
        checks: one per line of the acceptance list the benchmark serves.
        tables: what to print; where empty the rows are printed as they are.
        figures: matplotlib figures by file name without suffix; written as PNG and SVG.
        strips: the same of photos; written as PNG alone.
        settings: what the run depended on (seeds, counts, image names, weights).
        lines: results of single images, or their rows; written as JSON lines beside the object.
    """

    bench: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    strips: dict[str, Figure] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    lines: Sequence[Result | dict[str, Any]] = field(default_factory=list)

    def add(self, other: BenchResult) -> None:
        """Take over all of another result but its name: experiments of one benchmark."""
        for own in fields(self):
            mine, theirs = getattr(self, own.name), getattr(other, own.name)
            if isinstance(mine, list):
                mine += theirs
            elif isinstance(mine, dict):
                mine |= theirs
