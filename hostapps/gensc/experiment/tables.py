"""Tables of means for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gensc.experiment.base import Table
from gensc.experiment.figures import CHANNELS, LABELS, ratio
from gensc.experiment.means import pivot
from gensc.experiment.rows import Row, of
from gensc.results.result import NOT_ASKED

#: Decimals of a metric; others have 4.
DIGITS = {"psnr": 2, "mask_psnr": 2, "foreground_psnr": 2, "brisque": 2, "clip_score": 2}
#: Columns as headings say them; others are said as they are called.
HEADINGS = {
    "snr_db": "Es/N0 dB",
    "psnr": "PSNR",
    "ms_ssim": "MS-SSIM",
    "mask_psnr": "mask PSNR",
    "gvif": "GVIF",
    "alpha": "α",
    "mcs": "MCS",
    "cbr": "CBR",
}


def columns(names: str, **called: str) -> dict[str, str]:
    """Columns of a table by their names, separated by blanks, with their headings."""
    return {
        name: called.get(name) or HEADINGS.get(name) or name.replace("_", " ")
        for name in names.split()
    }


def by_snr(
    points: Iterable[Row],
    metric: str,
    title: str = "",
    places: Sequence[str] = ("channel", "rate"),
) -> Iterable[Table]:
    """One table per place, one line per SNR, one column per scheme."""
    known = [p for p in points if p.get(metric) is not None]
    for place in dict.fromkeys(tuple(p.get(name) for name in places) for p in known):
        here = [p for p in known if tuple(p.get(name) for name in places) == place]
        columns, rows = pivot(here, "snr_db", "scheme", metric)
        rows = [{**row, "snr_db": _snr(row["snr_db"])} for row in rows]
        where = ", ".join(_said(n, v) for n, v in zip(places, place, strict=True) if v is not None)
        heading = title or LABELS.get(metric, metric)
        yield Table(f"{heading}: {where}", {"snr_db": "Es/N0 dB"} | columns, rows,
                    DIGITS.get(metric, 4))  # fmt: skip


def _snr(snr_db: float | None) -> str:
    return "no noise" if snr_db is None else f"{snr_db:g}"


def _said(column: str, value: Any) -> str:
    if column == "channel":
        return CHANNELS.get(value, str(value))
    return f"CBR {ratio(value)}" if column == "rate" else str(value)


def comparison_tables(points: Sequence[Row], metrics: Sequence[str]) -> Iterable[Table]:
    """One per metric, channel and bandwidth ratio."""
    for metric in metrics:
        yield from by_snr(points, metric)


@dataclass(frozen=True)
class Listing:
    """A table declared: rows as they are.

    Attributes:
        title: printed above it.
        columns: key in the row → column heading, in order.
        where: columns and values of its rows, as `gensc.experiment.rows.of` takes them.
        digits: decimals of floats.
    """

    title: str
    columns: dict[str, str]
    where: Mapping[str, Any] = field(default_factory=dict)
    digits: int = 2


def listed(listings: Iterable[Listing], rows: Sequence[Row]) -> list[Table]:
    """Those of the tables of which there are rows."""
    found = [(what, of(rows, **what.where)) for what in listings]
    return [Table(what.title, what.columns, some, what.digits) for what, some in found if some]


def why_missing(rows: Sequence[Row], metrics: Sequence[str]) -> dict[str, str]:
    """The reason for each of the metrics that was asked for and has no value in any row."""
    return {
        metric: next((row["not_computed"].get(metric, NOT_ASKED) for row in rows), NOT_ASKED)
        for metric in metrics
        if all(row.get(metric) is None for row in rows)
    }
