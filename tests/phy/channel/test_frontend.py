"""frontend, amplifier and converter: what the electronics do to a sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.channel.amplifier import clip, rapp
from gensc_phy.channel.converter import Converter
from gensc_phy.channel.frontend import dc_level, iq_coefficients, iq_imbalance
from gensc_phy.channel.impairments import complex_noise


@given(st.floats(-3, 3), st.floats(-20, 20))
def test_the_image_is_rejected_as_gain_and_phase_error_say(gain_db, phase_deg):
    tone = np.exp(2j * np.pi * 0.125 * np.arange(64)).astype(np.complex64)
    spectrum = np.fft.fft(iq_imbalance(tone, gain_db, phase_deg)) / 64
    g, cos = 10 ** (gain_db / 20), np.cos(np.radians(phase_deg))
    image = (1 - 2 * g * cos + g**2) / 4
    assert abs(spectrum[8]) ** 2 == pytest.approx((1 + 2 * g * cos + g**2) / 4, rel=1e-3)
    assert abs(spectrum[-8]) ** 2 == pytest.approx(image, rel=1e-2, abs=1e-7)


def test_one_db_and_five_degrees_reject_the_image_by_23_db():
    mu, nu = iq_coefficients(1.0, 5.0)
    assert 20 * np.log10(abs(mu) / abs(nu)) == pytest.approx(22.9, abs=0.1)


def test_dc_has_its_level():
    assert 20 * np.log10(abs(dc_level(-20.0, 1.0))) == pytest.approx(-20.0, abs=1e-4)


@pytest.mark.parametrize("smoothness", [1.0, 2.0, 3.0, 60.0])
def test_rapps_amplifier_is_linear_below_and_saturated_above(smoothness):
    weak, strong = rapp(np.array([1e-3j, -1e4], np.complex64), 6.0, smoothness)
    assert weak == pytest.approx(1e-3j, rel=1e-3)
    assert strong == pytest.approx(-(10 ** (6 / 20)), rel=1e-3)


def test_at_saturation_the_output_is_down_by_the_knee():
    out = rapp(np.array([2.0], np.complex64), 20 * np.log10(2.0), 2.0)
    assert abs(out[0]) == pytest.approx(2.0 / 2 ** (1 / 4), rel=1e-5)


def test_clipping_keeps_the_phase_and_limits_the_envelope():
    samples = complex_noise(10_000, 1.0, np.random.default_rng(0))
    out = clip(samples, 3.0)
    assert np.abs(out).max() == pytest.approx(10 ** (3 / 20), rel=1e-5)
    np.testing.assert_allclose(np.angle(out), np.angle(samples), atol=1e-5)
    small = np.abs(samples) < 1
    np.testing.assert_array_equal(out[small], samples[small])


@pytest.mark.parametrize("bits", [8, 12])
def test_rounding_adds_a_twelfth_of_a_step_squared_in_i_and_in_q(bits):
    samples = complex_noise(100_000, 1.0, np.random.default_rng(0))
    converter = Converter(bits, 15.0)
    error = converter.process(samples) - samples
    step = 2 * 10 ** (15 / 20) / 2**bits
    assert np.mean(np.abs(error) ** 2) == pytest.approx(step**2 / 6, rel=0.02)
    assert converter.saturated == 0


def test_what_exceeds_full_scale_is_limited_and_counted():
    converter = Converter(8, 0.0)
    out = converter.process(np.array([0.1, 3.0, 3j, -2 - 2j], np.complex64))
    assert converter.saturated == 3
    assert np.abs(out.view(np.float32)).max() < 1.0
