"""rate_control: safe, calm, and back when feedback comes back."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.adaptation.rate_control import ControlConfig, RateController, SnrFilter
from rate_tables import table

TABLE = table()
ROWS = list(TABLE.choices)

snrs = st.floats(-15, 35)
reports = st.lists(st.tuples(st.floats(0, 2), snrs), min_size=1, max_size=40)
configs = st.builds(
    ControlConfig,
    margin_db=st.floats(0, 3),
    spread_factor=st.floats(0, 2),
    hysteresis_db=st.floats(0, 3),
    time_constant_s=st.floats(0.05, 5),
)


def told(config, reported):
    """A controller after (interval, SNR) reports, and the time it is then."""
    controller, now = RateController(TABLE, config), 0.0
    for interval, snr_db in reported:
        now += interval
        controller.report(snr_db, now)
    return controller, now


@given(configs, reports)
def test_it_never_asks_for_more_than_the_snr_less_the_margin(config, reported):
    controller, now = told(config, reported)
    choice = controller.choose(now)
    newest = reported[-1][1]
    steady = controller.level_db - config.spread_factor * controller.spread_db
    assert choice == ROWS[0] or choice.snr_db <= min(newest, steady) - config.margin_db + 1e-9


@given(configs, st.floats(-5, 25), st.lists(st.tuples(st.floats(0, 0.9), st.floats(0, 1))))
def test_wander_below_the_hysteresis_never_makes_it_flap(config, low, moves):
    wander = 0.999 * config.hysteresis_db / (1 + config.spread_factor / 2)
    controller, now, seen = RateController(TABLE, config), 0.0, []
    for interval, place in moves:
        now += interval
        controller.report(low + place * wander, now)
        seen.append(ROWS.index(controller.choose(now)))
    assert seen == sorted(seen)


def test_wander_above_the_hysteresis_is_followed():
    controller = RateController(TABLE, ControlConfig(spread_factor=0))
    seen = []
    for step in range(100):
        controller.report(10.0 if step // 10 % 2 else 15.0, 0.2 * step)
        seen.append(controller.choose(0.2 * step).snr_db)
    assert {min(seen), max(seen)} == {9.0, 14.0}


@given(reports, st.floats(0.1, 5), st.floats(0.1, 5))
def test_after_silence_it_is_back_at_the_most_robust_row_in_the_stated_time(
    reported, silence_s, fallback_s
):
    config = ControlConfig(silence_s=silence_s, fallback_s=fallback_s)
    controller, now = told(config, reported)
    last = ROWS.index(controller.choose(now))
    waits = [share * (silence_s + fallback_s) / 50 for share in range(52)]
    seen = [ROWS.index(controller.choose(now + wait)) for wait in waits]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    # Until it is called silence only a falling channel loses its row. Not at the border itself,
    # where the sum of the times may round either way.
    if controller.slope_db_s >= 0:
        early = [row for row, wait in zip(seen, waits, strict=True) if wait <= 0.999 * silence_s]
        assert set(early) == {last}


def test_it_goes_down_in_steps_not_in_one():
    controller = RateController(TABLE, ControlConfig(silence_s=1, fallback_s=2))
    controller.report(30.0, 0.0)
    rows = [ROWS.index(controller.choose(1 + t / 50)) for t in range(101)]
    assert rows[0] == len(ROWS) - 1
    assert all(before - after <= 1 for before, after in pairwise(rows))


@given(reports, st.floats(0, 60), st.floats(-1, 25))
def test_when_feedback_comes_back_it_recovers(reported, gap_s, snr_db):
    config = ControlConfig()
    controller, now = told(config, reported)
    for step in range(40):
        now += gap_s if step == 0 else 0.25
        controller.report(snr_db, now)
    reached = controller.choose(now)
    wanted = TABLE.at(snr_db - config.margin_db - config.hysteresis_db - 0.1)
    assert reached.snr_db >= wanted.snr_db


def test_a_report_after_silence_starts_from_the_row_that_silence_left():
    controller = RateController(TABLE, ControlConfig(hysteresis_db=3))
    controller.report(16.0, 0.0)
    before = controller.choose(0.0).snr_db
    controller.report(14.5, 0.1)  # less than the hysteresis below: the row stays
    assert controller.choose(0.1).snr_db == before == 12.0
    controller.report(14.5, 60.0)  # the row was lost meanwhile and is not earned again
    assert controller.choose(60.0).snr_db == 11.0


def test_before_the_first_report_the_most_robust_row_holds():
    controller = RateController(TABLE)
    assert controller.choose(1e9) == ROWS[0]
    assert math.isnan(controller.mean_db)


def test_a_deep_fade_is_followed_at_once():
    controller = RateController(TABLE, ControlConfig(time_constant_s=100))
    for step in range(100):
        controller.report(20.0, 0.1 * step)
    controller.report(5.0, 10.0)
    assert controller.choose(10.0).snr_db <= 4.0


def test_on_a_walk_from_20_to_0_to_20_db_it_stays_below_the_channel_and_near_it():
    noise, controller = random.Random(1), RateController(TABLE)
    asked, there = [], []
    for step in range(600):  # a minute; the last report is 0.1 s old when an image is sent
        snr_db = abs(step - 300) / 15
        asked.append(controller.choose(0.1 * step))
        there.append(snr_db)
        controller.report(snr_db + noise.gauss(0, 0.3), 0.1 * step)
    late = sum(choice.snr_db > snr for choice, snr in zip(asked, there, strict=True))
    assert late <= 0.01 * len(asked)
    reached = sum(choice.gvif for choice in asked) / sum(TABLE.at(snr).gvif for snr in there)
    assert reached > 0.85  # one row of this table is 2 to 9 % of what it brings


def test_the_clock_can_be_given():
    now = [0.0]
    controller = RateController(TABLE, ControlConfig(silence_s=1, fallback_s=1), lambda: now[0])
    controller.report(20.0)
    high = controller.choose()
    now[0] = 2.0
    assert (high.snr_db, controller.choose()) == (19.0, ROWS[0])


@pytest.mark.parametrize("snr_db", [math.nan, math.inf, -math.inf])
def test_what_is_no_snr_is_refused_and_changes_nothing(snr_db):
    controller = RateController(TABLE)
    controller.report(12.0, 1.0)
    before = controller.choose(1.0)
    with pytest.raises(ValueError, match="not a finite number"):
        controller.report(snr_db, 1.1)
    assert controller.choose(1.1) == before
    assert controller.mean_db == 12.0


def test_a_report_that_claims_to_be_older_does_not_turn_time_back():
    controller = RateController(TABLE)
    controller.report(12.0, 10.0)
    controller.report(12.0, 3.0)
    assert controller.choose(10.5) == TABLE.at(11.0)


@given(st.lists(st.tuples(st.floats(0, 3), snrs), min_size=1, max_size=30), st.floats(0.1, 5))
def test_the_filter_is_the_exponentially_weighted_line_through_the_reports(reported, constant):
    heard, now = SnrFilter(constant), 0.0
    times = []
    for interval, snr_db in reported:
        now += interval
        times.append(now)
        heard.add(snr_db, now)
    t, y = np.array(times) - now, np.array([snr for _, snr in reported])
    weights = np.exp(t / constant)
    total = weights.sum()
    about, mean = t - weights @ t / total, weights @ y / total
    assert heard.mean_db == pytest.approx(mean, abs=1e-6)
    assert heard.newest_db == y[-1]
    assert min(mean, y[-1]) - 1e-6 <= heard.level_db <= max(mean, y[-1]) + 1e-6
    # The spread is that about the line with the slope the filter says, and never above that
    # about the mean.
    spread = np.sqrt(weights @ (y - mean - heard.slope_db_s * about) ** 2 / total)
    assert heard.spread_db == pytest.approx(spread, abs=1e-4)
    assert heard.spread_db <= np.sqrt(weights @ (y - mean) ** 2 / total) + 1e-4


@pytest.mark.parametrize("slope", [-2.0, -0.5, 0.5, 2.0])
def test_a_steady_walk_is_followed_without_lag(slope):
    noise, heard = random.Random(3), SnrFilter(1.0)
    for step in range(100):
        heard.add(10 + slope * 0.1 * step + noise.gauss(0, 0.1), 0.1 * step)
    assert heard.slope_db_s == pytest.approx(slope, abs=0.15)
    assert heard.level_db == pytest.approx(10 + slope * 9.9, abs=0.15)
    assert heard.spread_db < 0.2


def test_a_fading_channel_has_a_spread_and_no_slope():
    noise, heard = random.Random(3), SnrFilter(5.0)
    slopes, spreads = [], []
    for step in range(400):
        heard.add(noise.gauss(10, 3), 0.1 * step)
        slopes.append(abs(heard.slope_db_s))
        spreads.append(heard.spread_db)
    assert np.median(slopes[50:]) < 0.2
    assert np.mean(spreads[50:]) == pytest.approx(3, abs=0.4)


def test_two_reports_that_differ_by_their_error_make_no_slope():
    heard = SnrFilter(1.0)
    heard.add(10.0, 0.0)
    heard.add(10.2, 0.1)
    assert heard.slope_db_s == 0.0


def test_between_reports_a_falling_channel_falls_on():
    controller = RateController(TABLE, ControlConfig(silence_s=2.0, time_constant_s=1.0))
    for step in range(50):
        controller.report(18.0 - 0.2 * step, 0.1 * step)
    at_once, later = controller.choose(4.9), controller.choose(6.8)
    assert later.snr_db < at_once.snr_db - 2
    rising = RateController(TABLE, ControlConfig(silence_s=2.0, time_constant_s=1.0))
    for step in range(50):
        rising.report(8.0 + 0.2 * step, 0.1 * step)
    assert rising.choose(6.8) == rising.choose(4.9)


@pytest.mark.parametrize(
    "change",
    [{"margin_db": -1}, {"hysteresis_db": math.nan}, {"spread_factor": -0.1},
     {"time_constant_s": 0}, {"silence_s": 0}, {"fallback_s": math.inf}],
)  # fmt: skip
def test_numbers_that_make_no_controller_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        ControlConfig(**change)


@given(configs, st.floats(0.1, 10))
def test_a_slower_control_waits_longer_and_is_no_less_careful(config, factor):
    slow = config.slower(factor)
    assert slow.silence_s == pytest.approx(factor * config.silence_s)
    assert slow.fallback_s == pytest.approx(factor * config.fallback_s)
    assert slow.time_constant_s == pytest.approx(factor * config.time_constant_s)
    assert (slow.margin_db, slow.spread_factor) == (config.margin_db, config.spread_factor)
