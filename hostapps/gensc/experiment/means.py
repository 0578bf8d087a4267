"""Means over pictures with 95 % intervals, and the choice among variants: the one place for both.

The interval is Student's, over the pictures' own means: seeds of one picture are no independent
samples of what the system does to pictures. Of a single picture it is over the seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from gensc.experiment.rows import Row

CONFIDENCE = 0.95
#: What names a curve's point; rows that agree in all of these are averaged.
POINT = ("scheme", "channel", "via", "rate", "snr_db")
#: Metrics of which less is better.
FALLING = ("lpips", "st_lpips", "brisque", "distance")


@dataclass
class _Cell:
    """Values of one metric at one point: sum and count of every picture."""

    sums: dict[str, list[float]] = field(default_factory=dict)

    def add(self, picture: str, value: float) -> None:
        self.sums.setdefault(picture, []).append(value)

    def mean(self) -> tuple[float, float]:
        """Mean, and half the width of its interval; NaN where one value cannot say."""
        values = [float(np.mean(v)) for v in self.sums.values()]
        if len(values) == 1:
            values = next(iter(self.sums.values()))
        return interval(values)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean of independent values, and half the width of its 95 % interval (NaN of one value)."""
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return mean, math.nan
    return mean, _student(n - 1) * float(np.std(values, ddof=1)) / math.sqrt(n)


@lru_cache(maxsize=1024)
def _student(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + CONFIDENCE / 2, freedom))


def means(
    rows: Iterable[Row],
    metrics: Sequence[str],
    by: Sequence[str] = POINT,
    best_by: str = "psnr",
    keep: Sequence[str] = (),
) -> list[Row]:
    """One row per point: for each metric its mean and `METRIC_ci`, half of its interval.

    Besides: `images` and `lost`, and the means of `cbr` and `symbols`. Where a scheme has several
    settings, each is averaged and the one with the best mean of `best_by` counts: `setting`.

    Args:
        rows: of pictures; values that are null are left out of the means.
        metrics: columns that are averaged.
        by: columns that name a point, kept in this order.
        best_by: metric by which a setting is chosen.
        keep: further columns, of which the first value is kept.
    """
    groups: dict[tuple[Any, ...], dict[str, _Group]] = {}
    for row in rows:
        point = groups.setdefault(tuple(row.get(name) for name in by), {})
        setting = row.get("setting") or ""
        point.setdefault(setting, _Group(setting, keep)).add(row, (*metrics, best_by))
    out = []
    for place, settings in groups.items():
        chosen = max(settings.values(), key=lambda g: g.value(best_by))
        out.append(dict(zip(by, place, strict=True)) | chosen.row(metrics))
    return out


class _Group:
    """Rows of one setting at one point."""

    def __init__(self, setting: str, keep: Sequence[str]) -> None:
        self.setting, self.keep = setting, keep
        self.cells: dict[str, _Cell] = {}
        self.pictures: set[str] = set()
        self.count = self.lost = 0
        self.kept: Row = {}

    def add(self, row: Row, metrics: Sequence[str]) -> None:
        picture = str(row.get("image"))
        self.pictures.add(picture)
        self.count += 1
        self.lost += row.get("received") is False
        for name in dict.fromkeys((*metrics, "cbr", "payload")):
            value = _value(row, name)
            if value is not None and math.isfinite(value):
                self.cells.setdefault(name, _Cell()).add(picture, value)
        for name in self.keep:
            self.kept.setdefault(name, row.get(name))

    def value(self, metric: str) -> float:
        """How good it is by a metric."""
        cell = self.cells.get(metric)
        sign = -1.0 if metric in FALLING else 1.0
        return sign * cell.mean()[0] if cell else -math.inf

    def row(self, metrics: Sequence[str]) -> Row:
        row: Row = dict(self.kept)
        if self.setting:
            row["setting"] = self.setting
        for name in metrics:
            cell = self.cells.get(name)
            mean, half = cell.mean() if cell else (math.nan, math.nan)
            row[name] = mean if cell else None
            row[f"{name}_ci"] = None if math.isnan(half) else half
        for name, out in (("cbr", "cbr"), ("payload", "symbols")):
            if name in self.cells:
                row[out] = self.cells[name].mean()[0]
        return row | {"images": len(self.pictures), "rows": self.count, "lost": self.lost}


def _value(row: Row, name: str) -> float | None:
    """A number of a row; `payload` is all symbols without `overhead`."""
    counts = row.get("symbols")
    if name in ("payload", "overhead") and isinstance(counts, dict):
        return float(sum(v for k, v in counts.items() if (k == "overhead") == (name == "overhead")))
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None


def lead(
    points: Iterable[Row],
    ours: Any,
    theirs: Any,
    metric: str = "psnr",
    by: Sequence[str] = ("channel", "via", "rate", "snr_db"),
    column: str = "scheme",
) -> dict[tuple[Any, ...], float]:
    """By how much one scheme (or what else `column` holds) leads another, wherever both are."""
    values: dict[Any, dict[tuple[Any, ...], float]] = {ours: {}, theirs: {}}
    for point in points:
        if point[column] in values and point.get(metric) is not None:
            values[point[column]][tuple(point.get(name) for name in by)] = point[metric]
    first, second = values[ours], values[theirs]
    return {point: value - second[point] for point, value in first.items() if point in second}


def leads(rows: Sequence[Row], over: str, metric: str = "psnr", best_by: str = "psnr") -> list[Row]:
    """The mean `lead` of every other scheme over one, picture by picture, with its interval.

    What pictures have in common in being hard or easy cancels, so that the interval is that of
    the difference between schemes. Of each scheme the setting counts that is best at a point.
    """
    place = ("channel", "via", "rate", "snr_db")
    points = means(rows, (metric,), best_by=best_by)
    chosen = {tuple(p.get(name) for name in POINT): p.get("setting", "") for p in points}
    counted = [
        row
        for row in rows
        if (row.get("setting") or "") == chosen[tuple(row.get(name) for name in POINT)]
        and row.get(metric) is not None
    ]

    def where(row: Row) -> tuple[Any, ...]:
        return *(row.get(name) for name in place), row["image"], row["seed"]

    base = {where(row): row[metric] for row in counted if row["scheme"] == over}
    pairs = [
        row | {"lead": row[metric] - base[where(row)], "setting": ""}
        for row in counted
        if row["scheme"] != over and where(row) in base
    ]
    return means(pairs, ("lead",))


def pivot(
    rows: Iterable[Row],
    index: str | Sequence[str],
    columns: str,
    value: str | Callable[[Row], Any],
) -> tuple[dict[str, str], list[Row]]:
    """Columns and rows of a table: a line per `index`, a column per value of `columns`.

    Where pictures were lost, the column is followed by how many.
    """
    headings: dict[str, str] = {}
    lines: dict[tuple[Any, ...], Row] = {}
    by = (index,) if isinstance(index, str) else tuple(index)
    for row in rows:
        name = str(row[columns])
        headings.setdefault(name, name)
        line = lines.setdefault(tuple(row[i] for i in by), {i: row[i] for i in by})
        line[name] = value(row) if callable(value) else row.get(value)
        if row.get("lost"):
            headings.setdefault(f"{name} lost", "lost")
            line[f"{name} lost"] = f"{row['lost']}/{row['rows']}"
    ordered = {k: v for name in headings if not name.endswith(" lost")
               for k, v in ((name, name), (f"{name} lost", "lost")) if k in headings}  # fmt: skip
    keys = sorted(lines, key=lambda key: [(k is None, k) for k in key])
    return ordered, [lines[key] for key in keys]
