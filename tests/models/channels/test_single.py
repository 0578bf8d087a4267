"""Torch-only channels: the SNR convention and what the receiver is told."""

import pytest
import torch

from gensc_models.channels.single import CHANNELS, CSI, noise_variance, simulate

COUNT = 200_000


def unit_symbols(*shape: int) -> torch.Tensor:
    phase = torch.rand(*shape, generator=torch.Generator().manual_seed(9)) * 6.2831853
    return torch.polar(torch.ones(shape), phase)


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("snr_db", [0.0, 7.0, 20.0])
def test_snr_is_es_over_n0_with_half_of_the_noise_in_each_of_i_and_q(snr_db: float) -> None:
    x = unit_symbols(COUNT)
    received, variance = simulate(x, "awgn", snr_db, generator())
    noise = received - x
    sigma2 = 10 ** (-snr_db / 10)
    assert noise.abs().square().mean().item() == pytest.approx(sigma2, rel=0.01)
    assert noise.real.square().mean().item() == pytest.approx(sigma2 / 2, rel=0.02)
    assert noise.imag.square().mean().item() == pytest.approx(sigma2 / 2, rel=0.02)
    assert (noise.real * noise.imag).mean().abs().item() < 0.01 * sigma2
    assert variance[0].item() == pytest.approx(sigma2)
    assert noise_variance(snr_db) == pytest.approx(sigma2)


@pytest.mark.parametrize("channel", ["rayleigh", "rayleigh-fast", "multipath"])
def test_fading_reports_the_noise_variance_that_the_symbols_have(channel: str) -> None:
    x = unit_symbols(400, 500)
    received, variance = simulate(x, channel, 10.0, generator())
    whitened = (received - x).abs().square() / variance
    assert whitened.mean().item() == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("channel", ["rayleigh", "rayleigh-fast", "multipath"])
def test_fading_has_unit_mean_power_gain(channel: str) -> None:
    _, variance = simulate(unit_symbols(4000, 100), channel, 10.0, generator())
    gain = noise_variance(10.0) / variance
    assert gain.mean().item() == pytest.approx(1.0, abs=0.05)


def test_rayleigh_is_constant_over_an_image_and_fast_rayleigh_is_not() -> None:
    x = unit_symbols(3, 1000)
    _, block = simulate(x, "rayleigh", 10.0, generator())
    _, fast = simulate(x, "rayleigh-fast", 10.0, generator())
    assert (block == block[:, :1]).all()
    assert len(block[:, 0].unique()) == 3
    assert len(fast[0].unique()) > 990


def test_multipath_has_one_gain_per_subcarrier() -> None:
    _, variance = simulate(unit_symbols(1000), "multipath", 10.0, generator())
    assert len(variance.unique()) == 48


def test_no_channel_is_the_identity() -> None:
    x = unit_symbols(100)
    received, variance = simulate(x, "none", 0.0, generator())
    assert torch.equal(received, x)
    assert (variance == 0).all()


@pytest.mark.parametrize("channel", CHANNELS)
def test_same_seed_same_channel_and_real_pairs_agree_with_complex(channel: str) -> None:
    x = unit_symbols(2, 300)
    first = simulate(x, channel, 5.0, generator(4))
    again = simulate(torch.view_as_real(x), channel, 5.0, generator(4))
    assert again.received.shape == (2, 300, 2)
    assert torch.equal(torch.view_as_complex(again.received), first.received)
    assert torch.equal(again.noise_var, first.noise_var)
    assert first.noise_var.shape == (2, 300)


def test_unknown_channel_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown channel 'rice'"):
        simulate(unit_symbols(4), "rice", 5.0, generator())


def test_channel_state_information_is_declared_perfect() -> None:
    assert CSI == "perfect"
