"""rate_table: rows by SNR, their file, and what is refused."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gensc_models
from gensc_phy.adaptation.rate_table import RateTableError, load_tables, pick, save_tables
from rate_tables import table


@given(st.floats(-40, 60))
def test_a_row_holds_from_its_snr_up_to_the_next(snr_db):
    rows = table().choices
    row = table().at(snr_db)
    assert row.snr_db <= snr_db or row == rows[0]
    above = [other for other in rows if other.snr_db > row.snr_db]
    assert not above or snr_db < above[0].snr_db


@pytest.mark.parametrize("snr_db", [-math.inf, -30.0, math.nan])
def test_below_all_rows_the_most_robust_one_is_all_there_is(snr_db):
    assert table().index_at(snr_db) == 0


def test_a_file_gives_back_what_was_written(tmp_path):
    path = tmp_path / "tables.json"
    first = table()
    rows = (replace(first.choices[0], mask_psnr_db=math.inf), *first.choices[1:])
    tables = (replace(first, choices=rows), table(-5, 30, "capacity"))
    save_tables(tables, path)
    assert load_tables(path) == tables


def test_the_table_for_given_limits_is_found_or_those_there_are_named():
    tables = [table(), replace(table(), t_max_s=0.05), replace(table(), mask_psnr_floor_db=33.0)]
    assert pick(tables, 0.05, 30.0) is tables[1]
    assert pick(tables, 0.02, 33.0) is tables[2]
    with pytest.raises(RateTableError, match=r"no table for 10 ms and 30 dB .*50 ms 30 dB"):
        pick(tables, 0.01, 30.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"choices": ()}, "without rows"),
        ({"choices": table().choices[::-1]}, "rise in SNR"),
        ({"choices": table().choices[:1] * 2}, "rise in SNR"),
        ({"transport": "pigeon"}, "pigeon"),
        ({"transport": "capacity"}, "MCS"),
        ({"t_max_s": 0.0}, "positive"),
        ({"mask_psnr_floor_db": math.nan}, "finite"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(change, message):
    with pytest.raises(RateTableError, match=message):
        replace(table(), **change)


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 1.1}, {"alpha": math.nan}, {"gvif": -0.1}, {"bits": -1.0}, {"mcs": 99},
        {"point": -1}, {"snr_db": math.inf}, {"mask_psnr_db": math.nan},
    ],
)  # fmt: skip
def test_a_row_nobody_could_follow_is_refused(change):
    with pytest.raises(RateTableError):
        replace(table().choices[3], **change)


def written(tmp_path, edit):
    """A good file after `edit` of its content."""
    path = tmp_path / "tables.json"
    save_tables([table()], path)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.update(format="recipes"), "not a file of rate tables"),
        (lambda c: c.update(version=99), "version 99, expected 1"),
        (lambda c: c.update(tables=[]), "no table"),
        (lambda c: c.update(tables=[7]), "RateTable: not an object"),
        (lambda c: c["tables"][0].pop("solver"), "missing or unknown: solver"),
        (lambda c: c["tables"][0]["choices"][2].update(colour="red"), "unknown: colour"),
        (lambda c: c["tables"][0]["choices"][2].update(alpha="low"), "alpha is not of type float"),
        (lambda c: c["tables"][0]["choices"][2].update(point=True), "point is not of type int"),
        (lambda c: c["tables"][0]["choices"][2].update(gvif=2), "alpha and gvif"),
        (lambda c: c["tables"][0].update(choices="none"), "not a list"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_line_with_its_name(tmp_path, edit, message):
    path = written(tmp_path, edit)
    with pytest.raises(RateTableError, match=message) as refused:
        load_tables(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1, 2]", b"[" * 100_000])
def test_what_is_no_json_is_refused(tmp_path, content):
    path = tmp_path / "tables.json"
    path.write_bytes(content)
    with pytest.raises(RateTableError, match=str(path)):
        load_tables(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RateTableError, match=r"nowhere\.json: No such file"):
        load_tables(tmp_path / "nowhere.json")


def test_the_tables_that_are_shipped_are_for_the_burst_waveform_and_rise_with_the_snr():
    path = Path(gensc_models.__file__).parent / "weights" / "hyperprior" / "rate-tables.json"
    tables = load_tables(path)
    assert {round(1e3 * shipped.t_max_s) for shipped in tables} >= {20, 50}
    for shipped in tables:
        assert shipped.transport == "burst"
        assert shipped.source.startswith("hyperprior ")
        # Below -1 dB there still is something to send, and all that is chosen fits.
        assert shipped.choices[0].snr_db < -1
        assert all(row.bits <= row.budget_bits and row.in_time for row in shipped.choices)
        fidelity = [row.gvif for row in shipped.choices]
        assert fidelity == sorted(fidelity)
