"""Rows: one per picture and point, as JSON lines and as CSV, kept while they come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gensc.experiment.grid import Grid, Key, Outcome, Point, run
from gensc.experiment.scheme import Picture
from gensc.experiment.ways import Way
from gensc.system.errors import UserError
from gensc.system.plain import json_text, plain
from gensc_phy.atomic import append, write_text

Row = dict[str, Any]


def row_of(outcome: Outcome, way: Way) -> Row:
    """The line of an outcome: the results contract, what is the scheme's own at its end."""
    line = outcome.result(way).as_dict()
    return {k: v for k, v in line.items() if k != "extra"} | line["extra"]


def measured(
    grid: Grid,
    pictures: Sequence[Picture],
    way: Way,
    step: Callable[[str], None] = lambda note: None,
    columns: Sequence[str] = (),
) -> list[Row]:
    """The rows of a whole grid, picture by picture in the order of its points.

    Of hundreds of thousands only some `columns` may be kept.
    """
    found: list[tuple[tuple[int, int], Row]] = []

    def emit(outcome: Outcome) -> None:
        row = row_of(outcome, way)
        found.append((outcome.order, {k: row.get(k) for k in columns} if columns else row))

    run(grid, pictures, way, emit, step=step)
    return [row for _, row in sorted(found, key=lambda f: f[0])]


def key_of(row: Row) -> Key:
    """What names a row; see `Point.key`."""
    return Point(
        row["scheme"], row["setting"], row["channel"], row["rate"], row["design_snr_db"],
        row["seed"],
    ).key(row["image"])  # fmt: skip


class RowFile:
    """JSON lines that survive an interruption: each is written and flushed as it comes.

    Args:
        path: of the file; a last line that was cut off is dropped.

    Raises:
        UserError: a line in the middle that is no row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[Key, Row] = {}
        if path.exists():
            self._read()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(self.rows.values())
        self._stream = path.open("a", encoding="utf-8")

    def _read(self) -> None:
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                self.rows[key_of(row)] = row
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                if number == len(lines) and not line.endswith("\n"):
                    return
                raise UserError(f"{self.path}: line {number} is no row: {error}") from error

    def add(self, row: Row) -> None:
        """Keep a row, here and in the file."""
        self.rows[key_of(row)] = row
        append(self._stream.fileno(), _line(row).encode("utf-8"))

    def close(self) -> None:
        """No more rows for now."""
        self._stream.close()

    def finish(self, order: Iterable[Key]) -> list[Row]:
        """Put the file into an order, other rows at its end; gives those in the order."""
        self.close()
        named = [self.rows[key] for key in dict.fromkeys(order) if key in self.rows]
        known = {id(row) for row in named}
        others = [row for row in self.rows.values() if id(row) not in known]
        self._write([*named, *others])
        return named

    def _write(self, rows: Iterable[Row]) -> None:
        """All rows at once; the old file stays until the new one is whole."""
        write_text(self.path, "".join(map(_line, rows)))


def _line(row: Row) -> str:
    return json_text(row, ensure_ascii=False) + "\n"


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Rows as a table: what is nested becomes columns of its own (`symbols.analog`)."""
    flat = [dict(_flat(row)) for row in rows]
    columns = dict.fromkeys(name for row in flat for name in row)
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(columns))
    writer.writeheader()
    writer.writerows(plain(flat))
    write_text(path, stream.getvalue())


def _flat(row: Row, prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, "x".join(map(str, value))
        else:
            yield prefix + name, value


def of(rows: Iterable[Row], **fields: Any) -> list[Row]:
    """The rows with these values; of several in a tuple or a set with one of them."""
    several = {k: v if isinstance(v, tuple | set | frozenset) else (v,) for k, v in fields.items()}
    return [row for row in rows if all(row.get(k) in v for k, v in several.items())]


def groups(rows: Iterable[Row], by: Sequence[str]) -> Iterator[tuple[Row, list[Row]]]:
    """Rows that agree in some columns, with what they agree in, in the order they first come."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row.get(name) for name in by), []).append(row)
    for values, members in found.items():
        yield dict(zip(by, values, strict=True)), members


def melt(rows: Iterable[Row], columns: Mapping[str, str], name: str, value: str) -> list[Row]:
    """A row for each of some columns, which become the values of one: `name` is what the column
    is called here, `value` what stood in it. What a row has not got is left out."""
    return [
        row | {name: called, value: row[column]}
        for row in rows
        for column, called in columns.items()
        if row.get(column) is not None
    ]
