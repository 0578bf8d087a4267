"""Records as rows of the index, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from gensc.receiver.archive.record import Fates, File, Record
from gensc.results.result import Symbols
from gensc.system.plain import json_text, plain

#: Columns of `images` that are the attributes of the same name.
_PLAIN = (
    "key", "session", "image_id", "received_at", "source", "peer", "name", "original_sha256",
    "scheme", "weights", "weights_sha256", "rate", "channel", "via", "snr_db", "spread_db",
    "fragments", "fragments_received", "caption", "caption_state", "reason", "fate", "cause",
)  # fmt: skip
#: Those that hold JSON.
_JSON = ("snr_bursts", "metrics", "reasons", "latency_ms", "choice", "extra")
_FATES = tuple(f.name for f in fields(Fates))
_KINDS = tuple(f.name for f in fields(Symbols))


def row_of(record: Record) -> dict[str, Any]:
    """Columns of `images`; what is not finite is NULL."""
    row: dict[str, Any] = {name: plain(getattr(record, name)) for name in _PLAIN}
    for name in _JSON:
        value = getattr(record, name)
        row[name] = None if value is None else json_text(value, ensure_ascii=False)
    row["height"], row["width"] = record.shape[:2] if record.shape else (None, None)
    row.update({f"symbols_{name}": int(getattr(record.symbols, name)) for name in _FATES})
    row.update({f"spent_{name}": int(getattr(record.spent, name)) for name in _KINDS})
    return row


def record_of(row: sqlite3.Row, files: Iterable[sqlite3.Row]) -> Record:
    """The record of a row of `images` and its rows of `files`."""
    values: dict[str, Any] = {name: row[name] for name in _PLAIN}
    values.update({name: row[name] and json.loads(row[name]) for name in _JSON})
    values["snr_bursts"] = tuple(values["snr_bursts"])
    return Record(
        **values,
        shape=None if row["height"] is None else (row["height"], row["width"], 3),
        symbols=Fates(*(row[f"symbols_{name}"] for name in _FATES)),
        spent=Symbols(*(row[f"spent_{name}"] for name in _KINDS)),
        files=tuple(map(file_of, files)),
    )


def file_of(row: sqlite3.Row) -> File:
    """The file of a row of `files`."""
    values = {f.name: row[f.name] for f in fields(File)}
    return File(**{**values, "facts": json.loads(values["facts"])})


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Add a row; the names of columns are the program's own."""
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)
