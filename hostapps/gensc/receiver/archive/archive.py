"""The archive of a receiver: what it stored is there after whatever ended it.

A folder with

* `index.sqlite`, a row for every image of every session, and one for every picture of it;
* `images/SESSION/KEY.png`, and `KEY-STAGE.png` beside it;
* `writing/`, a mark for each picture that is being written: what has no row yet when the archive is
  opened again was never acknowledged, and is taken away;
* `lock`.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gensc.receiver.archive import rows
from gensc.receiver.archive.index import Index
from gensc.receiver.archive.places import IMAGES, WRITING, marked_by, name_of_mark
from gensc.receiver.archive.query import Query, Sums, select, sums
from gensc.receiver.archive.record import COARSE, Record
from gensc.receiver.archive.verify import Finding, verify
from gensc.system.plain import json_text, plain
from gensc_phy.atomic import UNFINISHED, make_folder, remove, write_bytes

if TYPE_CHECKING:
    import sqlite3

#: Attributes of a record that `update` may change, and those of them that are added to.
_CHANGEABLE = frozenset(
    ("metrics", "reasons", "caption", "caption_state", "latency_ms", "choice", "reason", "name",
     "original_sha256", "peer", "symbols", "spent", "fate", "cause", "extra")
)  # fmt: skip
_ADDED_TO = frozenset(("metrics", "reasons", "latency_ms", "extra"))


class Archive:
    """Opens the archive of a folder, or makes one.

    One process writes, any number read. Methods may be called from any thread.

    Args:
        folder: made where it is missing.
        read_only: change nothing; the archive must be there.

    Attributes:
        recovered: pictures taken away at the opening: the last program was ended while it wrote
            them, before it said that they are stored.

    Raises:
        ArchiveError: in use by another writer, damaged, of a later version, or (read_only) none.
        OSError: it cannot be made.
    """

    def __init__(self, folder: str | Path, *, read_only: bool = False) -> None:
        self.folder = Path(folder)
        self.recovered = 0
        if not read_only:
            for part in (IMAGES, WRITING):
                make_folder(self.folder / part)
        self._index = Index(self.folder, read_only)
        if not read_only:
            self._recover()

    def store(self, record: Record, png: bytes) -> Path:
        """Keep an image that was received. Returns when file and row are on the disk.

        A record under a key that was given up as lost takes its place; under a key that has a
        picture already it is another image, and gets a key of its own (`a3f2-00012-2`).

        Args:
            record: its `fate` "stored", or "damaged" with a cause.
            png: the coarse image.

        Returns:
            the file; its stem is the image's key.

        Raises:
            OSError: not stored, and nothing of it remains.
            ValueError: a record that is lost.
        """
        if record.fate == "lost":
            raise ValueError(f"{record.stem}: a lost image has no picture")
        with self._index.alone():
            key, taken_over = self._key(record)
            record = replace(record, key=key)
            path = self._file(record, COARSE)

            def add(connection: sqlite3.Connection) -> None:
                if taken_over:
                    connection.execute("DELETE FROM images WHERE key = ?", (key,))
                _insert(connection, record)
                self._add_file(connection, key, COARSE, path, png, {})

            self._write(path, png, add)
            return self.folder / path

    def lost(self, record: Record) -> str:
        """Keep account of an image of which there is no picture. Returns its key.

        Raises:
            OSError: it cannot be written.
            ValueError: a record that is not lost, or has no cause.
        """
        if record.fate != "lost" or not record.cause:
            raise ValueError(f"{record.stem}: {record.fate}, cause {record.cause!r}")
        with self._index.alone():
            key, taken_over = self._key(record)
            with self._index.writing() as connection:
                if taken_over:
                    connection.execute("DELETE FROM images WHERE key = ?", (key,))
                _insert(connection, replace(record, key=key))
            return key

    def replace(self, key: str, stage: str, png: bytes, facts: Mapping[str, Any]) -> Path:
        """Add what a stage made of an image; an earlier one of that stage goes when it is there.

        Args:
            stage: "refined", "inpainted", "edited" …
            facts: see `File`.

        Raises:
            KeyError: no such image.
            OSError: it cannot be written; what was there stays.
        """
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", stage):
            raise ValueError(f"{stage!r} is no name of a stage")
        with self._index.alone():
            record = self._need(key)
            before = record.file(stage)
            path = self._file(record, stage)

            def change(connection: sqlite3.Connection) -> None:
                connection.execute("DELETE FROM files WHERE key = ? AND stage = ?", (key, stage))
                self._add_file(connection, key, stage, path, png, facts)

            self._write(path, png, change, before.path if before else None)
            return self.folder / path

    def update(self, key: str, **changes: Any) -> Record:
        """What became known of an image later: metrics, caption, times, the sender's choice.

        Mappings are added to, everything else is replaced.

        Raises:
            KeyError: no such image.
            OSError: it cannot be written.
            ValueError: not something that changes.
        """
        if not changes.keys() <= _CHANGEABLE:
            raise ValueError(f"{', '.join(changes.keys() - _CHANGEABLE)} does not change")
        with self._index.alone():
            record = self._need(key)
            for name in changes.keys() & _ADDED_TO:
                changes[name] = {**getattr(record, name), **changes[name]}
            record = replace(record, **changes)
            row = rows.row_of(record)
            with self._index.writing() as connection:
                names = ", ".join(f"{name} = :{name}" for name in row)
                connection.execute(f"UPDATE images SET {names} WHERE key = :key", row)
            return record

    def find(self, query: Query | None = None, **wanted: Any) -> list[Record]:
        """Images that fit, the newest first.

        Args:
            query: what is wanted, or
            wanted: the same as keywords; see `Query`.
        """
        with self._index.reading() as connection:
            return select(connection, query or Query(**wanted))

    def get(self, key: str) -> Record | None:
        """The image of a key."""
        return next(iter(self.find(key=key)), None)

    def sums(self, query: Query | None = None, **wanted: Any) -> Sums:
        """Everything added up, of all images or of those that fit."""
        with self._index.reading() as connection:
            return sums(connection, query or Query(**wanted))

    def verify(self) -> list[Finding]:
        """Whatever does not fit: index, files and pictures held against each other.

        An empty list says that every image that was ever acknowledged is there, whole.
        """
        return verify(self.folder, self._index)

    def close(self) -> None:
        """Close it; another process may write then."""
        self._index.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ names

    def _key(self, record: Record) -> tuple[str, bool]:
        """A key for a new record, and whether it is that of one given up as lost."""
        stem = re.sub(r"[^0-9A-Za-z._-]", "_", record.stem).lstrip(".")[:100] or "_"
        key, number = stem, 2
        while (there := self.get(key)) is not None:
            if there.fate == "lost" and record.fate != "lost":
                return key, True
            key, number = f"{stem}-{number}", number + 1
        return key, False

    def _file(self, record: Record, stage: str) -> str:
        """A path below the folder that nothing has: a picture that is replaced stays till then."""
        session = "none" if record.session is None else f"{record.session:04x}"
        stem = record.key if stage == COARSE else f"{record.key}-{stage}"
        path, number = f"{IMAGES}/{session}/{stem}.png", 2
        while (self.folder / path).exists():
            path, number = f"{IMAGES}/{session}/{stem}.{number}.png", number + 1
        return path

    def _need(self, key: str) -> Record:
        record = self.get(key)
        if record is None:
            raise KeyError(key)
        return record

    # ------------------------------------------------------------------ files

    def _write(self, path: str, png: bytes, change: Any, before: str | None = None) -> None:
        """File, then row, then (of what it replaces) away with the old file."""
        paths = [one for one in (path, before) if one is not None]
        try:
            # Not synced: file systems bring names to the disk in the order they were made.
            for one in paths:
                self._mark(one).touch()
            make_folder((self.folder / path).parent)
            write_bytes(self.folder / path, png)
            with self._index.writing() as connection:
                change(connection)
        finally:
            for one in paths:
                self._settle(one)

    def _mark(self, path: str) -> Path:
        return self.folder / WRITING / name_of_mark(path)

    def _settle(self, path: str) -> bool:
        """What has no row goes, then the mark: the index alone says whether it is stored.

        Returns whether a file went.
        """
        file = self.folder / path
        for part in file.parent.glob(f".{file.name}-*{UNFINISHED}"):
            part.unlink(missing_ok=True)
        with self._index.reading() as connection:
            told = "SELECT 1 FROM files WHERE path = ?"
            goes = connection.execute(told, (path,)).fetchone() is None and file.exists()
        if goes:
            remove(file)
        self._mark(path).unlink(missing_ok=True)
        return goes

    def _recover(self) -> None:
        """Settle what was being written when the last program ended."""
        for mark in sorted((self.folder / WRITING).iterdir()):
            self.recovered += self._settle(marked_by(mark))

    @staticmethod
    def _add_file(
        connection: sqlite3.Connection,
        key: str,
        stage: str,
        path: str,
        png: bytes,
        facts: Mapping[str, Any],
    ) -> None:
        row = {
            "key": key,
            "stage": stage,
            "path": path,
            "size": len(png),
            "sha256": hashlib.sha256(png).hexdigest(),
            "written_at": time.time(),
            "facts": json_text(facts, ensure_ascii=False),
        }
        rows.insert(connection, "files", plain(row))


def _insert(connection: sqlite3.Connection, record: Record) -> None:
    newest = connection.execute("SELECT COALESCE(MAX(number), 0) FROM images").fetchone()[0]
    rows.insert(connection, "images", {**rows.row_of(record), "number": newest + 1})
