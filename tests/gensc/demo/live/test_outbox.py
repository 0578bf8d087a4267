"""Photos without end: every file another one, of the same pictures, and never too many waiting."""

import hashlib
import time

import numpy as np
import pytest

from gensc.data.images import load_image
from gensc.demo.live import outbox as module
from gensc.demo.live.outbox import Outbox

PHOTOS = [(name, np.full((32, 48, 3), level, np.uint8)) for name, level in (("a", 10), ("b", 200))]


@pytest.fixture
def outbox(tmp_path):
    return Outbox(tmp_path, PHOTOS, 0.001, lambda written: written)


def test_photos_take_turns_and_no_two_files_are_alike(outbox):
    files = [outbox.put() for _ in range(6)]
    assert [file.name[0] for file in files] == list("ababab")
    assert len({hashlib.sha256(file.read_bytes()).digest() for file in files}) == 6
    np.testing.assert_array_equal(load_image(files[4]), PHOTOS[0][1])


def test_a_folder_holds_no_more_than_is_said(outbox, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    files = [outbox.put() for _ in range(10)]
    assert set(tmp_path.iterdir()) == set(files[-3:])


def test_no_further_photo_is_put_beside_those_that_wait(outbox):
    outbox.start()
    time.sleep(0.2)
    outbox.close()
    assert outbox.written == 2


def test_a_photo_that_nobody_takes_holds_up_the_next_only_so_long(outbox, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.02)
    outbox.start()
    end = time.monotonic() + 20
    while outbox.written < 5 and time.monotonic() < end:
        time.sleep(0.01)
    outbox.close()
    assert outbox.written >= 5
