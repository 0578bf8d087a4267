"""MCS table: consistent in itself, true to its measured thresholds, and chosen sensibly."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.coding.ldpc.rate_matching import longest_block
from gensc_phy.coding.mcs import MCS_TABLE, choose_mcs, nearest_mcs
from gensc_phy.coding.mcs_threshold import block_error_rate, measure_threshold, schemes

SCHEMES = pytest.mark.parametrize("mcs", MCS_TABLE, ids=lambda mcs: mcs.name)


def capacity(snr_db):
    """Bits per symbol of the AWGN channel."""
    return math.log2(1 + 10 ** (snr_db / 10))


def test_indices_count_from_zero_and_fit_a_byte():
    assert [mcs.index for mcs in MCS_TABLE] == list(range(len(MCS_TABLE)))
    assert len(MCS_TABLE) <= 256


def test_the_table_has_the_schemes_that_are_measured():
    built = [(mcs.bits_per_symbol, mcs.code_rate) for mcs in schemes()]
    assert [(mcs.bits_per_symbol, mcs.code_rate) for mcs in MCS_TABLE] == built


def test_faster_schemes_need_more_snr():
    for slower, faster in pairwise(MCS_TABLE):
        assert slower.efficiency < faster.efficiency
        assert slower.threshold_db < faster.threshold_db


def test_more_than_24_steps_lie_between_minus_4_and_24_db_and_none_is_wide():
    assert MCS_TABLE[0].threshold_db <= -4
    assert MCS_TABLE[-1].threshold_db >= 24
    assert sum(-4 <= mcs.threshold_db <= 24 for mcs in MCS_TABLE) >= 24
    for slower, faster in pairwise(MCS_TABLE):
        assert faster.threshold_db - slower.threshold_db < 2


@given(st.floats(0, 15))
def test_four_fifths_of_the_capacity_are_reached_everywhere(snr_db):
    assert choose_mcs(snr_db).efficiency >= 0.8 * capacity(snr_db)


@SCHEMES
def test_no_threshold_is_better_than_shannon_allows(mcs):
    assert 0.8 <= mcs.efficiency / capacity(mcs.threshold_db) < 0.95


def test_names_say_modulation_and_rate():
    assert nearest_mcs(2, 0.5).name == "QPSK 0.499"
    assert nearest_mcs(4, 0.5).name == "16-QAM 0.500"
    with pytest.raises(ValueError, match="3 bits"):
        nearest_mcs(3, 0.5)


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


@given(mcs=st.sampled_from(MCS_TABLE), data=st.data())
def test_shorter_blocks_get_more_redundancy_and_never_more_symbols(mcs, data):
    bits = data.draw(st.integers(32, longest_block(mcs.code_rate) - 1))
    shorter, longer = mcs.symbols(bits), mcs.symbols(bits + 1)
    assert shorter <= longer
    assert bits / shorter <= mcs.efficiency * (1 + 1e-9)


@pytest.mark.parametrize("mcs", MCS_TABLE[::7], ids=lambda mcs: mcs.name)
@pytest.mark.parametrize("block_bytes", [None, 50], ids=["longest", "caption"])
def test_scheme_works_above_its_threshold_and_fails_below(mcs, block_bytes):
    above, below = mcs.threshold_db + 0.3, mcs.threshold_db - 1.0
    assert block_error_rate(mcs, above, block_bytes=block_bytes, blocks=64) <= 0.035
    assert block_error_rate(mcs, below, block_bytes=block_bytes, blocks=32) > 0.1


def test_measured_threshold_is_the_tables():
    mcs = nearest_mcs(4, 0.8)
    assert measure_threshold(mcs, blocks=120) == pytest.approx(mcs.threshold_db, abs=0.15)
