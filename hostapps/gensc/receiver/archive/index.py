"""The index: a SQLite file that one process writes and any number read at the same time.

Write-ahead log with `synchronous=FULL`: what a transaction wrote is on the disk when it returns,
and whatever ends the program, the next one to open the file finds whole transactions.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote_from_bytes

from gensc.receiver.archive import schema
from gensc.receiver.archive.errors import ArchiveError
from gensc.system.locks import hold

NAME = "index.sqlite"
#: Held by the process that writes; the kernel gives it back whatever ends that process.
LOCK = "lock"
_BUSY_S = 10.0


class Index:
    """One connection to write with, where asked for, and one to read with; for any thread.

    Raises:
        ArchiveError: no index there, in use by another writer, damaged, or of a later version.
        OSError: it cannot be made.
    """

    def __init__(self, folder: Path, read_only: bool) -> None:
        self.path = folder / NAME
        self._reading, self._writing = threading.Lock(), threading.RLock()
        self._lock_file: BinaryIO | None = None
        self._writer: sqlite3.Connection | None = None
        if not read_only:
            self._lock_file = _locked(folder / LOCK)
        elif not self.path.is_file():
            raise ArchiveError(f"{folder}: no archive there ({NAME} is missing)")
        try:
            if not read_only:
                self._writer = self._open_to_write()
            self._reader = self._open_to_read()
        except sqlite3.Error as error:
            self._give_back()
            raise ArchiveError(f"{self.path}: {error}") from error
        except BaseException:
            self._give_back()
            raise

    def _open_to_write(self) -> sqlite3.Connection:
        connection = _connect(self.path, "rwc")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        schema.migrate(connection, str(self.path))
        return connection

    def _open_to_read(self) -> sqlite3.Connection:
        try:
            connection = _connect(self.path, "ro")
            version = schema.check_version(connection, str(self.path))
        except sqlite3.OperationalError:
            # In a folder that cannot be written to, SQLite cannot keep the lists of a log; where
            # no log was left, the file alone is all there is, and nobody can change it either.
            log = self.path.with_name(f"{NAME}-wal")
            if log.exists() and log.stat().st_size:
                raise
            connection = _connect(self.path, "ro&immutable=1")
            version = schema.check_version(connection, str(self.path))
        if version < schema.VERSION:
            raise ArchiveError(
                f"{self.path}: of version {version}; the receiver that writes to it brings it to "
                f"{schema.VERSION} when it starts"
            )
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Everything read inside belongs to one moment.

        Raises:
            ArchiveError: the index is damaged.
        """
        with self._reading:
            try:
                self._reader.execute("BEGIN")
                try:
                    yield self._reader
                finally:
                    if self._reader.in_transaction:
                        self._reader.execute("ROLLBACK")
            except sqlite3.DatabaseError as error:
                raise ArchiveError(f"{self.path}: {error}") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; on the disk when this returns, and undone where anything raises.

        Raises:
            OSError: it cannot be written; ENOSPC where the disk is full.
            ArchiveError: the archive was opened to read.
        """
        with self._writing:
            if self._writer is None:
                raise ArchiveError(f"{self.path}: opened to read")
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise
            except sqlite3.DatabaseError as error:
                number = errno.ENOSPC if "disk is full" in str(error) else errno.EIO
                raise OSError(number, f"{error}", str(self.path)) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes meanwhile; several transactions and files may belong together."""
        with self._writing:
            yield

    def close(self) -> None:
        """Bring the log into the file and let others write."""
        with self._writing, self._reading:
            self._reader.close()
            if self._writer is not None:
                # On a full disk the log stays, and is read at the next opening.
                with suppress(sqlite3.OperationalError):
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._give_back()

    def _give_back(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _locked(path: Path) -> BinaryIO:
    file = hold(path)
    if file is None:
        raise ArchiveError(
            f"{path.parent}: another program writes to this archive; name another folder"
        )
    return file


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


def _quoted(path: Path) -> str:
    return quote_from_bytes(os.fsencode(path.absolute()))
