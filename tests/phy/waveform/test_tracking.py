import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.tracking import Moments, drift_ramp, residual_rotation, track


@given(st.floats(-0.9, 0.9), st.integers(10, 120))
def test_the_rotation_of_a_phasor_sequence_is_found(rotation, n):
    assert residual_rotation(np.exp(1j * rotation * np.arange(n))) == pytest.approx(
        rotation, abs=0.05 / n
    )


THETA = (2 * np.pi / 64 * np.array([-21.0, -7.0, 7.0, 21.0])).astype(np.float32)


def known(gain: np.ndarray, drift: float, noise: float = 0.0, seed: int = 0) -> Moments:
    """Four pilots a symbol through a flat channel with that gain and drift."""
    m = np.arange(len(gain))[:, None]
    z = gain[:, None] * np.exp(-1j * drift * m * THETA)
    z = z + complex_noise(z.size, noise, np.random.default_rng(seed)).reshape(z.shape)
    ones = np.ones(len(gain), np.float32)
    return Moments(
        z=z.astype(np.complex64) @ Moments.basis(THETA),
        w=4 * ones,
        leverage=ones * np.sum(THETA**2),
    )


def test_residual_cfo_and_clock_drift_are_followed_over_a_burst():
    gain = np.exp(1j * (0.3 + 0.02 * np.arange(98)))
    found = track(known(gain, drift=8e-4), 6.0)
    assert np.max(np.abs(found.gain - gain)) < 0.02
    assert found.drift == pytest.approx(8e-4, rel=0.02)


def test_slow_fading_is_followed_in_amplitude_and_phase():
    m = np.arange(98)
    gain = (1 + 0.5 * np.sin(2 * np.pi * m / 90)) * np.exp(0.5j * np.cos(2 * np.pi * m / 70))
    found = track(known(gain, drift=0.0), 6.0)
    assert np.mean(np.abs(found.gain - gain)[5:-5] ** 2) < 0.01


def test_the_reported_error_of_the_gain_is_the_error_made():
    gain = np.ones(98, complex)
    noise = 0.5
    errors = []
    for seed in range(40):
        found = track(known(gain, 0.0, noise, seed), 6.0)
        errors.append(np.mean(np.abs(found.gain - gain)[20:-20] ** 2))
    assert np.mean(errors) == pytest.approx(noise * found.gain_error, rel=0.4)


@given(st.floats(-1e-2, 1e-2), st.integers(0, 20), st.integers(0, 90))
def test_the_drift_ramp_is_the_exponential_it_stands_for(drift, first, count):
    m = np.arange(first, first + count)[:, None]
    assert np.allclose(drift_ramp(drift, first, count, THETA), np.exp(1j * drift * m * THETA))
