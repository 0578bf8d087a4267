import numpy as np
import pytest

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.phase import follow


def observed(phase: np.ndarray, information: float, rng: np.random.Generator):
    """What `follow` gets of that phase, and how much it is worth."""
    noise = complex_noise(len(phase), information, rng)
    matched = information * np.exp(1j * phase) + noise
    return matched.astype(np.complex64), np.full(len(phase), information, np.float32)


def test_a_phase_that_stands_still_is_left_alone():
    rng = np.random.default_rng(0)
    moved = [follow(*observed(np.zeros(98), 200.0, rng)).angle.any() for _ in range(200)]
    assert np.mean(moved) < 0.05


@pytest.mark.parametrize(("step", "share"), [(5e-4, 0.5), (5e-3, 0.9), (5e-2, 1.4)])
def test_oscillator_noise_is_followed_and_the_error_is_what_is_said(step, share):
    rng = np.random.default_rng(1)
    made, said = [], []
    for _ in range(60):
        phase = np.cumsum(rng.normal(0, np.sqrt(step), 98))
        found = follow(*observed(phase, 400.0, rng))
        made.append(np.mean(np.angle(np.exp(1j * (found.angle - phase))) ** 2))
        said.append(found.variance)
    # Of an observation alone the variance is 1 / (2 * 400).
    assert np.mean(made) < share * 0.5 / 400
    assert np.mean(made) == pytest.approx(np.mean(said), rel=0.35)


def test_whole_turns_do_not_matter():
    rng = np.random.default_rng(2)
    phase = np.cumsum(rng.normal(0, 0.5, 98))
    found = follow(*observed(phase, 1e4, rng))
    assert np.std(found.angle - phase) < 0.05


def test_too_few_symbols_have_no_phase():
    assert not follow(np.ones(3, np.complex64), np.ones(3, np.float32)).angle.any()
