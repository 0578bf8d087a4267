"""How a benchmark's result leaves: tables on the terminal, JSON and plots below results/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from gensc.experiment.base import BenchResult, Check, Table
from gensc.figures.plots import save, save_pixels
from gensc.results.result import write_results
from gensc.system.machine import machine
from gensc.system.plain import json_text, plain
from gensc.system.terminal import table as new_table
from gensc_phy.atomic import write_text


def as_object(result: BenchResult, *, quick: bool, seconds: float) -> dict[str, Any]:
    """The one JSON object of a benchmark."""
    return plain(
        {
            "bench": result.bench,
            "quick": quick,
            "seconds": round(seconds, 1),
            "machine": machine(),
            "settings": result.settings,
            "rows": result.rows,
            "checks": [check.as_dict() for check in result.checks],
        },
        digits=6,
    )


def write(result: BenchResult, obj: dict[str, Any], folder: Path) -> list[Path]:
    """Write `folder`/NAME.json, images.jsonl where there are lines, and the figures.

    Returns the paths written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.bench}.json"
    write_text(path, json_text(obj, indent=1) + "\n")
    written = [path]
    if result.lines:
        written.append(folder / "images.jsonl")
        write_results(written[-1], result.lines)
    for name, fig in result.figures.items():
        written += save(fig, folder, name)
    for name, fig in result.strips.items():
        written += save_pixels(fig, folder, name)
    return written


def print_tables(result: BenchResult, console: Console) -> None:
    """Print the tables, then the checks."""
    tables = result.tables
    if not tables and result.rows:
        tables = [Table(result.bench, {k: k for k in result.rows[0]}, result.rows)]
    for table in tables:
        console.print(rich_table(table))
    if result.checks:
        console.print(_checks(result.checks))


def rich_table(table: Table) -> RichTable:
    """A `Table` for rich: numbers to the right, words to the left."""
    out = new_table(table.title)
    for key, heading in table.columns.items():
        values = [row.get(key) for row in table.rows]
        numeric = all(v is None or isinstance(v, int | float) for v in values)
        out.add_column(heading, justify="right" if numeric else "left")
    for row in table.rows:
        out.add_row(*(_cell(row.get(key), table.digits) for key in table.columns))
    return out


def _checks(checks: list[Check]) -> RichTable:
    """The acceptance list as a table."""
    out = new_table("Checks")
    for heading in ("what", "measured", "asked", "", "reference"):
        out.add_column(heading, justify="right" if heading in ("measured", "asked") else "left")
    for check in checks:
        out.add_row(
            check.name,
            f"{check.value:.4g} {check.unit}".rstrip(),
            f"{check.op} {check.target:.4g} {check.unit}".rstrip(),
            "[green]met[/]" if check.met else "[red]not met[/]",
            check.reference,
        )
    return out


def _cell(value: Any, digits: int) -> str:
    """One table cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return str(value)
