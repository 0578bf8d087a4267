"""The burst path in NumPy delivers symbols with the SNR that was asked for."""

import numpy as np
import pytest

from gensc.link.bursts import BurstPath
from gensc.link.channels import draw
from gensc_phy.waveform.header import Section


def analog(n=6000, seed=1):
    rng = np.random.default_rng(seed)
    symbols = (rng.standard_normal((n, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return symbols / np.float32(np.sqrt(np.mean(np.abs(symbols) ** 2)))


def transmit(symbols, snr_db, channel="awgn", seed=1):
    path = BurstPath()
    sent = path.modulate(
        Section.ANALOG, symbols, rate=32, shape=(64, 64, 3), total=len(symbols), weights=1, aux=7
    )
    return sent, path.through(sent, draw(channel, seed), snr_db, seed)


@pytest.mark.parametrize("snr_db", [5, 15])
def test_symbols_come_back_with_the_error_asked_for(snr_db):
    symbols = analog()
    _, got = transmit(symbols, snr_db)
    error_db = -10 * np.log10(np.mean(np.abs(got.symbols - symbols) ** 2))
    assert error_db == pytest.approx(snr_db, abs=1.0)
    assert got.snr_db == pytest.approx(snr_db, abs=0.5)


def test_header_fields_arrive():
    _, got = transmit(analog(), 15)
    assert (got.header.weights, got.header.aux, got.header.rate) == (1, 7, 32)


def test_overhead_counts_everything_that_is_not_payload():
    sent, _ = transmit(analog(), 15)
    assert sent.fragments == 2
    assert 1000 < sent.overhead < 6000


def test_noise_alone_gives_nothing():
    _, got = transmit(analog(), -30)
    assert got is None


def test_same_seed_gives_the_same_symbols():
    first, second = (transmit(analog(), 10, "multipath", seed=3)[1] for _ in range(2))
    assert np.array_equal(first.symbols, second.symbols)


def test_time_varying_channel_is_refused():
    with pytest.raises(ValueError, match="flowgraph"):
        transmit(analog(), 10, "fading")
