"""Index, files and pictures held against each other."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from gensc.receiver.archive.index import LOCK, NAME
from gensc.receiver.archive.places import WRITING, marked_by
from gensc.receiver.archive.query import Query, select
from gensc.receiver.archive.record import COARSE, File, Record
from gensc.system.locks import is_held
from gensc_phy.atomic import UNFINISHED

if TYPE_CHECKING:
    import sqlite3

    from gensc.receiver.archive.index import Index

#: A file so young that its row may be about to be written, s.
_YOUNG_S = 60.0
#: Images whose rows are in memory at a time.
_AT_ONCE = 1000


@dataclass(frozen=True)
class Finding:
    """Something that does not fit.

    Attributes:
        where: key of an image, or a file below the archive's folder.
        what: in words.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def verify(folder: Path, index: Index) -> list[Finding]:
    """Everything that does not fit; a receiver may go on writing meanwhile."""
    found: list[Finding] = []
    known: set[str] = set()
    with index.reading() as connection:
        for (line,) in connection.execute("PRAGMA integrity_check").fetchall():
            if line != "ok":
                found.append(Finding(NAME, line))
        for row in connection.execute("PRAGMA foreign_key_check").fetchall():
            found.append(Finding(NAME, f"row {row[1]} of {row[0]} has no row of {row[2]}"))
    for record in _all(index):
        known.update(file.path for file in record.files)
        for finding in _of(folder, record):
            # It may have been replaced since the row was read.
            if _now(index, record.key) == record:
                found.append(finding)
    return found + list(_strays(folder, known))


def _all(index: Index) -> Iterator[Record]:
    """Every image, some at a time: an archive may have a million."""
    last = 0
    while True:
        with index.reading() as connection:
            keys = _keys(connection, last)
            records = [r for _, key in keys for r in select(connection, Query(key=key))]
        if not keys:
            return
        last = keys[-1][0]
        yield from records


def _keys(connection: sqlite3.Connection, after: int) -> list[tuple[int, str]]:
    told = "SELECT number, key FROM images WHERE number > ? ORDER BY number LIMIT ?"
    return [(row[0], row[1]) for row in connection.execute(told, (after, _AT_ONCE))]


def _now(index: Index, key: str) -> Record | None:
    with index.reading() as connection:
        return next(iter(select(connection, Query(key=key))), None)


def _of(folder: Path, record: Record) -> Iterator[Finding]:
    """What does not fit of one image."""
    if record.fate == "lost" and record.files:
        yield Finding(record.key, "lost, but has a picture")
    if record.fate != "lost" and record.file(COARSE) is None:
        yield Finding(record.key, f"{record.fate}, but has no picture")
    if record.fate != "stored" and not record.cause:
        yield Finding(record.key, f"{record.fate} without a cause")
    if mistake := record.symbols.mistake():
        yield Finding(record.key, mistake)
    for file in record.files:
        if mistake := _damage(folder, record, file):
            yield Finding(file.path, mistake)


def _damage(folder: Path, record: Record, file: File) -> str:
    """What is wrong with a file; "" where nothing is."""
    try:
        data = (folder / file.path).read_bytes()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if len(data) != file.size:
        return f"has {len(data)} bytes, the index says {file.size}"
    if hashlib.sha256(data).hexdigest() != file.sha256:
        return "its SHA-256 is not that of the index"
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            picture.load()
            size = picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"is no PNG that can be read: {error}"
    if record.shape and size != record.shape[1::-1]:
        return f"has {size[0]}x{size[1]} pixels, the index says {record.shape[1]}x{record.shape[0]}"
    return ""


def _strays(folder: Path, known: set[str]) -> Iterator[Finding]:
    """Files that no row knows, but for what the next receiver will settle by their marks."""
    ours = {NAME, f"{NAME}-wal", f"{NAME}-shm", LOCK}
    marks = list((folder / WRITING).glob("*"))
    unsettled = {marked_by(mark) for mark in marks}
    written = is_held(folder / LOCK)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        whole = path.name.removeprefix(".").rpartition("-")[0] if UNFINISHED in name else path.name
        marked = (path.parent / whole).relative_to(folder).as_posix() in unsettled
        if name in known or name in ours or marked or path in marks or path.is_dir():
            continue
        try:
            age_s = time.time() - path.stat(follow_symlinks=False).st_mtime
        except FileNotFoundError:
            continue  # it was being written
        if not (written and age_s < _YOUNG_S):
            yield Finding(name, "is in no row of the index")
