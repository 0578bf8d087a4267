import numpy as np
import pytest

from gensc_phy import BurstModulator, WaveformConfig, papr_db
from gensc_phy.waveform.burst import clip_envelope
from waveform import header, payload


@pytest.mark.parametrize("n", [0, 1, 47, 48, 49, 3840])
def test_a_burst_is_as_long_as_the_configuration_says(n):
    cfg = WaveformConfig()
    assert len(BurstModulator(cfg).modulate(header(n), payload(max(n, 1))[:n])) == cfg.burst_len(n)


def test_data_carriers_have_unit_energy_under_the_unitary_fft():
    # This is what makes noise of variance 10^(-snr/10) per sample mean Es/N0 = snr.
    cfg = WaveformConfig()
    symbols = payload(cfg.max_payload)
    samples = BurstModulator(cfg).modulate(header(len(symbols)), symbols)
    first = cfg.preamble_len + cfg.overhead_symbols * cfg.symbol_len
    windows = samples[first:].reshape(-1, cfg.symbol_len)[:, cfg.cp_len :]
    carriers = np.fft.fft(windows, axis=1, norm="ortho")[:, cfg.carriers]
    sent = np.take_along_axis(carriers, cfg.scattered_data[cfg.header_symbols :], axis=1)
    assert np.allclose(sent.ravel(), symbols, atol=1e-4)
    at_pilots = np.take_along_axis(carriers, cfg.scattered_pilots[cfg.header_symbols :], axis=1)
    assert np.allclose(np.abs(at_pilots), 1.0, atol=1e-4)


def test_training_has_unit_power_in_time():
    cfg = WaveformConfig()
    samples = BurstModulator(cfg).modulate(header(0), payload(1)[:0])
    training = samples[: cfg.preamble_len + cfg.ce_symbols * cfg.symbol_len]
    assert np.mean(np.abs(training) ** 2) == pytest.approx(1.0, abs=0.02)


def test_too_many_symbols_are_refused():
    cfg = WaveformConfig()
    with pytest.raises(ValueError, match="3841 payload symbols: a burst holds 3840"):
        BurstModulator(cfg).modulate(header(1), payload(3841))


def test_clipping_lowers_the_peak_to_what_was_asked():
    plain = BurstModulator().modulate(header(3840), payload(3840))
    clipped = clip_envelope(plain, 6.0)
    assert papr_db(plain) > 8.5
    assert papr_db(clipped) == pytest.approx(6.0, abs=0.5)
    assert np.allclose(np.angle(clipped * np.conj(plain)), 0.0, atol=1e-3)


def test_precoding_spreads_one_symbol_over_all_data_carriers():
    cfg = WaveformConfig(precode=True)
    one = np.zeros(48, np.complex64)
    one[5] = 1.0
    samples = BurstModulator(cfg).modulate(header(48), one)
    window = samples[-cfg.fft_size :]
    at = cfg.scattered_data[cfg.header_symbols]
    carriers = np.fft.fft(window, norm="ortho")[cfg.carriers][at]
    assert np.allclose(np.abs(carriers), 1 / np.sqrt(48), atol=1e-4)


def test_papr_of_silence_is_minus_infinity():
    assert papr_db(np.zeros(4, np.complex64)) == float("-inf")
