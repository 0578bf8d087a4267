"""verify: each kind of damage is found, and named by where it is."""

import sqlite3

import pytest

from archived import lost, png, record
from gensc.receiver.archive import Archive, Fates


@pytest.fixture
def folder(tmp_path):
    with Archive(tmp_path / "archive") as archive:
        for number in range(3):
            archive.store(record(number), png(number))
        archive.lost(lost(3))
    return tmp_path / "archive"


def findings(folder):
    with Archive(folder, read_only=True) as archive:
        return [str(finding) for finding in archive.verify()]


def change(folder, statement, *values):
    with sqlite3.connect(folder / "index.sqlite") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, values)
    connection.close()


PICTURE = "images/a3f2/a3f2-00001.png"


def test_a_sound_archive_has_no_findings(folder):
    assert findings(folder) == []


def test_a_missing_picture(folder):
    (folder / PICTURE).unlink()
    assert findings(folder) == [f"{PICTURE}: is missing"]


def test_a_cut_picture(folder):
    (folder / PICTURE).write_bytes(png(1)[:-1])
    assert "the index says" in findings(folder)[0]


def test_a_changed_byte(folder):
    data = bytearray(png(1))
    data[200] ^= 1
    (folder / PICTURE).write_bytes(data)
    assert findings(folder) == [f"{PICTURE}: its SHA-256 is not that of the index"]


def test_a_picture_that_was_none_when_it_was_stored(tmp_path):
    with Archive(tmp_path) as archive:
        archive.store(record(0), b"no picture")
        archive.store(record(1, shape=(16, 16, 3)), png(1))
        told = [str(finding) for finding in archive.verify()]
    assert "is no PNG that can be read" in told[0]
    assert told[1] == f"{PICTURE}: has 24x16 pixels, the index says 16x16"


def test_a_stray_file(folder):
    (folder / "images" / "a3f2" / "mine.png").write_bytes(png())
    (folder / "note.txt").write_text("x")
    assert findings(folder) == [
        "images/a3f2/mine.png: is in no row of the index",
        "note.txt: is in no row of the index",
    ]


def test_rows_that_do_not_fit_each_other(folder):
    change(folder, "DELETE FROM images WHERE key = 'a3f2-00001'")
    told = findings(folder)
    assert "index.sqlite: row 2 of files has no row of images" in told
    change(folder, "UPDATE images SET fate = 'lost' WHERE key = 'a3f2-00002'")
    told = findings(folder)
    assert "a3f2-00002: lost, but has a picture" in told
    assert "a3f2-00002: lost without a cause" in told
    change(folder, "DELETE FROM files WHERE key = 'a3f2-00000'")
    assert "a3f2-00000: stored, but has no picture" in findings(folder)


def test_symbols_that_do_not_add_up(tmp_path):
    with Archive(tmp_path) as archive:
        archive.store(record(0, symbols=Fates(sent=100, received=60, erased=30)), png())
        archive.store(record(1, symbols=Fates(sent=10, received=5, erased=5, late=6)), png(1))
        told = [str(finding) for finding in archive.verify()]
    assert told == [
        "a3f2-00000: 100 symbols sent, 60 received + 30 erased",
        "a3f2-00001: 6 late of 5 erased",
    ]


def test_a_damaged_index_is_found(folder):
    path = folder / "index.sqlite"
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 4096):
        data[start : start + 4096] = bytes(4096)
    path.write_bytes(data)
    try:
        told = findings(folder)
    except ValueError as error:
        told = [str(error)]
    assert any("index.sqlite" in line for line in told)
