import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import WaveformConfig
from gensc_phy.channel.impairments import Impairments, complex_noise, impair
from gensc_phy.waveform.detect import PreambleDetector
from gensc_phy.waveform.preamble_search import sliding_sum
from gensc_phy.waveform.sequences import COVERS, preamble_sequence
from waveform import burst, silence


def test_a_noiseless_preamble_is_found_where_it_is():
    cfg = WaveformConfig()
    samples, _ = burst(48, before=1234)
    found = PreambleDetector(cfg).find(samples, 2000)
    assert found is not None
    assert found.start == 1234 + cfg.cp_len
    assert found.metric == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("cfo", [-0.4, -0.1, 0.0, 0.3])
def test_the_carrier_offset_comes_with_the_detection(cfo):
    cfg, rng = WaveformConfig(), np.random.default_rng(0)
    samples, _ = burst(48)
    noisy = impair(samples, Impairments(snr_db=10, cfo=cfo / cfg.fft_size), rng)
    found = PreambleDetector(cfg).find(noisy, 1000)
    assert found is not None
    assert found.cfo * cfg.fft_size == pytest.approx(cfo, abs=0.02)


def offset_of(samples, cfg, offset, snr_db, rng):
    """What the detector says of a burst that is `offset` subcarriers off."""
    noisy = impair(samples, Impairments(snr_db=snr_db, cfo=offset / cfg.fft_size, phase=1.0), rng)
    return PreambleDetector(cfg).find(noisy, 1000)


@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_offsets_of_two_cheap_oscillators_are_found_without_ambiguity(snr_db):
    cfg, rng = WaveformConfig(), np.random.default_rng(0)
    samples, _ = burst(48)
    for offset in rng.uniform(-6.3, 6.3, 40):
        found = offset_of(samples, cfg, offset, snr_db, rng)
        assert found is not None
        assert found.cfo * cfg.fft_size == pytest.approx(offset, abs=0.05)
        assert found.start == 200 + cfg.cp_len


def test_half_a_subcarrier_is_no_edge():
    cfg, rng = WaveformConfig(), np.random.default_rng(0)
    samples, _ = burst(48)
    for offset in (0.49, 0.5, 0.51, -2.5):
        found = offset_of(samples, cfg, offset, 10.0, rng)
        assert found is not None
        assert found.cfo * cfg.fft_size == pytest.approx(offset, abs=0.05)


def test_an_offset_outside_the_range_is_not_taken_for_another():
    cfg, rng = WaveformConfig(cfo_range=2.0), np.random.default_rng(0)
    samples, _ = burst(48)
    for offset in (2.4, -3.0, 11.0):
        assert offset_of(samples, cfg, offset, 10.0, rng) is None


def test_the_cover_code_comes_with_the_detection():
    cfg = WaveformConfig()
    p = preamble_sequence(cfg)
    for cover, signs in enumerate(COVERS[cfg.preamble_repeats]):
        parts = [silence(300), p[-cfg.cp_len :], *(sign * p for sign in signs), silence(500)]
        found = PreambleDetector(cfg).find(np.concatenate(parts), 800)
        assert found is not None
        assert (found.cover, found.start) == (cover, 300 + cfg.cp_len)


def test_several_antennas_find_what_each_of_them_hears_too_weakly():
    cfg, rng = WaveformConfig(), np.random.default_rng(3)
    samples, _ = burst(48)
    found = [
        PreambleDetector(cfg).find(
            np.stack([impair(samples, Impairments(snr_db=-2.0, phase=p), rng) for p in range(4)]),
            1000,
        )
        for _ in range(20)
    ]
    assert sum(f is not None and f.start == 200 + cfg.cp_len for f in found) >= 19


def test_a_narrow_interferer_as_strong_as_the_burst_hides_nothing():
    cfg, rng = WaveformConfig(), np.random.default_rng(4)
    samples, _ = burst(480)
    for _ in range(20):
        noisy = impair(samples, Impairments(snr_db=15.0, cfo=float(rng.uniform(-0.1, 0.1))), rng)
        tone = np.exp(2j * np.pi * (rng.uniform(-0.4, 0.4) * np.arange(len(noisy)) + rng.random()))
        found = PreambleDetector(cfg).find((noisy + tone).astype(np.complex64), 1000)
        assert found is not None
        assert found.start == 200 + cfg.cp_len


@given(st.integers(1, 40), st.integers(0, 30))
def test_a_sliding_sum_adds_neighbours(n, more):
    x = np.arange(n + more, dtype=np.float32) ** 2
    expected = np.convolve(x, np.ones(n), "valid")
    sliding_sum(x, n)
    assert np.allclose(x[: more + 1], expected)


def test_the_metric_does_not_depend_on_the_amplitude():
    cfg = WaveformConfig()
    samples, _ = burst(48)
    loud = PreambleDetector(cfg).find(1e8 * samples, 1000)
    quiet = PreambleDetector(cfg).find(1e-12 * samples, 1000)
    assert loud is not None
    assert quiet is not None
    assert (loud.start, loud.metric) == (quiet.start, pytest.approx(quiet.metric, rel=1e-3))


def test_noise_silence_and_a_tone_are_not_preambles():
    detector = PreambleDetector(WaveformConfig())
    rng = np.random.default_rng(1)
    tone = np.exp(2j * np.pi * 0.037 * np.arange(40_000)).astype(np.complex64)
    for signal in (complex_noise(200_000, 1.0, rng), np.zeros(40_000, np.complex64), tone):
        assert detector.find(signal, len(signal)) is None


def test_fewer_samples_than_a_preamble_hold_none():
    assert PreambleDetector(WaveformConfig()).find(np.ones(100, np.complex64), 100) is None
