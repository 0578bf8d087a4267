"""The transmitter's books: which images are to be sent, are on their way, and have arrived.

An SQLite file (WAL, synchronous=FULL): what a method has written when it returns is on the disk,
whatever ends the program afterwards. An image is in the books once, by the SHA-256 of its file's
bytes; every time that it is sent is an attempt, by session and image_id::

    queued ─ announce ─ left ─▶ sent ─▶ stored        the receiver has acknowledged any attempt
       ▲                         │  ├─▶ lost          it has given the last attempt up
       └──────── again ──────────┘  └─▶ given up      cannot be opened, or no answer to any attempt

An attempt is written down before its first burst is on the air. So after a kill the books know all
that a receiver can have heard of: it is asked, and what it has not stored is sent again.

One process at a time has the file open.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gensc.system.errors import UserError
from gensc.transmitter.queue_file import STATES, lock, open_file

#: Characters of a name that are kept.
NAME_LENGTH = 255


@dataclass(frozen=True)
class Item:
    """An image in the books.

    Attributes:
        number: its place in the order of arrival.
        sha256: of its file's bytes, hexadecimal.
        path: of the file, or ``skimage:NAME``.
        name: without folder, as reports carry it.
        state: of STATES.
        tries: times that it was announced.
        resent: fragments that were sent again.
        cause: why it is lost or given up, or the receiver's last word; "" where there is none.
    """

    number: int
    sha256: str
    path: str
    name: str
    state: str
    tries: int
    resent: int
    cause: str


@dataclass(frozen=True)
class FileState:
    """What tells that a file has not changed.

    Attributes:
        size: bytes.
        mtime_ns: of its last change.
    """

    size: int
    mtime_ns: int


_ITEM = "number, sha256, path, name, state, tries, resent, cause"


class Queue:
    """The books, opened or made.

    Args:
        path: of the SQLite file; beside it stand its -wal, -shm and .lock.

    Raises:
        UserError: another process has it open, no such folder, or a file of another kind.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = lock(self.path)
        try:
            self._db = open_file(self.path)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Close the file and let others open it. Once is enough."""
        if not self._lock.closed:
            self._db.close()
            self._lock.close()

    def __enter__(self) -> Queue:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    # ------------------------------------------------------------------ what is to be sent

    def add(self, path: str, name: str, sha256: str, state: FileState | None = None) -> bool:
        """Put an image in the books; whether it is new there.

        Args:
            path: of its file.
            name: to report it under.
            sha256: of the file's bytes.
            state: of the file, so that it need not be read again.
        """
        with self._written() as db:
            new = db.execute(
                "INSERT INTO items (sha256, path, name, added_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (sha256) DO NOTHING",
                (sha256, os.fsencode(path), _printed(name), time.time()),
            ).rowcount
            if state is not None:
                db.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                    (os.fsencode(path), state.size, state.mtime_ns, sha256),
                )
        return bool(new)

    def has_read(self, path: str, state: FileState) -> bool:
        """Whether this very state of a file is in the books."""
        row = self._db.execute(
            "SELECT size, mtime_ns FROM files WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return row == (state.size, state.mtime_ns)

    def next(self) -> Item | None:
        """The image to send next: of those waiting the one tried least often, the oldest first."""
        row = self._db.execute(
            f"SELECT {_ITEM} FROM items WHERE state = 'queued' ORDER BY tries, number LIMIT 1"
        ).fetchone()
        return None if row is None else _item(row)

    # ------------------------------------------------------------------ what becomes of it

    def announce(self, item: Item, session: int, image_id: int, reason: str) -> None:
        """Write down an attempt, before anything of it is on the air."""
        with self._written() as db:
            db.execute(
                "INSERT INTO attempts (session, image_id, item, announced_at, reason) "
                "VALUES (?, ?, ?, ?, ?)",
                (session, image_id, item.number, time.time(), reason),
            )
            db.execute("UPDATE items SET tries = tries + 1 WHERE number = ?", (item.number,))

    def left(self, item: Item, session: int, image_id: int) -> None:
        """The attempt is on the air as a whole; an image acknowledged meanwhile stays stored."""
        with self._written() as db:
            db.execute(
                "UPDATE attempts SET left_at = ? WHERE session = ? AND image_id = ? AND item = ?",
                (time.time(), session, image_id, item.number),
            )
            db.execute(
                "UPDATE items SET state = 'sent' WHERE number = ? AND state = 'queued'",
                (item.number,),
            )

    def stored(self, session: int, image_ids: Sequence[int]) -> int:
        """The receiver has stored these; returns how many images that closes.

        Numbers that the books do not know, and images that are stored already, change nothing.
        """
        closed = 0
        with self._written() as db:
            for image_id in image_ids:
                closed += db.execute(
                    "UPDATE items SET state = 'stored', closed_at = ?, cause = '' "
                    "WHERE state <> 'stored' AND number = ("
                    "SELECT item FROM attempts WHERE session = ? AND image_id = ? "
                    "ORDER BY announced_at DESC LIMIT 1)",
                    (time.time(), session, image_id),
                ).rowcount
        return closed

    def failed(self, item: Item, state: str, cause: str, tries: int) -> bool:
        """An attempt came to nothing: the image is queued again, or closed after so many tries.

        Args:
            item: the image; one that is stored stays so.
            state: "lost" or "given up", what it is after the last try.
            cause: in words.
            tries: that it has; 0 closes it at once.

        Returns:
            Whether that closes it.
        """
        with self._written() as db:
            open_ = "WHERE number = ? AND state IN ('queued', 'sent')"
            last = db.execute(
                f"UPDATE items SET state = ?, closed_at = ?, cause = ? {open_} AND "
                "(tries >= ? OR ? = 0)",
                (state, time.time(), cause, item.number, tries, tries),
            ).rowcount
            if not last:
                db.execute(
                    f"UPDATE items SET state = 'queued', cause = ? {open_}", (cause, item.number)
                )
        return bool(last)

    def again(self, item: Item, cause: str) -> None:
        """The transmitter itself has cut an attempt short: the image is queued again, and that was
        no try."""
        with self._written() as db:
            db.execute(
                "UPDATE items SET state = 'queued', cause = ?, tries = MAX(tries - 1, 0) "
                "WHERE number = ? AND state IN ('queued', 'sent')",
                (cause, item.number),
            )

    def resent(self, session: int, image_id: int, fragments: int) -> None:
        """So many fragments of an attempt have been sent again."""
        with self._written() as db:
            db.execute(
                "UPDATE items SET resent = resent + ? WHERE number = (SELECT item FROM attempts "
                "WHERE session = ? AND image_id = ? ORDER BY announced_at DESC LIMIT 1)",
                (fragments, session, image_id),
            )

    # ------------------------------------------------------------------ what is asked of it

    def of(self, session: int, image_id: int) -> Item | None:
        """The image that was sent under these numbers; None where none was."""
        row = self._db.execute(
            f"SELECT {_ITEM} FROM items WHERE number = (SELECT item FROM attempts "
            "WHERE session = ? AND image_id = ? ORDER BY announced_at DESC LIMIT 1)",
            (session, image_id),
        ).fetchone()
        return None if row is None else _item(row)

    def is_newest(self, item: Item, session: int, image_id: int) -> bool:
        """Whether that was the last attempt of an image."""
        row = self._db.execute(
            "SELECT session, image_id FROM attempts WHERE item = ? "
            "ORDER BY announced_at DESC LIMIT 1",
            (item.number,),
        ).fetchone()
        return row == (session, image_id)

    def knows(self, session: int) -> bool:
        """Whether something was sent in a session of that tag."""
        row = self._db.execute("SELECT 1 FROM attempts WHERE session = ? LIMIT 1", (session,))
        return row.fetchone() is not None

    def unanswered(self) -> dict[int, list[int]]:
        """Attempts of images that are neither stored nor closed: numbers by session."""
        found: dict[int, list[int]] = defaultdict(list)
        for session, image_id in self._db.execute(
            "SELECT DISTINCT session, image_id FROM attempts JOIN items ON item = number "
            "WHERE state IN ('queued', 'sent') ORDER BY session, image_id"
        ):
            found[session].append(image_id)
        return dict(found)

    def overdue(self, before: float) -> list[Item]:
        """Images that were sent, the last time before then (unix seconds), without an answer."""
        rows = self._db.execute(
            f"SELECT {_ITEM} FROM items WHERE state = 'sent' AND (SELECT MAX(COALESCE(left_at, "
            "announced_at)) FROM attempts WHERE item = number) < ? ORDER BY number",
            (before,),
        )
        return [_item(row) for row in rows]

    def in_flight(self) -> int:
        """Images that were sent and are not answered for."""
        return int(
            self._db.execute("SELECT COUNT(*) FROM items WHERE state = 'sent'").fetchone()[0]
        )

    def items(self) -> list[Item]:
        """All, in order of arrival."""
        return [
            _item(row) for row in self._db.execute(f"SELECT {_ITEM} FROM items ORDER BY number")
        ]

    def sums(self) -> dict[str, int]:
        """Images by state, and in all; attempts and fragments sent again beside them."""
        found = dict.fromkeys(STATES, 0)
        found.update(self._db.execute("SELECT state, COUNT(*) FROM items GROUP BY state"))
        attempts = self._db.execute("SELECT COUNT(*) FROM attempts").fetchone()[0]
        resent = self._db.execute("SELECT COALESCE(SUM(resent), 0) FROM items").fetchone()[0]
        images = sum(found.values())
        return {"images": images, **found, "attempts": attempts, "retransmitted": resent}

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is written within is on the disk at the end, or none of it: one wait for the
        disk instead of many."""
        with self._written():
            yield

    @contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk at the end, unless it is a part of one."""
        if self._db.in_transaction:
            yield self._db
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            # The disk is full, or the file cannot be written: nothing of this has happened.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise UserError(f"{self.path}: {error}") from error


def _printed(name: str) -> str:
    """Names of files need not be UTF-8; reports and SQLite's texts are."""
    return os.fsencode(name).decode("utf-8", "replace")[:NAME_LENGTH]


def _item(row: tuple[int, str, bytes, str, str, int, int, str]) -> Item:
    number, sha256, path, name, state, tries, resent, cause = row
    return Item(number, sha256, os.fsdecode(path), name, state, tries, resent, cause)
