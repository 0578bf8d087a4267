"""schema: an older index becomes today's, a newer one is refused."""

import sqlite3

import pytest

from archived import png, record
from gensc.receiver.archive import Archive, ArchiveError
from gensc.receiver.archive.schema import MIGRATIONS, VERSION, migrate, version_of


@pytest.fixture
def connection():
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def test_every_version_becomes_todays(connection):
    for steps in range(1, VERSION + 1):
        migrate(connection, "index", MIGRATIONS[:steps])
        assert version_of(connection) == steps
    migrate(connection, "index")
    assert version_of(connection) == VERSION


def test_a_step_that_fails_leaves_the_version_before(connection):
    migrate(connection, "index")
    broken = (*MIGRATIONS, ("CREATE TABLE extra (x)", "no SQL"))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, "index", broken)
    assert version_of(connection) == VERSION
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchall()
    assert tables == []


def test_a_later_version_is_refused_and_left_as_it_is(tmp_path):
    with Archive(tmp_path) as archive:
        archive.store(record(1), png())
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(ArchiveError, match="use a newer gensc"):
            Archive(tmp_path, read_only=read_only)


def test_an_older_version_is_not_changed_by_who_reads(tmp_path):
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        connection.execute("PRAGMA user_version = 0")
        connection.execute("CREATE TABLE x (y)")
    connection.close()
    with pytest.raises(ArchiveError, match="the receiver that writes to it"):
        Archive(tmp_path, read_only=True)
