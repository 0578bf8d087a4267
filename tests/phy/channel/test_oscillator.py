"""oscillator: carrier offset and Wiener phase noise."""

import numpy as np
import pytest

from gensc_phy.channel.oscillator import Oscillator

RATE = 1e6


def phase_of(cfo_hz, linewidth_hz, n, seed=0, cut=None):
    oscillator = Oscillator(cfo_hz, linewidth_hz, RATE, np.random.default_rng(seed))
    ones = np.ones(n, np.complex64)
    if cut is None:
        return np.unwrap(np.angle(oscillator.process(ones)))
    parts = [oscillator.process(ones[:cut]), oscillator.process(ones[cut:])]
    return np.unwrap(np.angle(np.concatenate(parts)))


@pytest.mark.parametrize("cfo_hz", [-100e3, 1.5, 48e3])
def test_the_carrier_turns_by_its_offset(cfo_hz):
    wanted = 2 * np.pi * cfo_hz / RATE * np.arange(1000)
    np.testing.assert_allclose(phase_of(cfo_hz, 0.0, 1000), wanted, atol=1e-3)


@pytest.mark.parametrize("linewidth_hz", [10.0, 100.0])
@pytest.mark.parametrize("lag", [1, 100, 2000])
def test_phase_noise_has_a_variance_of_2_pi_times_linewidth_times_time(linewidth_hz, lag):
    phase = np.array([phase_of(0.0, linewidth_hz, 40_000, seed) for seed in range(30)])
    moved = phase[:, lag::lag] - phase[:, :-lag:lag]
    wanted = 2 * np.pi * linewidth_hz * lag / RATE
    assert np.var(moved) == pytest.approx(wanted, rel=4 * np.sqrt(2 / moved.size))


def test_the_spectral_line_is_as_wide_as_its_linewidth():
    # A Lorentzian of full width f at half power has the autocorrelation exp(-pi f |t|).
    turned = np.exp(1j * np.array([phase_of(0.0, 200.0, 50_000, s) for s in range(40)]))
    lag = 1000
    measured = np.mean(turned[:, lag:] * np.conj(turned[:, :-lag])).real
    assert measured == pytest.approx(np.exp(-np.pi * 200 * lag / RATE), abs=0.03)


def test_how_the_stream_is_cut_does_not_matter():
    np.testing.assert_allclose(
        phase_of(3e3, 50.0, 999, cut=400), phase_of(3e3, 50.0, 999), atol=1e-5
    )
