"""export: pictures, captions, and lines of the results contract."""

import json
import math

import pytest

from archived import lost, png, record
from gensc.receiver.archive import Archive
from gensc.receiver.archive.export import export
from gensc.results.result import METRICS
from gensc.system.errors import UserError


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "archive") as opened:
        opened.store(record(1), png(1))
        facts = {"weights": "refiner-photo", "sha256": "cd" * 32, "ms": 80.5,
                 "metrics": {"psnr": 33.5}}  # fmt: skip
        opened.replace("a3f2-00001", "refined", png(2), facts)
        opened.lost(lost(2))
        opened.store(record(3, metrics={"psnr": math.inf}, caption="gr\x1büezi"), png(3))
        yield opened


def exported(archive, out, **wanted):
    done = export(archive, archive.find(**wanted), out)
    text = (out / "results.jsonl").read_text(encoding="utf-8")
    return done, [json.loads(line) for line in text.splitlines()]


def test_there_is_a_line_for_every_picture_and_every_lost_image(archive, tmp_path):
    done, lines = exported(archive, tmp_path / "out")
    assert (done.images, done.files, done.lines) == (3, 3, 4)
    names = [line["image"] for line in lines]
    assert names == ["a3f2-00001.png", "a3f2-00001-refined.png", "photo2.jpg", "a3f2-00003.png"]
    assert (tmp_path / "out" / "a3f2-00001-refined.png").read_bytes() == png(2)
    assert (tmp_path / "out" / "a3f2-00003.txt").read_text() == "gr\x1büezi\n"


def test_a_line_follows_the_contract(archive, tmp_path):
    _, lines = exported(archive, tmp_path / "out")
    coarse, refined, gone, exact = lines
    assert (coarse["scheme"], coarse["psnr"], coarse["cbr"]) == ("softcast", 31.25, 0.11111111)
    assert coarse["symbols"] == {"analog": 128, "digital": 0, "text": 0, "overhead": 32}
    assert (coarse["snr_measured_db"], coarse["fragments_lost"]) == (10.5, 0)
    assert coarse["extra"]["choice"]["alpha"] == 0.5
    assert coarse["extra"]["choice_reason"] == "10.0 dB less 1 dB margin"
    assert (refined["scheme"], refined["psnr"]) == ("softcast+refiner-photo", 33.5)
    assert refined["refiner_sha256"] == "cd" * 32
    assert refined["latency_ms"] == {"decode": 12.5, "refined": 80.5}
    assert (gone["received"], gone["shape"], gone["cbr"]) == (False, None, None)
    assert gone["not_computed"] == dict.fromkeys(METRICS, "nothing received")
    assert gone["extra"]["cause"] == "never heard"
    assert exact["psnr"] is None


def test_nothing_is_overwritten(archive, tmp_path):
    exported(archive, tmp_path / "out")
    with pytest.raises(UserError, match="is there already"):
        exported(archive, tmp_path / "out")


def test_a_picture_that_is_missing_is_named(archive, tmp_path):
    (archive.folder / "images" / "a3f2" / "a3f2-00001.png").unlink()
    with pytest.raises(UserError, match=r"a3f2-00001\.png: is missing"):
        exported(archive, tmp_path / "out")
