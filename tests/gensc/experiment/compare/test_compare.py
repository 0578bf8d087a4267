"""`gensc compare` whole: any pictures, any schemes, one command; the same rows when resumed."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gensc.cli.main import run
from gensc.experiment.compare import run as compare_run
from pdu_blocks import smooth_image

SCHEMES = "softcast,jpeg+ldpc,softcast+editor-photo"


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "photos"
    (inside / "deeper").mkdir(parents=True)
    Image.fromarray(smooth_image(70, 90)).save(inside / "a.png")
    Image.fromarray(smooth_image(33, 47, seed=1)).save(inside / "deeper" / "a.png")
    Image.fromarray(smooth_image(9, 200, seed=2)).save(inside / "thin.webp", lossless=True)
    (inside / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (inside / "notes.txt").write_text("no picture")
    return inside


def compare(folder, *options, schemes=SCHEMES):
    return run(["compare", "--scheme", schemes, "--images", str(folder), "--snr", "5,15",
                "--rate", "64", "--channel", "awgn,fading", *options])  # fmt: skip


def rows_of(out):
    lines = (out / "rows.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "latency_ms"} for line in lines]


def test_one_command_leaves_rows_means_figures_and_a_report(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert compare(folder, "--metrics", "psnr,ssim", "--out", str(out)) == 0
    rows = rows_of(out)
    assert {r["image"] for r in rows} == {"a", "deeper/a", "thin"}
    analog = [r for r in rows if r["scheme"] != "jpeg+ldpc"]
    assert len(analog) == 3 * 2 * 2 * 2
    for row in analog:
        height, width, _ = row["shape"]
        blocks = -(-height // 16) * -(-width // 16)
        assert row["symbols"]["analog"] == 64 * blocks
        assert row["cbr"] == pytest.approx(64 * blocks / (3 * height * width), abs=1e-7)
        assert {"psnr", "ssim", "weights_sha256", "versions", "seed"} <= row.keys()
    with (out / "points.csv").open(newline="") as stream:
        points = list(csv.DictReader(stream))
    assert len(points) == 3 * 2 * 2
    assert {"psnr", "psnr_ci", "images", "lost"} <= points[0].keys()
    for name in ("psnr", "ssim", "psnr_lead"):
        assert all((out / f"{name}.{kind}").stat().st_size > 1000 for kind in ("png", "svg", "pdf"))
    said = capsys.readouterr()
    assert "skipped" in said.out
    assert "broken.jpg" in (out / "skipped.txt").read_text()
    page = (out / "report.html").read_text()
    for expected in ("softcast", "jpeg+ldpc", "AWGN", "broken.jpg", "data:image/webp", "±"):
        assert expected in page
    assert "{{" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("stop_after", [1, 7, 20])
def test_interrupted_and_started_again_the_rows_are_the_same(
    folder, tmp_path, stop_after, monkeypatch
):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert compare(folder, "--out", str(whole)) == 0
    real, count = compare_run.row_of, iter(range(10_000))

    def interrupted(outcome, way):
        if next(count) == stop_after:
            raise KeyboardInterrupt
        return real(outcome, way)

    with monkeypatch.context() as patch:
        patch.setattr(compare_run, "row_of", interrupted)
        assert compare(folder, "--out", str(cut)) == 130
    assert 0 < len(rows_of(cut)) < len(rows_of(whole))
    with (cut / "rows.jsonl").open("a") as stream:
        stream.write('{"image": "a", "sche')
    assert compare(folder, "--out", str(cut)) == 0
    assert rows_of(cut) == rows_of(whole)
    assert (cut / "points.csv").read_text() == (whole / "points.csv").read_text()
    assert (cut / "psnr.svg").read_text() == (whole / "psnr.svg").read_text()


def test_a_finished_comparison_grows_by_what_is_new(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert compare(folder, "--out", str(out), schemes="softcast") == 0
    before = rows_of(out)
    sent = []
    real = compare_run.row_of

    def counted(outcome, way):
        sent.append(outcome.point.scheme)
        return real(outcome, way)

    monkeypatch.setattr(compare_run, "row_of", counted)
    assert compare(folder, "--out", str(out), schemes="softcast,jpeg+ldpc") == 0
    assert set(sent) == {"jpeg+ldpc"}
    assert [r for r in rows_of(out) if r["scheme"] == "softcast"] == before


@pytest.mark.parametrize(
    "change", [("--metrics", "ssim"), ("--via", "bursts"), ("--max-side", "64")], ids=" ".join
)
def test_a_folder_of_another_comparison_is_refused(folder, tmp_path, change, capsys):
    out = tmp_path / "out"
    assert compare(folder, "--out", str(out), schemes="softcast") == 0
    before = (out / "rows.jsonl").read_bytes()
    assert compare(folder, "--out", str(out), *change, schemes="softcast") == 2
    assert "another folder" in capsys.readouterr().err
    assert (out / "rows.jsonl").read_bytes() == before


def test_pictures_that_changed_under_their_names_are_refused(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert compare(folder, "--out", str(out), schemes="softcast") == 0
    Image.fromarray(smooth_image(70, 90, seed=9)).save(folder / "a.png")
    assert compare(folder, "--out", str(out), schemes="softcast") == 2
    assert "pictures" in capsys.readouterr().err


@pytest.mark.parametrize("via", ["torch", "bursts", "flowgraph"])
def test_every_way_carries_every_kind_of_scheme(folder, tmp_path, via, gened_model):
    shutil.rmtree(folder / "deeper")
    (folder / "thin.webp").unlink()
    out = tmp_path / via
    names = "softcast,tiny-gened+caption,jpeg2000+ldpc"
    assert compare(folder, "--via", via, "--out", str(out), schemes=names) == 0
    rows = rows_of(out)
    assert {r["via"] for r in rows} == {via}
    assert all(r["received"] for r in rows if r["snr_db"] == 15 and r["channel"] == "awgn")
    sent = [r["symbols"] for r in rows if r["symbols"]["analog"] + r["symbols"]["digital"]]
    assert all((counts["overhead"] > 0) == (via != "torch") for counts in sent)


def test_a_toml_file_says_the_same_as_the_command_line(folder, tmp_path, capsys):
    options = ["--snr", "0:10:5", "--cbr", "1/24,1/12", "--channel", "awgn", "--seeds", "2"]
    command = ["compare", "--scheme", "softcast,bank+ldpc", "--images", str(folder), *options]
    assert run([*command, "--print-config"]) == 0
    printed = capsys.readouterr().out
    (tmp_path / "my.toml").write_text(printed)
    assert run(["compare", str(tmp_path / "my.toml"), "--print-config"]) == 0
    assert capsys.readouterr().out == printed
    assert run(["compare", str(tmp_path / "my.toml"), "--seeds", "3", "--print-config"]) == 0
    assert "seeds = 3" in capsys.readouterr().out


def test_paths_in_a_toml_file_are_those_beside_it(folder, tmp_path, monkeypatch):
    text = 'schemes = "softcast"\nimages = ["photos"]\nsnr = 5\nout = "here"\nmetrics = ["psnr"]\n'
    (tmp_path / "my.toml").write_text(text)
    monkeypatch.chdir("/")
    assert run(["compare", str(tmp_path / "my.toml")]) == 0
    assert len(rows_of(tmp_path / "here")) == 3


def test_rows_on_stdout_are_json_lines_and_nothing_else(folder, capsys):
    assert compare(folder, "--json", schemes="softcast") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * 2 * 2
    assert all(json.loads(line)["scheme"] == "softcast" for line in lines)


def test_simulate_is_the_same_command(folder, capsys):
    argv = ["simulate", str(folder), "--model", "softcast", "--snr", "5", "--rate", "32", "--json"]
    assert run(argv) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--scheme", "nowhere"], "nowhere"),
        (["--scheme", "jpeg"], "jpeg+ldpc"),
        (["--scheme", "softcast,softcast"], "twice"),
        (["--channel", "swamp"], "swamp"),
        (["--channel", "rayleigh-fast", "--via", "bursts"], "bursts"),
        (["--via", "pigeon"], "pigeon"),
        (["--cbr", "1/0"], "1/0"),
        (["--cbr", "1/3"], "1/6"),
        (["--cbr", "1/24", "--rate", "32"], "--rate"),
        (["--cbr", "1/24,32/768"], "same"),
        (["--metrics", "beauty"], "beauty"),
        (["--snr", "loud"], "loud"),
        (["--images", "nowhere"], "nowhere"),
        (["nowhere.toml"], "nowhere.toml"),
    ],
    ids=" ".join,
)
def test_mistakes_are_one_line_that_names_them(options, why, capsys):
    assert run(["compare", *options]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert why in line


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("colour = 1", "colour"),
        ("seeds = -1", "seeds"),
        ("snr = [true]", "snr"),
        ("x =", "my.toml"),
    ],
)
def test_mistakes_in_a_toml_file_are_named(tmp_path, text, why, capsys):
    (tmp_path / "my.toml").write_text(text)
    assert run(["compare", str(tmp_path / "my.toml")]) == 2
    assert why in capsys.readouterr().err


def test_a_folder_without_a_picture_that_can_be_sent_is_refused(tmp_path, capsys):
    (tmp_path / "a.png").write_text("<html>")
    assert run(["compare", str(tmp_path)]) == 2
    assert "not an image" in capsys.readouterr().err


def test_an_image_that_is_one_pixel_is_compared(tmp_path, capsys):
    Image.fromarray(np.full((1, 1, 3), 90, np.uint8)).save(tmp_path / "dot.png")
    argv = ["compare", str(tmp_path), "--scheme", "softcast", "--snr", "10", "--json"]
    assert run(argv) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["symbols"]["analog"] == 32
    assert "SSIM" in row["not_computed"]["ms_ssim"] or "176" in row["not_computed"]["ms_ssim"]
