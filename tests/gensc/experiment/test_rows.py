"""Rows survive an interruption, come in order, and as CSV."""

import csv
import json

import pytest

from gensc.experiment.rows import RowFile, groups, key_of, melt, of, write_csv
from gensc.system.errors import UserError


def row(image, snr_db=5.0, **others):
    return {
        "image": image, "scheme": "x", "setting": "", "channel": "awgn", "rate": 32,
        "design_snr_db": snr_db, "seed": 1, "symbols": {"analog": 3, "text": 0}, "shape": [1, 2, 3],
    } | others  # fmt: skip


def test_rows_are_there_again_after_the_file_was_left_open(tmp_path):
    file = RowFile(tmp_path / "rows.jsonl")
    file.add(row("a"))
    again = RowFile(tmp_path / "rows.jsonl")
    assert list(again.rows.values()) == [row("a")]


def test_a_line_that_was_cut_off_is_dropped(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row("a")) + "\n" + json.dumps(row("b"))[:30])
    file = RowFile(path)
    assert [r["image"] for r in file.rows.values()] == ["a"]
    file.add(row("b"))
    file.close()
    assert [json.loads(line)["image"] for line in path.read_text().splitlines()] == ["a", "b"]


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("junk\n" + json.dumps(row("a")) + "\n")
    with pytest.raises(UserError, match=r"rows.jsonl: line 1 is no row"):
        RowFile(path)


def test_the_finished_file_is_in_order_and_keeps_what_the_order_does_not_name(tmp_path):
    file = RowFile(tmp_path / "rows.jsonl")
    for image in ("c", "a", "b"):
        file.add(row(image))
    named = file.finish([key_of(row("a")), key_of(row("b")), key_of(row("z"))])
    assert [r["image"] for r in named] == ["a", "b"]
    lines = (tmp_path / "rows.jsonl").read_text().splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["a", "b", "c"]


def test_csv_has_a_column_for_everything_nested(tmp_path):
    write_csv(tmp_path / "rows.csv", [row("a"), row("b", extra_fact=7)])
    with (tmp_path / "rows.csv").open(newline="") as stream:
        first, second = csv.DictReader(stream)
    assert (first["symbols.analog"], first["shape"], first["extra_fact"]) == ("3", "1x2x3", "")
    assert second["extra_fact"] == "7"


def test_rows_are_found_by_their_values():
    assert of([row("a"), row("b")], image="b", channel="awgn") == [row("b")]


def test_rows_are_grouped_by_columns_in_the_order_they_come():
    rows = [{"x": x, "y": y} for x, y in ((2, "b"), (1, "a"), (2, "b"), (2, "a"))]
    assert [(key["x"], key["y"], len(members)) for key, members in groups(rows, ("x", "y"))] == [
        (2, "b", 2), (1, "a", 1), (2, "a", 1)
    ]  # fmt: skip


def test_columns_side_by_side_become_rows_below_each_other():
    rows = [{"x": 1, "ours": 3.0, "theirs": 2.0}, {"x": 2, "ours": 4.0, "theirs": None}]
    tidy = melt(rows, {"ours": "this project", "theirs": "another"}, "who", "value")
    assert [(r["x"], r["who"], r["value"]) for r in tidy] == [
        (1, "this project", 3.0), (1, "another", 2.0), (2, "this project", 4.0)
    ]  # fmt: skip


def test_rows_are_found_by_one_value_or_several():
    rows = [{"a": 1, "b": None}, {"a": 2}, {"a": 3, "b": 4}]
    assert of(rows, a=(1, 3)) == [rows[0], rows[2]]
    assert of(rows, b=None) == rows[:2]
