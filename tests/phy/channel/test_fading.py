"""fading: delay profiles of the standards and Jakes' Doppler."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.channel.delay_profiles import DELAY_PROFILES, DelayProfile, delay_profile
from gensc_phy.channel.fading import FadingChannel, PathGains
from gensc_phy.channel.impairments import complex_noise

RATE = 1e6
#: Of 3GPP TR 38.901 (scaled, here to 100 ns) and TS 36.104, annex B.2.
RMS_NS = {"tdl-a": 100, "tdl-b": 100, "tdl-c": 100, "epa": 43, "eva": 357, "etu": 991}


@pytest.mark.parametrize("name", RMS_NS)
def test_a_profile_has_the_delay_spread_it_is_published_with(name):
    profile = delay_profile(name)
    assert profile.rms_s * 1e9 == pytest.approx(RMS_NS[name], rel=0.005)
    assert profile.powers.sum() == pytest.approx(1)
    assert profile.delays_s.min() == 0


@given(st.sampled_from(sorted(RMS_NS)), st.floats(1e-9, 1e-5))
def test_a_profile_can_be_scaled_to_any_delay_spread(name, rms_s):
    assert delay_profile(name, rms_s).rms_s == pytest.approx(rms_s)


def test_an_unknown_profile_is_named():
    with pytest.raises(ValueError, match=r"'tdl-z'.*tdl-a"):
        delay_profile("tdl-z")
    assert set(DELAY_PROFILES) == {"flat", *RMS_NS}


def gains(seeds, powers, doppler_hz, times):
    out = []
    for seed in range(seeds):
        paths = PathGains(np.array(powers), doppler_hz, np.random.default_rng(seed))
        out.append(paths.at(0.0, times[1] - times[0], len(times)))
    return np.array(out)


def test_every_path_has_its_mean_power_and_a_rayleigh_envelope():
    powers = [0.6, 0.3, 0.1]
    g = gains(4000, powers, 50.0, np.arange(2) * 1e-3)[:, 0]
    np.testing.assert_allclose(np.mean(np.abs(g) ** 2, axis=0), powers, rtol=0.06)
    # Of an exponential distribution the second moment is twice the square of the mean.
    ratio = np.mean(np.abs(g) ** 4, axis=0) / np.mean(np.abs(g) ** 2, axis=0) ** 2
    np.testing.assert_allclose(ratio, 2.0, atol=0.2)
    # Paths are independent, and so are I and Q.
    assert abs(np.mean(g[:, 0] * np.conj(g[:, 1]))) < 0.03
    assert abs(np.mean(g[:, 0] ** 2)) < 0.03


def test_the_autocorrelation_in_time_is_bessels_j0():
    doppler_hz, times = 100.0, np.arange(0, 200) * 1e-4
    g = gains(2000, [1.0], doppler_hz, times)[..., 0]
    measured = np.mean(g * np.conj(g[:, :1]), axis=0)
    wanted = scipy.special.j0(2 * np.pi * doppler_hz * times)
    np.testing.assert_allclose(measured.real, wanted, atol=0.09)
    np.testing.assert_allclose(measured.imag, 0, atol=0.09)


def test_a_steady_part_has_the_power_that_rice_k_says():
    first = [
        PathGains(np.array([0.5, 0.5]), 0.0, np.random.default_rng(s), 4.0).at(0, 1, 1)[0]
        for s in range(4000)
    ]
    power = np.abs(np.array(first)) ** 2
    np.testing.assert_allclose(power.mean(axis=0), 0.5, rtol=0.05)
    # Var |h|^2 of a Rician gain of power P: P^2 (1 + 2K) / (1 + K)^2; of a Rayleigh one: P^2.
    np.testing.assert_allclose(power.var(axis=0), [0.25 * 9 / 25, 0.25], rtol=0.12)


def impulse_response(seed, profile, doppler_hz=0.0):
    channel = FadingChannel(profile, doppler_hz, RATE, np.random.default_rng(seed))
    impulse = np.zeros(128, np.complex64)
    impulse[8] = 1
    return channel.process(impulse)[8 + channel.LATENCY - 4 :]


def test_the_mean_power_of_the_impulse_response_is_the_delay_profile():
    # Whole delays: each path is one sample.
    profile = DelayProfile(np.array([0, 2e-6, 7e-6]), np.array([0.5, 0.3, 0.2]))
    power = np.mean([np.abs(impulse_response(s, profile)) ** 2 for s in range(800)], axis=0)
    wanted = np.zeros(len(power))
    wanted[[4, 6, 11]] = profile.powers
    np.testing.assert_allclose(power, wanted, atol=0.05)


@pytest.mark.parametrize("name", ["tdl-a", "tdl-b", "tdl-c", "etu"])
def test_the_carriers_correlate_as_the_delay_profile_says(name):
    profile = delay_profile(name, 0.6e-6)
    spectra = np.array([np.fft.fft(impulse_response(s, profile), 128) for s in range(600)])
    used = np.r_[-52:53]  # of +-64: the used part of the band
    assert np.mean(np.abs(spectra[:, used]) ** 2) == pytest.approx(1.0, rel=0.1)
    apart = 8
    measured = np.mean(spectra[:, used + apart] * np.conj(spectra[:, used]), axis=0)[:90].mean()
    # The delay of the response within its window turns the correlation.
    turn = np.exp(-2j * np.pi * apart / 128 * (profile.delays_s * RATE + 4))
    assert measured == pytest.approx(profile.powers @ turn, abs=0.1)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6), st.sampled_from([0.0, 3.0, 900.0]))
def test_how_the_stream_is_cut_does_not_matter(cuts, doppler_hz):
    samples = complex_noise(sum(cuts), 1.0, np.random.default_rng(2))
    made = [
        FadingChannel(delay_profile("eva"), doppler_hz, RATE, np.random.default_rng(1))
        for _ in range(2)
    ]
    edges = np.cumsum([0, *cuts])
    pieces = [made[1].process(samples[a:b]) for a, b in pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(pieces), made[0].process(samples), atol=1e-4)


def test_the_taps_follow_the_gains():
    """Linear between two sets of taps: against the exact gain of every sample."""
    rng = np.random.default_rng(4)
    channel = FadingChannel(delay_profile("flat"), 500.0, RATE, rng)
    out = channel.process(np.ones(20_000, np.complex64))[100:]
    exact = channel.gains.at(100 / RATE, 1 / RATE, len(out))[:, 0]
    error = np.mean(np.abs(out - exact) ** 2) / np.mean(np.abs(exact) ** 2)
    assert 10 * np.log10(error) < -55
