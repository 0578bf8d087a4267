"""hostile: everything at once, from one config, the same for the same seed."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import BurstModulator, BurstReceiver, Header, Section, WaveformConfig
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.profiles import CARRIER_HZ, PROFILES, describe, profile

SIGNAL = complex_noise(40_000, 1.0, np.random.default_rng(0))


def test_the_defaults_do_nothing():
    config = ChannelConfig()
    turned = HostileChannel(config, 1).process(SIGNAL)
    # But the carrier's phase at the beginning, which nobody knows.
    assert np.abs(np.vdot(SIGNAL, turned)) == pytest.approx(np.vdot(SIGNAL, SIGNAL).real, rel=1e-5)
    assert config.changed() == {}


@pytest.mark.parametrize("snr_db", [-3.0, 10.0])
def test_noise_has_total_variance_10_to_the_minus_snr_over_10(snr_db):
    channel = HostileChannel(ChannelConfig(snr_db=snr_db), 1)
    noise = channel.process(np.zeros(200_000, np.complex64))
    wanted = 10 ** (-snr_db / 10)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(wanted, rel=0.02)
    assert np.var(noise.real) == pytest.approx(wanted / 2, rel=0.03)


@pytest.mark.parametrize("name", PROFILES)
def test_the_same_seed_gives_the_same_channel_however_the_stream_is_cut(name):
    # Without rounding: half a step more or less is a whole step behind the converter.
    config = replace(profile(name, 1e6, 15.0), bits=None)
    if config.drop_interval_s:
        config = replace(config, drop_interval_s=3e-3)
    whole, pieces = HostileChannel(config, 5), HostileChannel(config, 5)
    edges = [0, 1, 100, 17_000, 17_001, len(SIGNAL)]
    got = [pieces.process(SIGNAL[a:b]) for a, b in pairwise(edges)]
    wanted = whole.process(SIGNAL)
    np.testing.assert_allclose(np.concatenate(got), wanted, atol=1e-3)
    assert whole.dropped == pieces.dropped
    other = HostileChannel(config, 6).process(SIGNAL)
    common = min(len(other), len(wanted))
    assert np.mean(np.abs(other[:common] - wanted[:common]) ** 2) > 0.1


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_offsets_carrier_and_clock_by_one_oscillator(name):
    config = profile(name, 2e6, 10.0)
    assert config.cfo_hz == pytest.approx(config.sampling_offset_ppm * 1e-6 * CARRIER_HZ)
    assert (config.sample_rate, config.snr_db) == (2e6, 10.0)
    assert describe(name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sample_rate", 0.0), ("profile", "tdl-z"), ("doppler_hz", -1.0), ("doppler_hz", 2e5),
        ("bits", 0), ("cfo_hz", 6e5), ("interferer_duty", 0.0), ("impulse_rate", 1.5),
        ("drop_interval_s", 0.0), ("delay_spread_s", -1e-9), ("sampling_offset_ppm", 5000.0),
        ("linewidth_hz", float("nan")),
    ],
)  # fmt: skip
def test_a_number_that_describes_no_channel_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        ChannelConfig(**{name: value})


def test_an_unknown_profile_is_named():
    with pytest.raises(ValueError, match=r"'moon'.*pluto"):
        profile("moon")


def test_saturated_and_dropped_samples_are_counted():
    config = ChannelConfig(bits=8, headroom_db=0.0, drop_interval_s=5e-3, drop_samples=100)
    channel = HostileChannel(config, 2)
    out = channel.process(SIGNAL)
    assert channel.saturated > 1000
    assert channel.drops > 0
    assert len(out) + channel.dropped == len(SIGNAL)


def test_snr_and_carrier_offset_can_be_changed_while_it_runs():
    channel = HostileChannel(ChannelConfig(snr_db=0.0, cfo_hz=1e3), 2)
    channel.process(SIGNAL)
    channel.set_snr_db(None)
    channel.set_cfo_hz(0.0)
    turned = channel.process(SIGNAL)
    np.testing.assert_allclose(turned / SIGNAL, turned[0] / SIGNAL[0], atol=1e-3)


OPTIONS = {
    "clip_db": st.sampled_from([None, 6.0]), "backoff_db": st.sampled_from([None, 9.0]),
    "profile": st.sampled_from(["flat", "tdl-b", "etu"]),
    "doppler_hz": st.sampled_from([0.0, 40.0]),
    "sampling_offset_ppm": st.floats(-40, 40), "cfo_hz": st.floats(-1e5, 1e5),
    "linewidth_hz": st.floats(0, 100), "interferer_db": st.sampled_from([None, -10.0]),
    "interferer_width_hz": st.sampled_from([0.0, 1e4]),
    "impulse_rate": st.sampled_from([0.0, 1e-3]),
    "snr_db": st.floats(0, 30), "iq_gain_db": st.floats(-1, 1), "iq_phase_deg": st.floats(-5, 5),
    "dc_db": st.sampled_from([None, -20.0]), "bits": st.sampled_from([None, 8, 12]),
    "drop_interval_s": st.sampled_from([None, 0.01]),
}  # fmt: skip


@given(st.fixed_dictionaries({}, optional=OPTIONS), st.integers(0, 99))
def test_every_combination_gives_finite_samples_of_about_the_signals_power(options, seed):
    out = HostileChannel(ChannelConfig(**options), seed).process(SIGNAL[:6000])
    assert out.dtype == np.complex64
    assert np.isfinite(out).all()
    assert np.mean(np.abs(out) ** 2) < 30
    assert set(options) <= {f.name for f in fields(ChannelConfig)}


def test_a_burst_survives_a_gentle_channel():
    """The reference level is that of a burst: a USRP on a cable costs next to nothing."""
    cfg = WaveformConfig()
    payload = complex_noise(960, 1.0, np.random.default_rng(0))
    header = Header(0, 1, 1, Section.ANALOG, 0, 0, 1, 32, 256, 256, 960)
    pad = np.zeros(200, np.complex64)
    burst = np.concatenate([pad, BurstModulator(cfg).modulate(header, payload), pad])
    assert np.mean(np.abs(burst[200:-200]) ** 2) == pytest.approx(0.9, abs=0.1)
    config = replace(profile("usrp-b200", snr_db=20.0), cfo_hz=2e3, linewidth_hz=0.0)
    receiver = BurstReceiver(cfg)
    got = receiver.push(HostileChannel(config, 3).process(burst)) + receiver.flush()
    assert [b.header for b in got] == [header]
    error = 10 * np.log10(np.mean(np.abs(got[0].symbols - payload) ** 2))
    assert -20.3 < error < -18.5
