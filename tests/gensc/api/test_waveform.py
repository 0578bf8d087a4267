"""gensc.Waveform: symbols of one's own over the bursts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import gensc


def symbols(*shape, power=1.0):
    rng = np.random.default_rng(5)
    return np.sqrt(power / 2) * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))


@given(st.integers(1, 3000), st.floats(1e-3, 1e3))
@settings(max_examples=10, deadline=None)
def test_any_number_of_any_power_comes_back(n, power):
    x = symbols(n, power=power)
    got, noise_var, _ = gensc.Waveform().send(x, channel="none")
    assert got.shape == noise_var.shape == x.shape
    assert np.mean(np.abs(got - x) ** 2) < 1e-2 * np.mean(np.abs(x) ** 2)


@pytest.mark.parametrize("snr_db", [5.0, 15.0])
def test_error_noise_variance_and_snr_say_the_same(snr_db):
    x = symbols(20000, power=4.0)
    got, noise_var, measured = gensc.Waveform().send(x, snr_db=snr_db)
    error = np.mean(np.abs(got - x) ** 2)
    assert 10 * np.log10(4.0 / error) == pytest.approx(snr_db, abs=1.0)
    assert 10 * np.log10(np.mean(noise_var) / error) == pytest.approx(0, abs=0.6)
    assert measured == pytest.approx(snr_db, abs=0.7)


def test_rows_meet_channels_of_their_own_and_equal_seeds_give_equal_ones():
    x = np.tile(symbols(500), (3, 2, 1))
    got, noise_var, snr_db = gensc.Waveform().send(x, channel="rayleigh", snr_db=20)
    assert got.shape == noise_var.shape == (3, 2, 500)
    assert snr_db.shape == (3, 2)
    assert np.ptp(snr_db) > 1
    again = gensc.Waveform().send(x[0, 1], channel="rayleigh", snr_db=20, seed=2)
    assert np.array_equal(again.symbols, got[0, 1])


@pytest.mark.parametrize(
    "channel", ["fading", gensc.Channel(profile="tdl-b", delay_spread_s=6e-8, doppler_hz=5)]
)
def test_channels_that_move_are_channels_too(channel):
    x = symbols(8000)
    got, noise_var, _ = gensc.Waveform().send(x, channel=channel, snr_db=25)
    known = np.isfinite(noise_var)
    assert known.mean() > 0.5
    assert np.mean(np.abs(got - x)[known] ** 2) < 0.2


def test_torch_tensors_come_back_as_torch_tensors():
    x = torch.from_numpy(symbols(2, 300).astype(np.complex64)).requires_grad_()
    got, noise_var, snr_db = gensc.Waveform().send(x, snr_db=20)
    assert (got.dtype, noise_var.dtype) == (torch.complex64, torch.float32)
    assert got.shape == x.shape
    assert snr_db.shape == (2,)


def test_what_is_lost_is_zero_with_infinite_noise():
    got, noise_var, snr_db = gensc.Waveform().send(symbols(400), snr_db=-25)
    assert not got.any()
    assert np.isinf(noise_var).all()
    assert np.isnan(snr_db)


@pytest.mark.parametrize(
    ("x", "channel", "line"),
    [
        (np.zeros(0), "awgn", r"shape \(0,\)"),
        (np.complex64(1), "awgn", r"shape \(\)"),
        (np.array([1, np.nan]), "awgn", "finite"),
        (np.ones(4), "sea", "unknown channel 'sea'"),
    ],
)
def test_a_mistake_is_one_line(x, channel, line):
    with pytest.raises(ValueError, match=line):
        gensc.Waveform().send(x, channel=channel)
