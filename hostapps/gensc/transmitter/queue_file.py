"""The file of the transmitter's books: its layout, and one process at a time that has it open."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import BinaryIO

from gensc.system.errors import UserError
from gensc.system.locks import hold

STATES = ("queued", "sent", "stored", "lost", "given up")
#: Of the layout of the file.
VERSION = 1
_APPLICATION = 0x47535155  # "GSQU"
_LAYOUT = """
CREATE TABLE items (
    number INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    path BLOB NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'sent', 'stored', 'lost', 'given up')),
    tries INTEGER NOT NULL DEFAULT 0,
    resent INTEGER NOT NULL DEFAULT 0,
    added_at REAL NOT NULL,
    closed_at REAL,
    cause TEXT NOT NULL DEFAULT ''
);
CREATE INDEX items_by_state ON items (state, number);
CREATE TABLE attempts (
    session INTEGER NOT NULL,
    image_id INTEGER NOT NULL,
    item INTEGER NOT NULL REFERENCES items (number),
    announced_at REAL NOT NULL,
    left_at REAL,
    reason TEXT NOT NULL,
    PRIMARY KEY (session, image_id, announced_at)
) WITHOUT ROWID;
CREATE INDEX attempts_by_item ON attempts (item);
CREATE TABLE files (
    path BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL
) WITHOUT ROWID;
"""


def lock(path: Path) -> BinaryIO:
    """An open file that only one process can have; a kill lets go of it.

    Raises:
        UserError: another process has it, or no such folder.
    """
    try:
        file = hold(path.with_name(f"{path.name}.lock"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    if file is None:
        raise UserError(f"{path}: another transmitter has this queue open")
    return file


def open_file(path: Path) -> sqlite3.Connection:
    """The books, made where there are none; every commit is on the disk when it returns.

    Raises:
        UserError: a file of another kind or version, or none can be made there.
    """
    try:
        # Opened and closed by one thread, used by another in between.
        db = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
        try:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
            tables = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
            if tables and application != _APPLICATION:
                raise UserError(f"{path}: an SQLite file, but no queue of images")
            if tables and version != VERSION:
                raise UserError(f"{path}: a queue of version {version}, this is {VERSION}")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            if not tables:
                # All or nothing: a kill in between leaves an empty file, which is made again.
                db.executescript(
                    f"BEGIN IMMEDIATE; {_LAYOUT} PRAGMA application_id = {_APPLICATION}; "
                    f"PRAGMA user_version = {VERSION}; COMMIT;"
                )
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise UserError(f"{path}: no queue of images ({error})") from error
    return db
