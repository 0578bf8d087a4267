"""gensc.adapt.transport: bits within a latency limit, on the waveform and in the paper."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.adapt.transport import (
    BurstTransport,
    CapacityTransport,
    air_samples,
    air_time_s,
    symbols_within,
)
from gensc_phy.coding.bits import encode_bits
from gensc_phy.coding.mcs import MCS_TABLE, choose_mcs, nearest_mcs
from gensc_phy.waveform.burst import BurstModulator
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import split
from gensc_phy.waveform.header import Header, Section

CONFIG = WaveformConfig()
snrs = st.floats(-5, 30)
limits = st.floats(0.003, 0.06)


def test_the_capacity_is_that_of_equation_8():
    link = CapacityTransport(t_max_s=0.02, bandwidth_hz=1e6)
    assert link.budget(0.0).bits == pytest.approx(20_000)  # log2(1 + 1) = 1
    assert link.budget(10 * math.log10(15)).bits == pytest.approx(80_000)
    assert link.latency_s(20_000, 0.0) == pytest.approx(0.02)


# The first payload of a scheme takes longer than the rest.
@settings(deadline=None, max_examples=40)
@given(limits, snrs)
def test_what_fits_is_through_in_time_and_no_more_would_be_promised(t_max_s, snr_db):
    link = BurstTransport(t_max_s)
    budget = link.budget(snr_db)
    if budget.bits:
        assert link.latency_s(budget.bits, snr_db) <= t_max_s
        assert link.latency_s(budget.bits * 0.9, snr_db) <= t_max_s
    worst = max(link.latency_s(budget.bits + 8 * more, snr_db) for more in range(1, 200, 3))
    assert worst > t_max_s or not budget.bits


@pytest.mark.parametrize("n_bytes", [0, 100, 546, 3000])
def test_the_air_time_is_that_of_the_bursts_really_sent(n_bytes):
    mcs = nearest_mcs(2, 0.5)
    symbols = encode_bits(bytes(n_bytes), mcs)
    header = Header(0, 7, 0, Section.BITS, 0, 0, 1, mcs.index, 64, 64, n_bytes)
    fragments = split(header, symbols, CONFIG)
    modulator = BurstModulator(CONFIG)
    samples = sum(modulator.modulate(*fragment).size + CONFIG.gap for fragment in fragments)
    assert air_time_s(n_bytes, mcs, CONFIG) == pytest.approx(samples / CONFIG.sample_rate)


def test_more_symbols_never_take_less_air():
    needed = [air_samples(n, CONFIG) for n in range(0, 12_000, 7)]
    assert needed == sorted(needed)


@given(st.integers(0, 60_000))
def test_the_most_symbols_within_some_samples_fit_and_one_more_does_not(n_samples):
    most = symbols_within(n_samples, CONFIG)
    assert air_samples(most + 1, CONFIG) > n_samples
    assert most < 0 or air_samples(most, CONFIG) <= n_samples


@pytest.mark.parametrize("link", [CapacityTransport(0.02), BurstTransport(0.02)])
def test_more_snr_never_allows_less_and_the_budget_says_by_which_account(link):
    budgets = [link.budget(snr) for snr in np.arange(-10, 30, 0.25)]
    bits = [budget.bits for budget in budgets]
    assert bits == sorted(bits)
    assert {budget.transport for budget in budgets} == {link.name}


# The first payload of a scheme takes longer than the rest.
@settings(deadline=None, max_examples=40)
@given(limits, snrs)
def test_the_waveform_never_beats_the_capacity_where_its_scheme_works(t_max_s, snr_db):
    budget = BurstTransport(t_max_s).budget(snr_db)
    if budget.supported:
        assert budget.bits < CapacityTransport(t_max_s).budget(snr_db).bits


@given(snrs, st.floats(0, 3))
def test_the_scheme_is_the_fastest_that_the_snr_less_the_margin_supports(snr_db, margin_db):
    budget = BurstTransport(0.02, margin_db=margin_db).budget(snr_db)
    assert budget.mcs == choose_mcs(snr_db, margin_db).index
    assert budget.supported == (snr_db >= MCS_TABLE[0].threshold_db + margin_db)


def test_a_limit_shorter_than_a_burst_leaves_nothing():
    assert BurstTransport(0.001).budget(20.0).bits == 0


@pytest.mark.parametrize("kind", [CapacityTransport, BurstTransport])
@pytest.mark.parametrize("t_max_s", [0.0, -1.0, math.nan, math.inf])
def test_limits_that_are_none_are_refused(kind, t_max_s):
    with pytest.raises(ValueError, match="T_max"):
        kind(t_max_s)
