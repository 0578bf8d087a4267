import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import WaveformConfig
from gensc_phy.waveform.config import header_symbols_for


def test_defaults_are_64_carriers_with_48_for_data():
    cfg = WaveformConfig()
    assert (cfg.fft_size, cfg.cp_len, cfg.n_data, cfg.n_pilots) == (64, 16, 48, 4)
    assert 0 not in cfg.carriers
    assert np.array_equal(cfg.carriers, -cfg.carriers[::-1])


def test_pilots_and_data_share_the_occupied_carriers():
    cfg = WaveformConfig()
    together = np.concatenate([cfg.pilot_positions, cfg.data_positions])
    assert np.array_equal(np.sort(together), np.arange(cfg.occupied))


@pytest.mark.parametrize("n_pilots", [2, 4, 6])
def test_scattered_pilots_come_to_every_carrier_and_leave_the_others_to_data(n_pilots):
    cfg = WaveformConfig(n_pilots=n_pilots)
    together = np.concatenate([cfg.scattered_pilots, cfg.scattered_data], axis=1)
    assert np.array_equal(np.sort(together), np.tile(np.arange(cfg.occupied), (len(together), 1)))
    period = cfg.occupied // n_pilots
    for first in (0, 5):
        visited = np.unique(cfg.scattered_pilots[first : first + period])
        assert len(visited) == period * n_pilots
    # Any three symbols in a row sample the band at least three times as finely as one.
    for m in range(20):
        seen = np.sort(cfg.scattered_pilots[m : m + 3].ravel())
        assert np.diff(seen).max() <= 0.55 * period


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fft_size", 63),
        ("cp_len", 1),
        ("occupied", 64),
        ("n_pilots", 1),
        ("preamble_repeats", 2),
        ("ce_symbols", 1),
        ("max_payload_symbols", 2000),
        ("header_symbols", 3),
        ("sample_rate", 0),
        ("threshold", 1.5),
        ("cfo_range", 40.0),
    ],
)
def test_impossible_numbers_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=field):
        WaveformConfig(**{field: value})


@given(st.integers(0, WaveformConfig().max_payload))
def test_a_burst_carries_its_payload_and_an_overhead(n):
    cfg = WaveformConfig()
    assert cfg.payload_ofdm_symbols(n) * cfg.n_data >= n
    assert cfg.overhead(n) > 0
    assert cfg.burst_len(n) >= cfg.preamble_len + cfg.overhead_symbols * cfg.symbol_len


def test_headers_are_short_where_the_snr_is_known_to_be_good():
    assert [header_symbols_for(snr) for snr in (None, 0.0, 6.0, 10.0)] == [16, 16, 8, 4]
