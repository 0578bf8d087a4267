"""How the next image is sent: by the row that the SNR carries, or by the analog code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.remote.reports import Snr
from gensc.transmitter.choice import ChoiceConfig, Chooser
from gensc_phy.adaptation.rate_control import ControlConfig
from gensc_phy.adaptation.rate_table import Choice, RateTable
from gensc_phy.waveform.config import WaveformConfig

ROWS = [(-2.0, False), (2.0, True), (6.0, True), (10.0, True), (14.0, True)]


def table():
    rows = tuple(
        Choice(db, 10 - i, 0.0, i, 0.1 * i, 1e4, 2e4, 31.0, True, good)
        for i, (db, good) in enumerate(ROWS)
    )
    return RateTable("burst", 0.05, 1e6, 30.0, 0.8, "search", "made up", rows)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def chooser(scheme="auto", control=None, rows=True, **more):
    clock = Clock()
    control = control or ControlConfig(margin_db=0.5, hysteresis_db=0.5, time_constant_s=1.0)
    config = ChoiceConfig(scheme, (16, 32, 64, 128), control=control, **more)
    made = Chooser(config, table() if rows else None, WaveformConfig(), clock)
    return made, clock


def tell(made, clock, *snrs_db, spread_db=0.1, every_s=0.25):
    for snr_db in snrs_db:
        clock.now += every_s
        made.report(Snr(snr_db, spread_db, 3))


def test_before_anything_is_heard_the_analog_code_is_sent_carefully():
    made, _ = chooser(unknown_db=1.0)
    chosen = made.choose(256, 256)
    assert (chosen.scheme, chosen.snr_db) == ("analog", 1.0)
    assert chosen.reason == (
        "nothing heard yet: 64 symbols a block, for 1.0 dB, as nothing is known"
    )


def test_a_steady_channel_carries_the_row_below_it():
    made, clock = chooser()
    tell(made, clock, *[11.2] * 8)
    chosen = made.choose(256, 256)
    assert chosen.scheme == "bank"
    assert chosen.row.snr_db == 10.0
    assert chosen.reason == "11.2 dB, 10.7 dB with margins: the row of 10.0 dB"


def test_below_the_rows_that_are_good_enough_the_analog_code_takes_over():
    made, clock = chooser()
    tell(made, clock, *[1.0] * 8)
    chosen = made.choose(256, 256)
    assert (chosen.scheme, round(chosen.snr_db, 1)) == ("analog", 0.5)
    assert "below the bank's rows" in chosen.reason


def test_silence_leads_down_to_the_analog_code():
    made, clock = chooser()
    tell(made, clock, *[15.5] * 8)
    rows = []
    for _ in range(12):
        clock.now += 0.5
        chosen = made.choose(256, 256)
        rows.append(chosen.row.snr_db if chosen.row else -99.0)
    assert rows == sorted(rows, reverse=True)
    assert rows[0] == 14.0
    assert rows[-1] == -99.0
    assert "nothing heard for" in chosen.reason


def test_bursts_that_spread_cost_a_margin_and_then_the_bank():
    made, clock = chooser(spread_db=3.0)
    tell(made, clock, *[15.0] * 8, spread_db=2.0)
    assert made.choose(256, 256).row.snr_db == 10.0
    tell(made, clock, *[15.0] * 8, spread_db=4.0)
    chosen = made.choose(256, 256)
    assert chosen.scheme == "analog"
    assert "spreads by 4.0 dB" in chosen.reason
    # Not back and forth: it must be clearly less.
    tell(made, clock, *[15.0] * 8, spread_db=2.5)
    assert made.choose(256, 256).scheme == "analog"
    tell(made, clock, *[15.0] * 8, spread_db=0.1)
    assert made.choose(256, 256).scheme == "bank"


def test_an_image_takes_no_longer_by_the_analog_code_than_it_may():
    made, _ = chooser()
    rates = [made.choose(side, side).rate for side in (64, 256, 400, 1024)]
    assert rates == [128, 64, 32, 16]


def test_a_scheme_that_was_told_is_kept():
    made, clock = chooser("bank")
    assert made.choose(64, 64).reason == "nothing heard yet: the most robust row"
    tell(made, clock, *[1.0] * 5, spread_db=9.0)
    assert made.choose(64, 64).scheme == "bank"
    made, clock = chooser("analog")
    tell(made, clock, *[15.0] * 5)
    assert made.choose(64, 64).scheme == "analog"
    made, clock = chooser(rows=False)
    tell(made, clock, 15.0)
    assert made.choose(64, 64).snr_db == 14.5


def test_the_bank_without_a_table_is_refused():
    with pytest.raises(ValueError, match="table"):
        Chooser(ChoiceConfig("bank"), None, WaveformConfig())


@given(
    st.lists(
        st.tuples(st.floats(-10, 40), st.floats(0, 10), st.floats(0, 5)), min_size=1, max_size=30
    )
)
def test_no_row_ever_asks_for_more_than_was_measured(reports):
    made, clock = chooser("bank")
    for snr_db, spread_db, wait_s in reports:
        clock.now += wait_s
        made.report(Snr(snr_db, spread_db, 1))
        chosen = made.choose(64, 64)
        assert chosen.row.snr_db <= max(snr_db, ROWS[0][0])
        assert len(chosen.reason) < 256
