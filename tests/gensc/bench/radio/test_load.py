"""load: air time and the accounting of the long run."""

from dataclasses import replace

import pytest

from gensc.bench.radio import load
from gensc_phy import WaveformConfig
from gensc_phy.waveform.config import header_symbols_for

CFG = WaveformConfig()


def test_air_time_counts_all_bursts_of_an_image():
    row = load.air_time(256, CFG)
    assert row["bursts"] == 3
    # 8192 symbols in three bursts of 57 OFDM symbols.
    # The SNR is known to be 10 dB: the header goes over 4 symbols.
    short = replace(CFG, header_symbols=header_symbols_for(10.0))
    assert short.header_symbols == 4
    whole = 3 * (short.preamble_len + (short.overhead_symbols + 57) * short.symbol_len)
    assert row["samples"] == whole
    assert row["of_80211a"] == pytest.approx(whole / (3 * 400 + 171 * 80))


def test_the_long_run_accounts_for_every_burst():
    row = load.stream(0.6, CFG)
    assert row["sent"] == 24
    lost = row["lost_with_samples"] + row["lost_in_fades"] + row["unexplained"]
    assert row["received"] + lost == row["sent"]
    assert row["unexplained"] == 0
    assert row["drops"] > 0
    assert row["twice_or_false"] == 0


def test_speed_is_measured_on_five_kinds_of_air():
    rows = load.speeds(2, CFG)
    assert len(rows) == 5
    assert rows[0]["over_noise_alone"] == 1
    assert rows[1]["headers_ok"] == 2
    assert rows[3]["headers_ok"] == 0
    assert all(r["msps"] > 0 for r in rows)
