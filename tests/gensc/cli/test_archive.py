"""`gensc archive`: lists, shows, exports and verifies what a receiver has kept."""

import json

import pytest

from archived import lost, png, record
from gensc.cli.main import run
from gensc.receiver.archive import Archive


@pytest.fixture
def folder(tmp_path):
    with Archive(tmp_path / "archive") as archive:
        archive.store(record(1), png(1))
        archive.store(record(2, caption="[red]cat\x1b[2J\x07"), png(2))
        archive.lost(lost(3))
    return str(tmp_path / "archive")


def test_list_names_every_image_and_the_sums(folder, capsys):
    assert run(["archive", "list", folder]) == 0
    shown = capsys.readouterr().out
    for told in ("a3f2-00001", "a3f2-00003", "lost: never heard", "softcast", "31.25"):
        assert told in shown
    assert "3 images: 2 stored, 0 damaged, 1 lost; 2 pictures" in shown


def test_what_a_peer_wrote_is_escaped(folder, capsys):
    assert run(["archive", "list", folder]) == 0
    assert run(["archive", "show", folder, "a3f2-00002"]) == 0
    assert run(["archive", "list", folder, "--json"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert r"[red]cat\x1b[2J\x07" in shown


def test_list_takes_what_is_wanted(folder, capsys):
    assert run(["archive", "list", folder, "--json", "--fate", "stored", "--limit", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [image["key"] for image in told["images"]] == ["a3f2-00002"]
    assert told["sums"]["fates"] == {"stored": 2, "damaged": 0, "lost": 0}


def test_show_has_everything_of_an_image(folder, capsys):
    assert run(["archive", "show", folder, "a3f2-00001", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["snr_bursts"] == [10.0, 11.0]
    assert told["choice"]["alpha"] == 0.5
    assert told["files"][0]["stage"] == "coarse"
    assert told["received_at"] == "2023-11-14T22:13:21.000+00:00"


def test_export_leaves_a_folder_with_lines(folder, tmp_path, capsys):
    assert run(["archive", "export", folder, str(tmp_path / "out"), "--session", "a3f2"]) == 0
    assert "exported 3 images, 2 pictures, 3 lines" in capsys.readouterr().out
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 3


def test_verify_ends_with_1_and_a_line_per_finding(folder, tmp_path, capsys):
    assert run(["archive", "verify", folder]) == 0
    assert capsys.readouterr().out.startswith("0 findings; 3 images")
    (tmp_path / "archive" / "images" / "a3f2" / "a3f2-00001.png").unlink()
    assert run(["archive", "verify", folder]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "images/a3f2/a3f2-00001.png: is missing"
    assert lines[1].startswith("1 findings;")
    assert run(["archive", "verify", folder, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["list", "nowhere"], "nowhere: no archive there (index.sqlite is missing)"),
        (["show", "FOLDER", "a3f2-9"], "no image a3f2-9; gensc archive list has all"),
        (["list", "FOLDER", "--fate", "gone"], "--fate gone: one of stored, damaged, lost"),
        (["list", "FOLDER", "--session", "xyz"], "--session xyz: four hexadecimal digits"),
        (["list", "FOLDER", "--since", "noon"], "--since noon: no time such as 2026-03-01T12:30"),
    ],
)
def test_a_mistake_is_one_line(folder, arguments, line, capsys):
    told = [folder if word == "FOLDER" else word for word in arguments]
    assert run(["archive", *told]) == 2
    shown = capsys.readouterr().err
    assert line in shown
    assert len(shown.splitlines()) == 1
