"""The soak's books: what does not add up is seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from gensc.receiver.archive import Archive, Record
from gensc.receiver.intake import png_of
from gensc.trials.soak import run as module
from gensc.trials.soak.run import CHANNEL, RECEIVER, TRANSMITTER, Soak


def memory(growth_mib_per_minute=0.0):
    return [
        {"process": name, "minutes": m / 10, "cpu_s": float(m), "processes": 1,
         "mib": 100 + growth_mib_per_minute * m / 10}
        for name in (TRANSMITTER, CHANNEL, RECEIVER) for m in range(20)
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    with Archive(tmp_path / "archive") as archive:
        for number in range(3):
            told = Record(1, number, 1e9, original_sha256=f"{number:064x}", shape=(4, 4, 3))
            archive.store(told, png_of(np.zeros((4, 4, 3), np.uint8)))
        archive.lost(Record(1, 3, 1e9, fate="lost", cause="never heard"))
    return tmp_path


SENT = {"images": 3, "attempts": 4, "status": 0}
HEARD = {"images": 4, "stored": 3, "damaged": 0, "lost": 1, "open": 0, "status": 0,
         "causes": {"never heard": 1}}  # fmt: skip


def missed(folder, sent=SENT, heard=HEARD, growth=0.0):
    result = module._result(Soak(images=3), folder, sent, heard, memory(growth), 20.0)
    assert "memory" in result.figures
    return {check.name for check in result.checks if not check.met}


def test_books_that_agree_meet_every_check(folder):
    assert missed(folder) == set()


@pytest.mark.parametrize(
    ("sent", "heard", "name"),
    [
        ({"images": 2}, {}, "photos put there and not in the transmitter's books"),
        ({"attempts": 5}, {}, "transmissions that the receiver does not know"),
        ({}, {"open": 1}, "images that the receiver has no fate of"),
        ({}, {"stored": 2, "images": 3}, "images by fate, archive against receiver"),
    ],
)
def test_books_that_disagree_are_seen(folder, sent, heard, name):
    assert name in missed(folder, {**SENT, **sent}, {**HEARD, **heard})


def test_memory_that_grows_is_seen(folder):
    assert missed(folder, growth=1.0) == {"growth of the receiver's memory"}


def test_a_picture_that_is_missing_is_seen(folder):
    next((folder / "archive" / "images").rglob("*.png")).unlink()
    assert "findings of archive verify" in missed(folder)


def test_of_too_few_looks_no_growth_is_told():
    cost = module._cost(RECEIVER, memory()[:1], 1.0)
    assert math.isnan(cost["growth_mib_per_hour"])


def test_photos_are_put_there_whole_and_each_is_another(tmp_path):
    to = tmp_path / "photos"
    to.mkdir()
    module._feed(Soak(minutes=1e-4, images=5), to, ["skimage:chelsea"], {}, tmp_path)
    files = sorted(to.iterdir())
    assert [file.name for file in files] == [f"{n:05d}.jpg" for n in range(5)]
    assert {Image.open(file).size for file in files} == {(256, 256)}
    assert len({file.read_bytes() for file in files}) == 5
