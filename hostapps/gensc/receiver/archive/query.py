"""Questions to the index."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, fields
from typing import Any

from gensc.receiver.archive.record import FATES, Fates, Record
from gensc.receiver.archive.rows import record_of

#: How many rows of `files` are asked for at once.
_AT_ONCE = 500


@dataclass(frozen=True)
class Query:
    """Which images are wanted; None and "" ask for nothing.

    Attributes:
        key: exactly this one.
        session, image_id: of the burst header.
        source, peer, scheme: exactly.
        fate: "stored", "damaged" or "lost".
        since, until: Unix time, s; received at or after the one and before the other.
        text: found in caption or name, in any case of its letters.
        limit: at most so many, the newest; 0: all.
    """

    key: str = ""
    session: int | None = None
    image_id: int | None = None
    source: str = ""
    peer: str = ""
    scheme: str = ""
    fate: str = ""
    since: float | None = None
    until: float | None = None
    text: str = ""
    limit: int = 0

    def where(self) -> tuple[str, dict[str, Any]]:
        """The condition, and its values."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "limit"}
        told = {name: value for name, value in told.items() if value not in (None, "")}
        conditions = [_CONDITIONS.get(name, f"{name} = :{name}") for name in told]
        return " AND ".join(conditions) or "1", told


_CONDITIONS = {
    "since": "received_at >= :since",
    "until": "received_at < :until",
    "text": "instr(lower(COALESCE(caption, '') || char(10) || name), lower(:text)) > 0",
}


@dataclass(frozen=True)
class Sums:
    """Everything of many images added up.

    Attributes:
        images: how many.
        fates: fate → how many; together `images`.
        causes: why they are damaged or lost → how many.
        symbols: by fate.
        files, bytes: pictures.
    """

    images: int = 0
    fates: dict[str, int] = field(default_factory=dict)
    causes: dict[str, int] = field(default_factory=dict)
    symbols: Fates = field(default_factory=Fates)
    files: int = 0
    bytes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "symbols": vars(self.symbols)}


def select(connection: sqlite3.Connection, query: Query) -> list[Record]:
    """Images that fit, the newest first."""
    condition, values = query.where()
    statement = f"SELECT * FROM images WHERE {condition} ORDER BY number DESC"
    if query.limit:
        statement += f" LIMIT {int(query.limit)}"
    found = connection.execute(statement, values).fetchall()
    files: dict[str, list[sqlite3.Row]] = {row["key"]: [] for row in found}
    keys = list(files)
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        told = f"SELECT * FROM files WHERE key IN ({marks}) ORDER BY written_at, rowid"
        for row in connection.execute(told, some):
            files[row["key"]].append(row)
    return [record_of(row, files[row["key"]]) for row in found]


def sums(connection: sqlite3.Connection, query: Query) -> Sums:
    """All images that fit, added up; `limit` is not heeded."""
    condition, values = query.where()
    fates: dict[str, int] = dict.fromkeys(FATES, 0)
    causes: dict[str, int] = {}
    grouped = f"SELECT fate, cause, COUNT(*) FROM images WHERE {condition} GROUP BY fate, cause"
    for fate, cause, count in connection.execute(grouped, values):
        fates[fate] += count
        if cause:
            causes[cause] = causes.get(cause, 0) + count
    kinds = [f.name for f in fields(Fates)]
    added = ", ".join(f"COALESCE(SUM(symbols_{kind}), 0)" for kind in kinds)
    symbols = connection.execute(f"SELECT {added} FROM images WHERE {condition}", values)
    files, size = connection.execute(
        "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM files WHERE key IN "
        f"(SELECT key FROM images WHERE {condition})",
        values,
    ).fetchone()
    return Sums(
        images=sum(fates.values()),
        fates=fates,
        causes=causes,
        symbols=Fates(*symbols.fetchone()),
        files=files,
        bytes=size,
    )
