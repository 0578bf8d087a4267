import numpy as np
import pytest

from gensc_phy import HeaderError, WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.header_code import decode_header, encode_header
from waveform import header


def test_a_header_fills_its_symbols_with_unit_energy():
    cfg = WaveformConfig()
    symbols = encode_header(header(100), cfg)
    assert symbols.shape == (cfg.header_symbols, cfg.n_data)
    assert np.allclose(np.abs(symbols), 1.0, atol=1e-6)


def test_headers_are_read_at_minus_three_db():
    cfg, rng = WaveformConfig(), np.random.default_rng(1)
    noise_var = 10**0.3
    shape = (cfg.header_symbols, cfg.n_data)
    for trial in range(50):
        sent = header(100, image_id=trial)
        noisy = encode_header(sent, cfg) + complex_noise(np.prod(shape), noise_var, rng).reshape(
            shape
        )
        assert decode_header(noisy, np.full(shape, noise_var, np.float32), cfg) == sent


def test_noise_is_never_a_header():
    cfg, rng = WaveformConfig(), np.random.default_rng(2)
    shape = (cfg.header_symbols, cfg.n_data)
    for _ in range(50):
        noise = complex_noise(np.prod(shape), 1.0, rng).reshape(shape)
        with pytest.raises(HeaderError):
            decode_header(noise, np.ones(shape, np.float32), cfg)
