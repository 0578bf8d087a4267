import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import WaveformConfig


def test_defaults_are_64_carriers_with_48_for_data():
    cfg = WaveformConfig()
    assert (cfg.fft_size, cfg.cp_len, cfg.n_data, cfg.n_pilots) == (64, 16, 48, 4)
    assert 0 not in cfg.carriers
    assert np.array_equal(cfg.carriers, -cfg.carriers[::-1])


def test_pilots_and_data_share_the_occupied_carriers():
    cfg = WaveformConfig()
    together = np.concatenate([cfg.pilot_positions, cfg.data_positions])
    assert np.array_equal(np.sort(together), np.arange(cfg.occupied))


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
