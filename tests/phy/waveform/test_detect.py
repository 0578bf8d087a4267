import numpy as np
import pytest

from gensc_phy import WaveformConfig
from gensc_phy.channel.impairments import Impairments, complex_noise, impair
from gensc_phy.waveform.detect import PreambleDetector
from waveform import burst


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


@pytest.mark.parametrize("cfo", [-3.7, 2.2, 3.9])
def test_a_wider_search_finds_offsets_of_several_subcarriers(cfo):
    cfg, rng = WaveformConfig(cfo_range=4.0), np.random.default_rng(0)
    samples, _ = burst(48)
    noisy = impair(samples, Impairments(snr_db=10, cfo=cfo / cfg.fft_size), rng)
    found = PreambleDetector(cfg).find(noisy, 1000)
    assert found is not None
    assert found.cfo * cfg.fft_size == pytest.approx(cfo, abs=0.02)


def test_the_metric_does_not_depend_on_the_amplitude():
    cfg = WaveformConfig()
    samples, _ = burst(48)
    loud = PreambleDetector(cfg).find(1e4 * samples, 1000)
    quiet = PreambleDetector(cfg).find(1e-4 * samples, 1000)
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
