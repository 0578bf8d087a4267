"""archive: what was stored is there, under its own key, whatever came next."""

import contextlib
import errno
import math
import os
import sqlite3
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archived import lost, png, record
from gensc.receiver.archive import COARSE, Archive, ArchiveError, Fates
from gensc.receiver.archive import archive as module
from gensc.receiver.archive.places import WRITING, name_of_mark


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive") as opened:
        yield opened


def files(archive):
    return sorted(p.name for p in (archive.folder / "images").rglob("*") if p.is_file())


def test_what_is_stored_is_found_by_another_who_opens_it(archive):
    path = archive.store(record(12), png())
    assert path == archive.folder / "images" / "a3f2" / "a3f2-00012.png"
    assert path.read_bytes() == png()
    with Archive(archive.folder, read_only=True) as other:
        found = other.get("a3f2-00012")
    expected = record(12, key="a3f2-00012")
    assert replace(found, files=()) == expected
    assert found.file(COARSE).size == len(png())


def test_two_images_of_one_number_have_keys_of_their_own(archive):
    keys = [archive.store(record(3), png(seed)).stem for seed in range(3)]
    assert keys == ["a3f2-00003", "a3f2-00003-2", "a3f2-00003-3"]
    assert [(archive.folder / archive.get(k).file().path).read_bytes() for k in keys] == [
        png(seed) for seed in range(3)
    ]


def test_a_key_that_would_leave_the_folder_does_not(archive):
    path = archive.store(record(key="../../etc/pass wd\n"), png())
    assert path.parent == archive.folder / "images" / "a3f2"
    assert archive.verify() == []


def test_refined_images_stand_beside_the_coarse_one_and_replace_the_one_before(archive):
    key = archive.store(record(1), png()).stem
    first = archive.replace(key, "refined", png(1), {"ms": 80.0, "metrics": {"psnr": 33.0}})
    second = archive.replace(key, "refined", png(2), {"ms": 90.0})
    found = archive.get(key)
    assert [file.stage for file in found.files] == [COARSE, "refined"]
    assert found.newest().facts == {"ms": 90.0}
    assert second.read_bytes() == png(2)
    assert not first.exists()
    assert archive.verify() == []


def test_nobody_can_add_to_what_is_not_there(archive):
    with pytest.raises(KeyError):
        archive.replace("a3f2-00001", "refined", png(), {})
    with pytest.raises(KeyError):
        archive.update("a3f2-00001", caption="x")
    assert files(archive) == []


def test_what_becomes_known_later_is_added(archive):
    key = archive.store(record(1), png()).stem
    archive.update(key, metrics={"ssim": 0.9}, latency_ms={"refine": 80.0}, caption="a dog")
    found = archive.get(key)
    assert found.metrics == {"psnr": 31.25, "ssim": 0.9}
    assert found.latency_ms == {"decode": 12.5, "refine": 80.0}
    assert found.caption == "a dog"
    with pytest.raises(ValueError, match="session does not change"):
        archive.update(key, session=1)


def test_an_image_given_up_that_comes_after_all_is_stored_under_its_key(archive):
    key = archive.lost(lost(7))
    assert archive.sums().fates == {"stored": 0, "damaged": 0, "lost": 1}
    assert archive.store(record(7), png()).stem == key
    assert archive.sums().fates == {"stored": 1, "damaged": 0, "lost": 0}
    assert archive.verify() == []


def test_a_record_says_what_it_is(archive):
    with pytest.raises(ValueError, match="has no picture"):
        archive.store(lost(1), png())
    with pytest.raises(ValueError, match="cause ''"):
        archive.lost(lost(1, cause=""))


def test_numbers_that_are_not_finite_are_not_known(archive):
    told = {"snr_db": math.nan, "spread_db": math.inf, "metrics": {"psnr": math.inf}}
    key = archive.store(record(1, **told, choice={"gvif": math.nan}), png()).stem
    found = archive.get(key)
    assert (found.snr_db, found.spread_db, found.metrics) == (None, None, {"psnr": None})
    assert found.choice == {"gvif": None}


texts = st.text(st.characters(codec=None, categories=["L", "N", "P", "Zs", "Cc", "Cs"]))


@given(caption=texts, name=texts, source=texts)
def test_whatever_a_peer_writes_is_kept(tmp_path_factory, caption, name, source):
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        told = {"caption": caption, "name": name, "source": source, "reason": name}
        key = archive.store(record(**told), png()).stem
        found = archive.get(key)
    written = caption.encode("utf-8", "backslashreplace").decode()
    assert found.caption == written


def test_sums_are_exact(archive):
    for number in range(5):
        archive.store(record(number), png(number))
    cut = Fates(sent=128, received=64, erased=64, late=20)
    archive.store(record(5, fate="damaged", cause="1 of 2 bursts lost", symbols=cut), png(5))
    archive.lost(lost(6))
    archive.lost(lost(7, source="other"))
    archive.replace("a3f2-00000", "refined", png(9), {})
    sums = archive.sums()
    assert sums.images == 8
    assert sums.fates == {"stored": 5, "damaged": 1, "lost": 2}
    assert sums.causes == {"1 of 2 bursts lost": 1, "never heard": 2}
    assert sums.symbols == Fates(sent=768, received=704, erased=64, late=20)
    assert sums.files == 7
    assert sums.bytes == sum(p.stat().st_size for p in (archive.folder / "images").rglob("*.png"))
    assert archive.sums(source="other").images == 1


def test_images_are_found_by_what_is_known_of_them(archive):
    for number in range(4):
        archive.store(record(number, caption=f"cat {number}"), png(number))
    archive.store(record(0, session=1, scheme="bank", caption="100% Dog"), png(8))
    archive.lost(lost(9))

    def keys(**wanted):
        return [found.key for found in archive.find(**wanted)]

    assert keys(limit=2) == ["a3f2-00009", "0001-00000"]
    assert keys(session=0xA3F2, image_id=2) == ["a3f2-00002"]
    assert keys(scheme="bank") == ["0001-00000"]
    assert keys(fate="lost") == ["a3f2-00009"]
    assert keys(since=1.7e9 + 2, until=1.7e9 + 4) == ["a3f2-00003", "a3f2-00002"]
    assert keys(text="0% dog") == ["0001-00000"]
    assert keys(text="%") == ["0001-00000"], "no pattern of SQL"
    assert keys(text="' OR 1=1 --") == []


def test_one_writes_and_many_read(archive):
    with pytest.raises(ArchiveError, match="another program writes"):
        Archive(archive.folder)
    with Archive(archive.folder, read_only=True) as reader:
        archive.store(record(1), png())
        assert reader.get("a3f2-00001") is not None
        with pytest.raises(ArchiveError, match="opened to read"):
            reader.lost(lost(2))


def test_threads_store_at_once(archive):
    def work(first):
        for number in range(first, first + 8):
            key = archive.store(record(number), png(number)).stem
            archive.replace(key, "refined", png(number + 1), {})

    threads = [threading.Thread(target=work, args=(8 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert archive.sums().files == 64
    assert archive.verify() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_what_cannot_be_written_leaves_nothing_and_the_next_is_tried(archive, monkeypatch, number):
    def full(path, data):
        raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_bytes", full)
        with pytest.raises(OSError, match=os.strerror(number)):
            archive.store(record(1), png())
    assert files(archive) == []
    assert list((archive.folder / WRITING).iterdir()) == []
    archive.store(record(1), png())
    assert archive.verify() == []


def test_an_index_that_cannot_be_written_leaves_no_picture(archive, monkeypatch):
    def fails(connection, record):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_insert", fails)
        with pytest.raises(OSError, match="disk is full") as caught:
            archive.store(record(1), png())
    assert caught.value.errno == errno.ENOSPC
    assert files(archive) == []
    assert archive.sums().images == 0


def test_on_a_full_disk_what_was_stored_stays_and_nothing_else_is_there(tmp_path, full_at):
    stored = []
    with Archive(tmp_path) as archive:
        full_at(150_000)  # the log of the index reaches it first
        for number in range(60):
            with contextlib.suppress(OSError):
                stored.append(archive.store(record(number), png(number)).stem)
        assert 0 < len(stored) < 60
        assert archive.verify() == []
    full_at(1 << 30)
    with Archive(tmp_path) as archive:
        assert [found.key for found in archive.find()] == stored[::-1]
        assert archive.verify() == []
        archive.store(record(99), png())


def test_a_picture_without_a_row_goes_at_the_next_opening_and_one_with_a_row_stays(tmp_path):
    with Archive(tmp_path) as archive:
        stored = archive.store(record(1), png())
    unstored = stored.with_name("a3f2-00002.png")
    half = stored.with_name(".a3f2-00002.png-12345678.part")
    for path in (unstored, half):
        path.write_bytes(png()[:100])
    for path in (stored, unstored):
        mark = name_of_mark(path.relative_to(tmp_path).as_posix())
        (tmp_path / WRITING / mark).touch()
    with Archive(tmp_path, read_only=True) as reader:
        assert reader.verify() == [], "what was never acknowledged is no fault"
    with Archive(tmp_path) as archive:
        assert archive.recovered == 1
        assert files(archive) == ["a3f2-00001.png"]
        assert archive.verify() == []


def test_a_folder_without_an_archive_is_named(tmp_path):
    with pytest.raises(ArchiveError, match="no archive there"):
        Archive(tmp_path, read_only=True)


def test_a_file_that_is_no_index_is_named(tmp_path):
    (tmp_path / "index.sqlite").write_bytes(b"x" * 4096)
    for read_only in (False, True):
        with pytest.raises(ArchiveError, match="not a database"):
            Archive(tmp_path, read_only=read_only)


def test_odd_names_of_folders_are_no_obstacle(tmp_path):
    folder = tmp_path / os.fsdecode(b"50% of? #1 \xe4")
    with Archive(folder) as archive:
        archive.store(record(1), png())
    with Archive(folder, read_only=True) as archive:
        assert archive.sums().images == 1
