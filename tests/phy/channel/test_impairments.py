import numpy as np
import pytest

from gensc_phy.channel.impairments import Impairments, complex_noise, impair, resample


def test_snr_is_es_n0_and_each_of_i_and_q_gets_half_the_noise():
    # The project's SNR convention (10 log10 E|x|^2 / E|n|^2), pinned: 3 dB off is a classic.
    rng = np.random.default_rng(0)
    sent = np.exp(2j * np.pi * rng.random(200_000)).astype(np.complex64)
    noise = impair(sent, Impairments(snr_db=7.0), rng) - sent
    assert 10 * np.log10(1 / np.mean(np.abs(noise) ** 2)) == pytest.approx(7.0, abs=0.05)
    for part in (noise.real, noise.imag):
        assert np.mean(part**2) == pytest.approx(10**-0.7 / 2, rel=0.02)


def test_a_carrier_offset_turns_by_its_cycles_per_sample():
    out = impair(np.ones(101, np.complex64), Impairments(cfo=0.01), np.random.default_rng(0))
    assert np.angle(out[100] / out[75]) == pytest.approx(2 * np.pi * 0.25, abs=1e-3)


def test_a_fractional_delay_delays_a_tone_by_its_phase():
    n = np.arange(400)
    tone = np.exp(2j * np.pi * 0.11 * n).astype(np.complex64)
    late = resample(tone, 0.0, 7.3)[50:350]
    expected = np.exp(2j * np.pi * 0.11 * (n - 7.3))[50:350]
    assert np.max(np.abs(late - expected)) < 2e-3


def test_a_fast_receiver_clock_sees_a_slower_tone():
    n = np.arange(20_000)
    tone = np.exp(2j * np.pi * 0.1 * n).astype(np.complex64)
    seen = resample(tone, 100.0, 0.0)
    slip = np.angle(seen[19_000] * np.conj(tone[19_000]))
    expected = -2 * np.pi * 0.1 * 19_000 * 100e-6
    assert np.exp(1j * slip) == pytest.approx(np.exp(1j * expected), abs=0.01)


def test_noise_is_circular():
    noise = complex_noise(100_000, 2.0, np.random.default_rng(3))
    assert abs(np.mean(noise**2)) < 0.03
