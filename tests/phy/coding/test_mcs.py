"""MCS table: consistent in itself, true to its measured thresholds, and chosen sensibly."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.mcs import MCS_TABLE, choose_mcs
from gensc_phy.coding.mcs_threshold import block_error_rate, measure_threshold

SCHEMES = pytest.mark.parametrize("mcs", MCS_TABLE, ids=lambda mcs: mcs.name)


def test_indices_count_from_zero_and_fit_a_byte():
    assert [mcs.index for mcs in MCS_TABLE] == list(range(len(MCS_TABLE)))
    assert 8 <= len(MCS_TABLE) <= 256


def test_faster_schemes_need_more_snr():
    for slower, faster in pairwise(MCS_TABLE):
        assert slower.efficiency < faster.efficiency
        assert slower.threshold_db < faster.threshold_db


def test_table_spans_the_testbeds_snr_range():
    assert MCS_TABLE[0].threshold_db <= -1
    assert MCS_TABLE[-1].threshold_db >= 20


@SCHEMES
def test_thresholds_lie_one_to_three_db_from_shannon(mcs):
    # A repeated code cannot reach the limit of its low rate, only that of the code repeated.
    limit = 2 ** (mcs.efficiency * mcs.repetition) - 1
    gap = mcs.threshold_db - 10 * math.log10(limit / mcs.repetition)
    assert 1 < gap < 3.5


def test_names_say_modulation_rate_and_repetition():
    assert MCS_TABLE[0].name == "QPSK 1/2 x2"
    assert MCS_TABLE[3].name == "16-QAM 1/2"


@settings(deadline=None)
@given(snr_db=st.floats(-30, 60), margin_db=st.floats(0, 10))
def test_choice_is_the_fastest_that_fits(snr_db, margin_db):
    chosen = choose_mcs(snr_db, margin_db)
    for mcs in MCS_TABLE:
        if mcs.efficiency > chosen.efficiency:
            assert mcs.threshold_db + margin_db > snr_db
    assert chosen is MCS_TABLE[0] or chosen.threshold_db + margin_db <= snr_db


@pytest.mark.parametrize("snr_db", [-math.inf, -20.0, math.nan])
def test_hopeless_snr_gets_the_most_robust_scheme(snr_db):
    assert choose_mcs(snr_db) is MCS_TABLE[0]


def test_infinite_snr_gets_the_fastest_scheme():
    assert choose_mcs(math.inf) is MCS_TABLE[-1]


@SCHEMES
def test_scheme_works_above_its_threshold_and_fails_below(mcs):
    assert block_error_rate(mcs, mcs.threshold_db + 0.6, words=128) <= 0.01
    assert block_error_rate(mcs, mcs.threshold_db - 0.8, words=64) > 0.1


def test_measured_threshold_is_the_tables():
    mcs = MCS_TABLE[1]
    assert measure_threshold(mcs, words=320) == pytest.approx(mcs.threshold_db, abs=0.2)
