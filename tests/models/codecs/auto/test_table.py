"""The family's table: the choice is never worse than any member, by the table's own figures."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.codecs.adaptive.digital import UNKNOWN_SPREAD_DB
from gensc_models.codecs.auto.codec import MEMBERS
from gensc_models.codecs.auto.table import TABLE, FamilyTable, read_table
from gensc_models.weights.store import BANK, WeightsError, locate

RATES, SNRS, SPREADS = (16, 32, 64), (-2.0, 4.0, 20.0), (0.0, 5.0)
SHAPE = (3, 3, 3, 2)


def table_of(psnr_db):
    psnr_db = np.asarray(psnr_db, float).reshape(SHAPE)
    return FamilyTable(MEMBERS, RATES, SNRS, SPREADS, psnr_db, psnr_db / 60, {"photos": []})


figures = st.lists(st.floats(5, 60), min_size=54, max_size=54)
rates = st.integers(1, 128)
snrs = st.floats(-10, 40)
spreads = st.none() | st.floats(0, 20)


@given(figures, rates, snrs, spreads)
def test_the_choice_is_never_worse_than_a_member(values, rate, snr_db, spread_db):
    table = table_of(values)
    expected = table.expected(rate, snr_db, spread_db)
    order = table.order(rate, snr_db, spread_db)
    assert expected[order[0]] == expected.max()
    assert sorted(order) == [0, 1, 2]
    assert list(expected[order]) == sorted(expected, reverse=True)


@given(figures)
def test_at_its_own_points_a_table_expects_what_was_measured_there(values):
    table = table_of(values)
    for r, rate in enumerate(RATES):
        for s, snr_db in enumerate(SNRS):
            for w, spread_db in enumerate(SPREADS):
                np.testing.assert_allclose(
                    table.expected(rate, snr_db, spread_db), table.psnr_db[:, r, s, w]
                )
                best = table.order(rate, snr_db, spread_db)[0]
                assert table.psnr_db[best, r, s, w] == table.psnr_db[:, r, s, w].max()


@given(figures, rates, snrs, spreads)
def test_between_its_points_it_expects_something_between(values, rate, snr_db, spread_db):
    table = table_of(values)
    expected = table.expected(rate, snr_db, spread_db)
    axes = (1, 2, 3)
    assert (expected >= table.psnr_db.min(axes) - 1e-9).all()
    assert (expected <= table.psnr_db.max(axes) + 1e-9).all()


def test_a_spread_that_nobody_knows_is_a_large_one_and_beyond_the_borders_they_hold():
    table = table_of(np.arange(54.0))
    unknown, large = (table.expected(32, 4.0, s) for s in (None, UNKNOWN_SPREAD_DB))
    assert np.array_equal(unknown, large)
    assert np.array_equal(table.expected(4, -30.0, 0.0), table.expected(16, -2.0, 0.0))
    assert np.array_equal(table.expected(128, 60.0, 99.0), table.expected(64, 20.0, 5.0))


def test_files_are_read_back(tmp_path):
    table = table_of(np.linspace(10, 40, 54))
    (tmp_path / TABLE).write_text(json.dumps(table.as_json()))
    again = read_table(tmp_path / TABLE)
    assert again.members == MEMBERS
    np.testing.assert_allclose(again.psnr_db, table.psnr_db, atol=1e-4)
    np.testing.assert_allclose(
        again.expected(40, 9.0, 1.0), table.expected(40, 9.0, 1.0), atol=1e-3
    )


@pytest.mark.parametrize(
    "change",
    [
        {"format": "gensc rate tables"},
        {"version": 2},
        {"rates": [32, 16, 64]},
        {"snrs_db": []},
        {"members": ["analog", "other", "bits"]},
        {"psnr_db": {"analog": [1], "bits": [1], "adaptive": [1]}},
        {"about": None},
    ],
)
def test_files_that_are_no_such_table_are_refused_by_name(tmp_path, change):
    file = tmp_path / TABLE
    file.write_text(json.dumps(table_of(np.arange(54.0)).as_json() | change))
    with pytest.raises(WeightsError, match="no table of the family"):
        read_table(file)


def test_figures_that_are_not_finite_are_refused():
    table = table_of(np.arange(54.0))
    with pytest.raises(ValueError, match="finite"):
        replace(table, gvif=np.full(SHAPE, np.nan))


def test_without_a_table_one_line_says_what_measures_one(tmp_path):
    with pytest.raises(WeightsError, match=r"scripts/family_table.py measures one"):
        read_table(tmp_path / TABLE)


def test_the_shipped_table_has_every_member_and_several_photos():
    table = read_table(locate(BANK) / TABLE)
    assert table.members == MEMBERS
    assert len(table.about["photos"]) >= 4
    assert (table.gvif >= 0).all()
    assert (table.gvif <= 1).all()
    assert {"analog", "bits", "adaptive"} == set(table.about["weights"])
    # Where the SNR is what the sender was told, more of it makes the best member better.
    best = table.psnr_db.max(axis=0)[:, :, table.spreads_db.index(0.0)]
    assert (np.diff(best, axis=1) > 0).all()
    # The choice by the table, at each of its points, against every member there.
    for r, rate in enumerate(table.rates):
        for s, snr_db in enumerate(table.snrs_db):
            for w, spread_db in enumerate(table.spreads_db):
                chosen = table.order(rate, snr_db, spread_db)[0]
                assert (table.psnr_db[chosen, r, s, w] >= table.psnr_db[:, r, s, w]).all()
