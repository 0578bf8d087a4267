"""The log of a run and its picture."""

import json
from pathlib import Path

import pytest
from PIL import Image

from gensc_models.training import curve
from gensc_models.training.log import Interval, Log


def test_records_are_lines_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = Log(tmp_path / "log.jsonl")
    assert log.records() == []
    log.add({"step": 1})
    log.add({"step": 2, "validation": {"PSNR (dB)": {"10 dB": 30.1}}})
    assert [record["step"] for record in log.records()] == [1, 2]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == log.records()


def test_a_loss_that_has_run_away_is_null_in_the_log(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl")
    log.add({"loss": float("nan"), "validation": {"PSNR (dB)": {"10 dB": float("-inf")}}})
    assert "NaN" not in (tmp_path / "log.jsonl").read_text()
    assert log.records() == [{"loss": None, "validation": {"PSNR (dB)": {"10 dB": None}}}]


def test_an_interval_has_the_mean_loss_and_its_terms_where_there_are_several() -> None:
    alone, both = Interval(4), Interval(4)
    for value in (1.0, 3.0):
        alone.add({"error": value})
        both.add({"error": value, "prior": 1.0})
    assert alone.record()["loss"] == 2.0
    assert "terms" not in alone.record()
    assert both.record()["loss"] == 3.0
    assert both.record()["terms"] == {"error": 2.0, "prior": 1.0}
    assert both.steps == 2


def test_every_quantity_is_a_panel(tmp_path: Path) -> None:
    records = [
        {"minutes": m, "loss": 1.0 / (1 + m), "validation": {"PSNR (dB)": {"0 dB": m, "9 dB": m}}}
        for m in (0.0, 1.0, 2.0)
    ]
    widths = []
    for name, shown in (("a", records), ("b", [{**r, "validation": {}} for r in records])):
        curve.draw(shown, tmp_path / f"{name}.png", "a run")
        widths.append(Image.open(tmp_path / f"{name}.png").width)
    assert widths[0] == 2 * widths[1]


def test_records_of_another_shape_are_left_out() -> None:
    old = {"minutes": 1.0, "loss": [5.1, -6.4], "validation": {"phi1": [1.9, 41.8], "mae": 0.2}}
    new = {"minutes": 2.0, "loss": 0.5, "validation": {"PSNR (dB)": {"0 dB": 30.0}}}
    assert curve.lines_of([old, new]) == {
        "PSNR (dB)": {"0 dB": [(2.0, 30.0)]},
        "loss": {"": [(2.0, 0.5)]},
    }
