"""What `gensc bench ldpc` says about schemes follows from block error rates."""

import math

import pytest

from gensc.bench.ldpc import points
from gensc_phy.coding.mcs import MCS_TABLE, nearest_mcs


def rates(below, above):
    answers = iter((below, above))
    return lambda mcs, snr_db, **options: next(answers)


def test_the_threshold_is_where_the_line_through_both_rates_crosses_one_percent(monkeypatch):
    mcs = nearest_mcs(4, 0.5)
    monkeypatch.setattr(points, "block_error_rate", rates(1e-1, 1e-3))
    measured = points.measured_threshold(mcs, 400)
    assert measured == pytest.approx(mcs.threshold_db)
    row = points.scheme_row(mcs, measured)
    assert row["share_of_capacity"] == pytest.approx(2 / points.capacity(mcs.threshold_db))


def test_rates_that_do_not_fall_tell_no_threshold(monkeypatch):
    monkeypatch.setattr(points, "block_error_rate", rates(0.0, 0.0))
    assert math.isnan(points.measured_threshold(nearest_mcs(4, 0.5), 400))


def test_the_least_share_lies_just_below_a_threshold():
    rows = [
        {"threshold_db": 0.0, "bits_per_symbol": 0.9},
        {"threshold_db": 10 * math.log10(3), "bits_per_symbol": 1.9},
    ]
    # At a factor of 3 the capacity is 2 bits and the first scheme's 0.9 are still all there is.
    assert points.least_share(rows, 0.0, 10.0) == pytest.approx(0.45)
    assert points.least_share(rows, 0.0, 1.0) == pytest.approx(0.9 / points.capacity(1.0))


def test_a_subset_of_the_schemes_keeps_both_ends():
    chosen = points.schemes(10)
    assert chosen[0] is MCS_TABLE[0]
    assert chosen[-1] is MCS_TABLE[-1]
    assert len(set(chosen)) == len(chosen)
