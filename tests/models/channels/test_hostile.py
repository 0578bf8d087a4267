"""hostile: the torch channel has the parameters and the statistics of the NumPy one."""

from dataclasses import fields, replace

import numpy as np
import pytest
import scipy.special
import torch

from gensc_models.channels.hostile import HostileChannel, iq_imbalance, quantise, rapp
from gensc_models.channels.parameters import ChannelParameters
from gensc_models.channels.paths import LATENCY, path_gains
from gensc_models.channels.single import simulate
from gensc_phy.channel.amplifier import rapp as rapp_numpy
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.converter import Converter
from gensc_phy.channel.frontend import iq_imbalance as iq_numpy
from gensc_phy.channel.hostile import HostileChannel as NumpyChannel
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.profiles import PROFILES, profile

RATE = 1e6


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def signal(rows, n, seed=0):
    return torch.from_numpy(complex_noise(rows * n, 1.0, np.random.default_rng(seed))).view(rows, n)


def through(x, seed=1, **impairments):
    return HostileChannel(ChannelConfig(**impairments))(x, generator(seed))


def test_it_takes_every_field_of_the_numpy_channels_config():
    used = set(ChannelParameters.__annotations__)
    # The names of profiles are resolved by `paths` and `fades`.
    assert used == {f.name for f in fields(ChannelConfig)} - {"profile", "delay_spread_s", "fading"}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_the_same_power_in_both(name):
    config = replace(profile(name, RATE, 10.0), drop_interval_s=None)
    x = signal(200, 512)
    ours = HostileChannel(config)(x, generator())[:, LATENCY:]
    theirs = [NumpyChannel(config, s).process(x[s % 200].numpy())[LATENCY:] for s in range(600)]
    powers = [np.mean(np.abs(y) ** 2) for y in theirs]
    spread = np.std(powers) * np.sqrt(1 / 200 + 1 / 600)
    assert ours.abs().square().mean() == pytest.approx(np.mean(powers), abs=4 * spread + 0.03)


def test_what_has_no_chance_in_it_is_the_same_sample_by_sample():
    x = signal(1, 2000)[0]
    np.testing.assert_allclose(rapp(x, 6.0, 2.0), rapp_numpy(x.numpy(), 6.0, 2.0), atol=1e-5)
    np.testing.assert_allclose(iq_imbalance(x, 1.0, 5.0), iq_numpy(x.numpy(), 1.0, 5.0), atol=1e-5)
    rounded = Converter(8, 12.0).process(x.numpy())
    np.testing.assert_allclose(quantise(x, 8, 12.0), rounded, atol=1e-5)
    both = [
        f(ChannelConfig(sampling_offset_ppm=30.0, clip_db=6.0))
        for f in (HostileChannel, NumpyChannel)
    ]
    # Tensors drop the imaginary part of a complex64 scalar that they are multiplied by.
    ours, theirs = both[0](x, generator()).numpy(), both[1].process(x.numpy())
    n = len(theirs)
    turn = np.vdot(ours[:n], theirs) / np.vdot(theirs, theirs)  # the carrier's unknown phase
    assert abs(turn) == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(ours[:n] * np.conj(turn) ** -1 * abs(turn) ** 2, theirs, atol=5e-3)


def test_gains_have_their_power_and_the_autocorrelation_j0():
    config = ChannelConfig(profile="eva", doppler_hz=100.0)
    times = torch.arange(60) * 2e-4
    gains = path_gains(config, 1500, times, generator())
    powers = config.paths().powers
    np.testing.assert_allclose(gains.abs().square().mean((0, 1)), powers, atol=0.02)
    measured = (gains * gains[:, :1].conj()).mean(0).sum(-1)
    wanted = scipy.special.j0(2 * np.pi * 100.0 * times.numpy())
    np.testing.assert_allclose(measured.real, wanted, atol=0.07)
    np.testing.assert_allclose(measured.imag, 0, atol=0.07)


def test_paths_carry_the_signal_with_their_gains():
    """A flat channel that turns: every sample is its gain times what was sent."""
    x = signal(3, 4000)
    out = through(x, fading=True, doppler_hz=300.0)
    ratio = out[:, LATENCY:] / x[:, :-LATENCY]
    moved = (ratio[:, 1:] - ratio[:, :-1]).abs().median() / ratio.abs().median()
    assert moved < 0.01
    assert ratio.abs().std() > 0.1


@pytest.mark.parametrize("linewidth_hz", [10.0, 100.0])
def test_phase_noise_has_a_variance_of_2_pi_times_linewidth_times_time(linewidth_hz):
    out = through(torch.ones(100, 5001, dtype=torch.complex64), linewidth_hz=linewidth_hz)
    moved = (out[:, 1000::1000] * out[:, :-1000:1000].conj()).angle()
    assert moved.square().mean() == pytest.approx(2 * np.pi * linewidth_hz * 1e-3, rel=0.25)


@pytest.mark.parametrize(("width_hz", "duty"), [(0.0, 1.0), (1e5, 1.0), (1e5, 0.3)])
def test_an_interferer_has_its_power_its_place_and_its_duty(width_hz, duty):
    silence = torch.zeros(300, 4096, dtype=torch.complex64)
    heard = through(silence, interferer_db=-10.0, interferer_hz=2e5, interferer_width_hz=width_hz,
                    interferer_duty=duty, interferer_burst_s=5e-4)  # fmt: skip
    assert 10 * np.log10(heard.abs().square().mean() / duty) == pytest.approx(-10.0, abs=0.6)
    power = torch.fft.fft(heard).abs().square().mean(0)
    at = np.fft.fftfreq(4096, 1 / RATE)
    assert power[np.abs(at - 2e5) < 7e4].sum() / power.sum() > 0.93


def test_impulses_dc_and_noise_have_their_powers():
    silence = torch.zeros(20, 20_000, dtype=torch.complex64)
    hits = through(silence, impulse_rate=1e-2, impulse_db=20.0).abs()
    assert (hits > 0).float().mean() == pytest.approx(1e-2, rel=0.1)
    assert hits[hits > 0].square().mean() == pytest.approx(100.0, rel=0.1)
    np.testing.assert_allclose(through(silence, dc_db=-20.0).abs(), 0.1, rtol=1e-4)
    assert through(silence, snr_db=7.0).abs().square().mean() == pytest.approx(10**-0.7, rel=0.02)


def test_dropped_samples_are_gone_and_zeros_follow():
    x = torch.arange(1, 10_001).to(torch.complex64).expand(30, -1)
    out = through(x, drop_interval_s=2e-3, drop_samples=100).abs().round()
    left = out > 0
    assert (left.int().diff(dim=-1) <= 0).all()
    lost = 10_000 - left.sum(-1)
    assert lost.float().mean() == pytest.approx(10_000 / 2050 * 50.5, rel=0.25)
    steps = out[:, 1:].diff(dim=-1)[left[:, 2:]]
    assert (steps >= 1).all()
    assert steps.max() <= 101


def test_the_gradient_comes_through():
    x = signal(2, 600).requires_grad_()
    config = replace(profile("crowded-ism", RATE, 20.0), drop_interval_s=1e-3, bits=8)
    HostileChannel(config)(x, generator()).abs().square().sum().backward()
    assert torch.isfinite(torch.view_as_real(x.grad)).all()
    assert x.grad.abs().mean() > 0.1


def test_the_same_generator_gives_the_same_channel_and_shapes_are_kept():
    x = signal(6, 700).view(2, 3, 700)
    first, second = (through(x, snr_db=10.0, profile="tdl-a", doppler_hz=50.0) for _ in range(2))
    assert first.shape == x.shape
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", ["indoor-walk", "vehicle", "crowded-ism", "usrp-b200"])
def test_symbols_behind_a_perfect_receiver_have_the_error_that_is_told(name):
    x = signal(60, 3000)
    out = simulate(x, profile(name), 12.0, generator())
    ratio = (out.received - x).abs().square() / out.noise_var
    assert ratio.mean() == pytest.approx(1.0, abs=0.03)
    # Relative to the noise alone it is the fading, and where there is interference more.
    gain = 10**-1.2 / out.noise_var
    assert gain.mean() == pytest.approx(1.0, abs=0.2)
