"""sampling: slowly changing filters, and a clock that is off."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.sampling import Resampler, filter_blocks, sinc_kernel


@pytest.mark.parametrize("step", [8, 256])
def test_a_filter_that_does_not_change_is_a_correlation(step):
    rng = np.random.default_rng(1)
    samples, taps = complex_noise(5 * step + 30, 1.0, rng), complex_noise(9, 1.0, rng)
    out = filter_blocks(samples, np.arange(5) * step, step, np.tile(taps, (5, 2, 1)))
    wanted = np.correlate(samples, np.conj(taps), "valid")[: 5 * step]
    np.testing.assert_allclose(out, wanted, atol=1e-5)


@pytest.mark.parametrize("step", [8, 256])
def test_taps_move_linearly_within_a_block(step):
    samples = np.ones(step + 1, np.complex64)
    taps = np.array([[[1.0, 0.0], [0.0, 3.0]]])
    out = filter_blocks(samples, np.zeros(1, int), step, taps)
    np.testing.assert_allclose(out, 1 + 2 * np.arange(step) / step, atol=1e-5)


def test_the_kernel_is_one_at_its_centre_and_zero_at_every_other_sample():
    np.testing.assert_allclose(sinc_kernel(np.arange(-5.0, 6)), np.eye(11)[5], atol=1e-12)


@pytest.mark.parametrize("ppm", [-40.0, -3.0, 0.5, 40.0, 900.0])
def test_a_tone_comes_out_at_the_times_of_the_receivers_clock(ppm):
    n, f = 60_000, 0.3
    out = Resampler(ppm, 0.25).process(np.exp(2j * np.pi * f * np.arange(n)).astype(np.complex64))
    assert len(out) == pytest.approx(n / (1 - ppm * 1e-6) - Resampler.LATENCY, abs=2)
    times = np.arange(len(out)) * (1 - ppm * 1e-6) - 0.25
    wanted = np.exp(2j * np.pi * f * times)
    np.testing.assert_allclose(out[50:], wanted[50:], atol=1e-3)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8), st.sampled_from([-40.0, 7.0]))
def test_how_the_stream_is_cut_does_not_matter(cuts, ppm):
    samples = complex_noise(sum(cuts), 1.0, np.random.default_rng(2))
    whole, pieces = Resampler(ppm).process(samples), Resampler(ppm)
    edges = np.cumsum([0, *cuts])
    got = [pieces.process(samples[a:b]) for a, b in pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(got), whole, atol=1e-5)
