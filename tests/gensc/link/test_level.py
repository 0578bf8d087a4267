"""level: what a stream says of the radio it comes from."""

import math

import numpy as np
import pytest

from gensc.link.level import Level
from gensc_phy.channel.frontend import iq_coefficients, iq_imbalance
from gensc_phy.channel.impairments import complex_noise

NOISE = complex_noise(200_000, 1e-2, np.random.default_rng(1))


def of(samples):
    level = Level()
    for piece in np.array_split(samples, 7):
        level.add(np.ascontiguousarray(piece))
    return level


def test_power_and_peak_are_against_full_scale():
    level = of(NOISE)
    assert level.rms_dbfs == pytest.approx(-20, abs=0.1)
    parts = np.abs(NOISE.view(np.float32))
    assert level.peak_dbfs == pytest.approx(20 * np.log10(parts.max()), abs=1e-3)
    assert level.clipped == 0


def test_clipped_samples_are_counted():
    samples = NOISE.copy()
    samples[[5, 100]] = [1.0, -0.3 - 0.995j]
    assert of(samples).clipped == 2


@pytest.mark.parametrize("dc", [0.0, 0.05, 0.3])
def test_dc_is_the_share_of_the_mean(dc):
    level = of(NOISE + np.complex64(dc))
    if dc:
        assert level.dc_dbc == pytest.approx(10 * np.log10(dc**2 / (dc**2 + 1e-2)), abs=0.3)
    else:
        assert level.dc_dbc < -40


def test_the_image_is_that_of_the_mixers_whatever_dc_there_is():
    mu, nu = iq_coefficients(1.0, 5.0)
    level = of(iq_imbalance(NOISE, 1.0, 5.0) + np.complex64(0.05j))
    assert level.image_dbc == pytest.approx(20 * np.log10(abs(nu) / abs(mu)), abs=0.5)


def test_silence_has_no_level_and_json_says_so():
    level = of(np.zeros(100, np.complex64))
    assert level.rms_dbfs == level.image_dbc == -math.inf
    assert level.report() == {
        "rms_dbfs": None, "peak_dbfs": None, "dc_dbc": None, "image_dbc": None, "clipped": 0,
    }  # fmt: skip
