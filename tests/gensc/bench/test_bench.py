"""The frame of the benchmarks, and their measurements on the smallest amount of work."""

import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.output import as_object, print_tables, write
from gensc.figures.plots import figure


def check(value, op=">=", target=1.0):
    return Check("speed", value, "Msps", op, target, "stock")


@pytest.mark.parametrize(
    ("value", "op", "met"),
    [(1.0, ">=", True), (0.9, ">=", False), (1.0, "<=", True), (1.1, "<=", False)],
)
def test_check_compares_as_it_says(value, op, met):
    assert check(value, op).met is met


@pytest.mark.parametrize("op", [">=", "<="])
def test_check_that_could_not_be_measured_is_not_met(op):
    assert not check(math.nan, op).met


def test_the_worst_value_is_the_one_furthest_from_what_is_asked():
    assert Check.worst("lead", iter((2.0, -1.0)), "dB", ">=", 0).value == -1.0
    assert Check.worst("error", [0.2, -0.7], "dB", "<=", 0.5).value == 0.7
    assert Check.worst("lead", (2.0, None, math.nan), "dB", ">=", 0).value == 2.0
    assert math.isnan(Check.worst("error", [None], "dB", "<=", 0.5).value)


def result():
    fig, (ax,) = figure(1)
    ax.plot([0, 1], [1, 2])
    return BenchResult(
        "demo",
        rows=[{"snr_db": np.float32(3), "psnr": math.nan, "n": np.int64(2)}],
        checks=[check(2.0)],
        tables=[Table("A table", {"snr_db": "Es/N0", "psnr": "PSNR"}, [{"snr_db": 3.0}])],
        figures={"plot": fig},
    )


def test_object_has_the_fields_of_the_contract_and_is_strict_json():
    obj = as_object(result(), quick=True, seconds=1.0)
    assert {"bench", "machine", "rows", "checks"} <= obj.keys()
    assert obj["checks"][0].keys() == {"name", "value", "unit", "op", "target", "reference"}
    assert obj["rows"] == [{"snr_db": 3.0, "psnr": None, "n": 2}]
    json.dumps(obj, allow_nan=False)


def test_files_are_written_as_json_png_and_svg(tmp_path):
    done = result()
    paths = write(done, as_object(done, quick=False, seconds=1.0), tmp_path / "results")
    assert [p.name for p in paths] == ["demo.json", "plot.png", "plot.svg"]
    assert all(p.stat().st_size > 50 for p in paths)
    assert json.loads(paths[0].read_text())["bench"] == "demo"


def test_tables_and_checks_are_printed():
    stream = io.StringIO()
    print_tables(result(), Console(file=stream, width=120))
    text = stream.getvalue()
    for expected in ("A table", "3.00", "–", "2 Msps", "met", "stock"):
        assert expected in text
