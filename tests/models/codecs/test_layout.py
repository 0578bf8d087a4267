"""Symbol order, padding and side information."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.layout import (
    SideInfo,
    from_symbols,
    pad_to_blocks,
    scrambling,
    symbols_for,
    to_symbols,
)


@given(word=st.integers(0, 0xFFFF))
def test_every_side_information_word_is_valid_and_quantisation_is_stable(word: int) -> None:
    side = SideInfo.unpack(word)
    assert 0 < side.scale < 12
    assert -5 <= side.snr_db <= 25
    assert SideInfo.unpack(side.pack()) == side


@given(scale_db=st.floats(-30, 21), snr=st.floats(-5, 25))
def test_side_information_is_accurate_to_half_a_step(scale_db: float, snr: float) -> None:
    side = SideInfo.quantise(10 ** (scale_db / 20), snr)
    assert 20 * math.log10(side.scale) == pytest.approx(scale_db, abs=0.0251)
    assert side.snr_db == pytest.approx(snr, abs=0.251)


def test_side_information_out_of_range_is_clamped() -> None:
    assert SideInfo.quantise(0.0, -400.0) == SideInfo.quantise(10 ** (-30 / 20), -5.0)
    assert SideInfo.quantise(1e9, math.inf).snr_db == 25.0


@given(height=st.integers(1, 70), width=st.integers(1, 70))
@settings(max_examples=40, deadline=None)
def test_padding_covers_whole_blocks_and_keeps_the_image(height: int, width: int) -> None:
    image = torch.rand(1, 3, height, width)
    padded = pad_to_blocks(image)
    assert padded.shape[2] % 16 == 0
    assert padded.shape[3] % 16 == 0
    assert padded.shape[2] - height < 16
    assert padded.shape[3] - width < 16
    assert torch.equal(padded[..., :height, :width], image)


def test_symbol_order_is_coefficient_pair_then_row_then_column() -> None:
    channels = torch.zeros(1, 256, 2, 3)
    channels[0, 4, 1, 2], channels[0, 5, 1, 2] = 3.0, -4.0
    symbols = to_symbols(channels, rate=16)
    (index,) = np.flatnonzero(symbols)
    assert index == 2 * 6 + 1 * 3 + 2
    value = symbols[index] / abs(symbols[index])
    assert (abs(value.real), abs(value.imag)) == pytest.approx((0.6, 0.8))


def test_scrambling_is_balanced_and_fixed() -> None:
    signs = scrambling(10_000)
    assert set(np.unique(signs)) == {-1, 1}
    assert abs(signs.mean()) < 0.03
    assert abs((signs[1:] * signs[:-1]).mean()) < 0.03
    assert signs[:8, 0].tolist() == [1, 1, -1, 1, -1, 1, -1, -1]
    assert np.array_equal(scrambling(20)[:10], scrambling(10))


@given(rate=st.integers(1, 128), rows=st.integers(1, 4), columns=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_symbols_go_back_to_their_channels_at_unit_power(
    rate: int, rows: int, columns: int
) -> None:
    channels = torch.randn(1, 256, rows, columns)
    channels[:, 2 * rate :] = 0
    channels /= channels[:, : 2 * rate].square().mean().sqrt()
    symbols = to_symbols(channels, rate)
    assert symbols.dtype == np.complex64
    assert len(symbols) == symbols_for(16 * rows, 16 * columns, rate)
    assert np.mean(np.abs(symbols.astype(complex)) ** 2) == pytest.approx(1.0, abs=1e-6)
    back, precision = from_symbols(symbols, np.full(len(symbols), 0.25), rate, rows, columns)
    torch.testing.assert_close(back, channels, rtol=1e-4, atol=1e-5)
    assert (precision[:, : 2 * rate] == 4.0).all()
    assert (precision[:, 2 * rate :] == 0.0).all()


def test_an_image_without_energy_still_has_unit_power() -> None:
    assert np.array_equal(to_symbols(torch.zeros(1, 256, 1, 1), 16), np.ones(16, np.complex64))


@pytest.mark.parametrize("value", [np.nan, np.inf, complex(0, np.nan)])
def test_values_that_are_not_finite_are_erasures(value: complex) -> None:
    symbols, variance = np.ones(4, np.complex64), np.full(4, 0.1, np.float32)
    symbols[1] = value
    variance[2], variance[3] = np.inf, np.nan
    received, precision = from_symbols(symbols, variance, 4, 1, 1)
    assert precision[0, :8, 0, 0].tolist() == pytest.approx([10, 10, 0, 0, 0, 0, 0, 0], rel=1e-5)
    assert (received[0, 2:] == 0).all()


def test_zero_and_negative_variance_mean_noiseless_not_division_by_zero() -> None:
    _, precision = from_symbols(np.ones(2), np.array([0.0, -1.0]), 2, 1, 1)
    assert torch.isfinite(precision).all()
    assert precision[0, 0] == 1e6


@pytest.mark.parametrize("rate", [0, 129, -1, 1.5, True, "16"])
def test_impossible_rates_are_refused(rate: object) -> None:
    with pytest.raises(ValueError, match="rate must be"):
        symbols_for(16, 16, rate)


def test_cbr_of_the_contract() -> None:
    assert symbols_for(256, 256, 32) == 8192
    assert symbols_for(32, 32, 128) == 512
