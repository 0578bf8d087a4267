"""Sources of images: what is whole is taken once, what is not is left alone."""

from __future__ import annotations

import hashlib
import os

import pytest

from gensc.system.errors import UserError
from gensc.transmitter.queue import Queue
from gensc.transmitter.watch import FolderSource, ListSource, digest, enter


@pytest.fixture
def queue(tmp_path):
    with Queue(tmp_path / "queue.db") as opened:
        yield opened


class Clock:
    def __init__(self):
        self.now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def watched(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    clock = Clock()
    return folder, clock, FolderSource(folder, settle_s=1.0, clock=clock)


def put(file, content, at):
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (at, at))


def names(source):
    return [one.name for one in source.look()]


def test_a_file_that_has_been_there_a_while_is_taken_at_once_and_once(watched):
    folder, clock, source = watched
    put(folder / "a.png", b"a", clock.now - 10)
    put(folder / "deeper" / "b.jpg", b"b", clock.now - 20)
    assert names(source) == ["b.jpg", "a.png"]
    clock.now += 100
    assert names(source) == []


def test_a_file_that_grows_is_left_alone_until_it_does_not(watched):
    folder, clock, source = watched
    for size in range(1, 5):
        put(folder / "a.png", b"a" * size, clock.now)
        assert names(source) == []
        clock.now += 0.5
    clock.now += 0.4
    assert names(source) == []
    clock.now += 0.2
    assert names(source) == ["a.png"]


def test_a_time_in_the_future_does_not_keep_a_file_out(watched):
    folder, clock, source = watched
    put(folder / "a.png", b"a", clock.now + 1e6)
    assert names(source) == []
    clock.now += 1.1
    assert names(source) == ["a.png"]


def test_what_is_no_picture_hidden_or_empty_is_none(watched):
    folder, clock, source = watched
    for name in ("notes.txt", ".a.png", "b.png.part"):
        put(folder / name, b"x", clock.now - 10)
    put(folder / "empty.png", b"", clock.now - 10)
    assert names(source) == []


def test_new_content_under_an_old_name_is_another_picture(watched, queue):
    folder, clock, source = watched
    put(folder / "a.png", b"first", clock.now - 10)
    assert enter(source, queue, print) == 1
    put(folder / "a.png", b"second", clock.now - 5)
    assert enter(source, queue, print) == 1
    assert [item.sha256 for item in queue.items()] == [
        hashlib.sha256(content).hexdigest() for content in (b"first", b"second")
    ]


def test_a_copy_is_no_new_picture(watched, queue):
    folder, clock, source = watched
    put(folder / "a.png", b"same", clock.now - 10)
    put(folder / "b.png", b"same", clock.now - 10)
    assert enter(source, queue, print) == 1


def test_after_a_restart_files_in_the_books_are_not_read_again(watched, queue, monkeypatch):
    folder, clock, source = watched
    put(folder / "a.png", b"a", clock.now - 10)
    enter(source, queue, print)
    monkeypatch.setattr("gensc.transmitter.watch.digest", None)
    assert enter(FolderSource(folder, clock=clock), queue, print) == 0


def test_a_folder_that_goes_and_comes_back_is_watched_on(watched):
    folder, clock, source = watched
    put(folder / "a.png", b"a", clock.now - 10)
    assert names(source) == ["a.png"]
    folder.rename(folder.with_name("away"))
    assert names(source) == []
    folder.mkdir()
    put(folder / "b.png", b"b", clock.now - 10)
    assert names(source) == ["b.png"]


def test_a_picture_that_cannot_be_read_is_named_and_the_others_follow(watched, queue, monkeypatch):
    folder, clock, source = watched
    put(folder / "a.png", b"a", clock.now - 10)
    put(folder / "b.png", b"b", clock.now - 5)

    def fails(path):
        if path.endswith("a.png"):
            raise UserError("gone")
        return digest(path)

    monkeypatch.setattr("gensc.transmitter.watch.digest", fails)
    lines = []
    assert enter(source, queue, lines.append) == 1
    assert "a.png: not queued: gone" in lines[0]


def test_a_name_that_is_not_utf_8_is_taken(watched, queue):
    folder, clock, source = watched
    put(folder / os.fsdecode(b"\xe9t\xe9.png"), b"a", clock.now - 10)
    assert enter(source, queue, print) == 1
    item = queue.next()
    assert os.fsencode(item.path).endswith(b"/\xe9t\xe9.png")
    assert item.name == "\ufffdt\ufffd.png"


def test_a_list_ends_and_knows_the_sample_photos(queue):
    source = ListSource(["skimage:coffee"])
    assert not source.ended
    assert enter(source, queue, print) == 1
    assert source.ended
    assert len(queue.next().sha256) == 64
    assert enter(source, queue, print) == 0


def test_nothing_to_watch_and_nothing_to_list_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        FolderSource(tmp_path / "none")
    with pytest.raises(UserError, match="no such file"):
        ListSource([str(tmp_path / "none.png")])
