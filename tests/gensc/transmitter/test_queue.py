"""The transmitter's books: each image once, every attempt written down, nothing forgotten."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gensc.system.errors import UserError
from gensc.transmitter.queue import FileState, Queue


@pytest.fixture
def path(tmp_path):
    return tmp_path / "queue.db"


@pytest.fixture
def queue(path):
    with Queue(path) as opened:
        yield opened


def fill(queue, *names):
    for name in names:
        assert queue.add(f"/photos/{name}.png", name, name * 8)


def send(queue, image_id, session=1):
    item = queue.next()
    queue.announce(item, session, image_id, "because")
    queue.left(item, session, image_id)
    return queue.of(session, image_id)


def test_the_same_content_is_in_the_books_once(queue):
    fill(queue, "a")
    assert not queue.add("/elsewhere/b.png", "b", "a" * 8)
    assert [item.name for item in queue.items()] == ["a"]


def test_images_are_sent_in_the_order_of_arrival_and_again_after_all_others(queue):
    fill(queue, "a", "b")
    first = send(queue, 0)
    assert first.name == "a"
    assert not queue.failed(first, "lost", "damaged", tries=3)
    assert send(queue, 1).name == "b"
    assert send(queue, 2).name == "a"
    assert queue.next() is None


def test_an_acknowledgement_of_any_attempt_closes_the_image(queue):
    fill(queue, "a")
    item = send(queue, 0)
    queue.failed(item, "given up", "no answer", tries=3)
    assert queue.unanswered() == {1: [0]}
    assert queue.stored(1, [0, 17]) == 1
    assert queue.stored(1, [0]) == 0
    assert queue.next() is None
    assert queue.unanswered() == {}


def test_an_image_acknowledged_before_it_has_left_stays_stored(queue):
    fill(queue, "a")
    item = queue.next()
    queue.announce(item, 1, 0, "")
    queue.stored(1, [0])
    queue.left(item, 1, 0)
    assert not queue.failed(item, "lost", "too late", tries=0)
    assert queue.of(1, 0).state == "stored"


def test_after_its_last_try_an_image_is_closed_with_its_cause(queue):
    fill(queue, "a")
    for image_id in range(2):
        item = send(queue, image_id)
        closed = queue.failed(item, "given up", "no answer", tries=2)
    assert closed
    (item,) = queue.items()
    assert (item.state, item.cause, item.tries) == ("given up", "no answer", 2)


def test_a_lost_image_that_turns_up_is_stored(queue):
    fill(queue, "a")
    queue.failed(send(queue, 0), "lost", "never heard", tries=1)
    assert queue.stored(1, [0]) == 1


def test_numbers_that_come_again_mean_the_newest_attempt(queue):
    fill(queue, "a", "b")
    send(queue, 0)
    send(queue, 0)
    assert queue.of(1, 0).name == "b"


def test_only_what_was_sent_before_is_overdue(queue):
    fill(queue, "a", "b")
    item = send(queue, 0)
    assert queue.overdue(before=0.0) == []
    assert queue.overdue(before=1e12) == [item]


def test_a_file_is_known_by_its_state(queue):
    queue.add("/p/a.png", "a", "aa", FileState(10, 20))
    assert queue.has_read("/p/a.png", FileState(10, 20))
    assert not queue.has_read("/p/a.png", FileState(10, 21))
    assert not queue.has_read("/p/b.png", FileState(10, 20))


def test_what_is_written_together_is_there_as_a_whole_or_not_at_all(queue):
    def cut_short():
        with queue.together():
            fill(queue, "a", "b")
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        cut_short()
    assert queue.items() == []
    with queue.together():
        fill(queue, "a", "b")
    assert len(queue.items()) == 2


def test_names_that_are_not_utf_8_come_back(queue):
    path = os.fsdecode(b"/p/\xe9t\xe9.png")
    queue.add(path, "été", "aa")
    assert queue.next().path == path


def test_a_queue_is_open_in_one_process(path, queue):
    with pytest.raises(UserError, match="another transmitter"):
        Queue(path)


@pytest.mark.parametrize("content", [b"no database at all, but a letter" * 40, b""])
def test_what_is_no_queue_is_refused_and_an_empty_file_becomes_one(path, content):
    path.write_bytes(content)
    if not content:
        Queue(path).close()
        return
    with pytest.raises(UserError, match="no queue of images"):
        Queue(path)
    assert path.read_bytes() == content


def test_another_kind_and_another_version_are_refused(path, tmp_path):
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (a)")
    other.close()
    with pytest.raises(UserError, match="but no queue"):
        Queue(tmp_path / "other.db")
    Queue(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(UserError, match="version 9"):
        Queue(path)
    with pytest.raises(UserError, match="No such file"):
        Queue(tmp_path / "nowhere" / "queue.db")


def test_a_full_disk_is_one_line_and_changes_nothing(path, queue):
    fill(queue, "a")
    pages = queue._db.execute("PRAGMA page_count").fetchone()[0]
    queue._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill_up():
        for i in range(1000):
            queue.add(f"/p/{i}", "x" * 200, f"{i:064}")

    with pytest.raises(UserError, match="full"):
        fill_up()
    queue._db.execute("PRAGMA max_page_count = 100000")
    known = len(queue.items())
    assert queue.add("/p/z", "z", "zz")
    assert len(queue.items()) == known + 1


WRITER = """
import sys
from gensc.transmitter.queue import Queue
queue = Queue(sys.argv[1])
for i in range(10**6):
    queue.add(f"/p/{i}", str(i), f"{i:064}")
    item = queue.next()
    queue.announce(item, 7, i & 0xFFFF, "")
    print(f"announced {i}", flush=True)
    queue.left(item, 7, i & 0xFFFF)
    queue.stored(7, [i & 0xFFFF])
    print(f"stored {i}", flush=True)
"""


@pytest.mark.parametrize("lines", [1, 8, 21])
def test_what_was_said_to_be_written_is_there_after_kill_9(path, lines):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
    )
    said = [writer.stdout.readline().split() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    said += [line.split() for line in writer.stdout.read().splitlines()]
    writer.wait()
    with Queue(path) as queue:
        for word, number in said:
            item = queue.of(7, int(number))
            assert item.name == number
            assert word == "announced" or item.state == "stored"
        names = [item.name for item in queue.items()]
        assert names == [str(i) for i in range(len(names))]
        assert queue._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class Books(RuleBasedStateMachine):
    """Whatever happens in whatever order, the sums are exact, and what is stored stays stored."""

    def __init__(self):
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "q.db"
        self.queue = Queue(self.path)
        self.added, self.stored, self.image_id = set(), set(), 0

    def teardown(self):
        self.queue.close()
        self.folder.cleanup()

    @rule(content=st.integers(0, 9))
    def add(self, content):
        new = self.queue.add("/p", "n", str(content))
        assert new == (content not in self.added)
        self.added.add(content)

    @rule(leaves=st.booleans())
    def send(self, leaves):
        item = self.queue.next()
        if item is not None:
            self.queue.announce(item, 1, self.image_id, "")
            if leaves:
                self.queue.left(item, 1, self.image_id)
            self.image_id += 1

    @rule(image_id=st.integers(0, 20))
    def acknowledge(self, image_id):
        self.queue.stored(1, [image_id])
        item = self.queue.of(1, image_id)
        if item is not None:
            assert item.state == "stored"
            self.stored.add(item.sha256)

    @rule(state=st.sampled_from(["lost", "given up"]), tries=st.integers(0, 2))
    def fail(self, state, tries):
        for item in self.queue.overdue(1e12):
            self.queue.failed(item, state, "why", tries)

    @rule()
    def open_again(self):
        self.queue.close()
        self.queue = Queue(self.path)

    @invariant()
    def sums_are_exact(self):
        sums = self.queue.sums()
        assert sums["images"] == len(self.added)
        states = ("queued", "sent", "stored", "lost", "given up")
        assert sum(sums[state] for state in states) == sums["images"]
        kept = {item.sha256 for item in self.queue.items() if item.state == "stored"}
        assert kept == self.stored


Books.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestBooks = Books.TestCase
