"""The tables of the index, and how an older one becomes today's.

Version n of the schema (SQLite's `user_version`) is what the first n migrations make. A migration
that has been released is never changed: another one follows it.
"""

from __future__ import annotations

import sqlite3

from gensc.receiver.archive.errors import ArchiveError

_FIRST = (
    """
    CREATE TABLE images (
        key TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        session INTEGER,
        image_id INTEGER,
        received_at REAL NOT NULL,
        source TEXT NOT NULL,
        peer TEXT NOT NULL,
        name TEXT NOT NULL,
        original_sha256 TEXT,
        height INTEGER,
        width INTEGER,
        scheme TEXT NOT NULL,
        weights TEXT,
        weights_sha256 TEXT,
        rate INTEGER,
        channel TEXT NOT NULL,
        via TEXT NOT NULL,
        snr_db REAL,
        spread_db REAL,
        snr_bursts TEXT NOT NULL,
        fragments INTEGER,
        fragments_received INTEGER,
        symbols_sent INTEGER NOT NULL,
        symbols_received INTEGER NOT NULL,
        symbols_erased INTEGER NOT NULL,
        symbols_late INTEGER NOT NULL,
        symbols_foreign INTEGER NOT NULL,
        spent_analog INTEGER NOT NULL,
        spent_digital INTEGER NOT NULL,
        spent_text INTEGER NOT NULL,
        spent_overhead INTEGER NOT NULL,
        metrics TEXT NOT NULL,
        reasons TEXT NOT NULL,
        caption TEXT,
        caption_state TEXT,
        latency_ms TEXT NOT NULL,
        choice TEXT,
        reason TEXT NOT NULL,
        fate TEXT NOT NULL CHECK (fate IN ('stored', 'damaged', 'lost')),
        cause TEXT NOT NULL,
        extra TEXT NOT NULL
    )
    """,
    "CREATE INDEX images_received_at ON images (received_at)",
    "CREATE INDEX images_session ON images (session, image_id)",
    "CREATE INDEX images_fate ON images (fate, cause)",
    """
    CREATE TABLE files (
        key TEXT NOT NULL REFERENCES images (key),
        stage TEXT NOT NULL,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        written_at REAL NOT NULL,
        facts TEXT NOT NULL,
        PRIMARY KEY (key, stage)
    )
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """Version of the schema; 0 of an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection, name: str) -> int:
    """The version, where this program knows it.

    Raises:
        ArchiveError: a later program has made it.
    """
    found = version_of(connection)
    if found > VERSION:
        raise ArchiveError(
            f"{name}: of version {found}, this program knows {VERSION}; use a newer gensc"
        )
    return found


def migrate(
    connection: sqlite3.Connection,
    name: str,
    migrations: tuple[tuple[str, ...], ...] = MIGRATIONS,
) -> None:
    """Bring the tables to today's version, each step as a whole or not at all.

    Raises:
        ArchiveError: a later program has made it.
    """
    for number in range(check_version(connection, name), len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migrations[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
