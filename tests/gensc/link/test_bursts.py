"""The burst path in NumPy delivers symbols with the SNR that was asked for."""

import numpy as np
import pytest

from gensc.link.bursts import BurstPath, Section, header_of
from gensc.link.channels import draw
from gensc_phy.coding.bits import encode_bits
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.waveform.header import Section as Kind


def analog(n=6000, seed=1):
    rng = np.random.default_rng(seed)
    symbols = (rng.standard_normal((n, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return symbols / np.float32(np.sqrt(np.mean(np.abs(symbols) ** 2)))


def transmit(symbols, snr_db, channel="awgn", seed=1):
    path = BurstPath()
    header = header_of(Kind.ANALOG, (64, 64, 3), 32, len(symbols), aux=7, weights=1)
    sent = path.modulate([Section(header, symbols)])
    heard = path.through(sent, draw(channel, seed), snr_db, seed)
    return sent, heard[0] if heard else None


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


def test_a_time_varying_channel_differs_from_burst_to_burst():
    """The gain moves by little within the image, as at walking pace."""
    symbols = analog(20_000)
    _, got = transmit(symbols, 30, "fading", seed=2)
    assert got.complete
    levels = [np.median(part) for part in np.array_split(got.noise_var, 6)]
    assert max(levels) / min(levels) < 3
    error = np.mean(np.abs(got.symbols - symbols) ** 2 / got.noise_var)
    assert 10 * np.log10(error) == pytest.approx(0.0, abs=2.0)


def test_bursts_of_two_streams_take_turns_and_other_sections_keep_their_place():
    path, n = BurstPath(), 9000
    headers = [header_of(Kind.ANALOG, (64, 64, 3), 32, n, weights=m, stream=m - 1) for m in (1, 2)]
    first, second = (Section(h, analog(n, h.weights), stream=True) for h in headers)
    side = Section(header_of(Kind.BITS, (64, 64, 3), 0, 3), encode_bits(b"abc", MCS_TABLE[0]))
    order = [(h.section, h.weights) for h, _ in path._fragments([side, first, second, side])]
    assert order[0] == order[-1] == (Kind.BITS, 0)
    models = [model for kind, model in order if kind == Kind.ANALOG]
    assert models == [1, 2] * 3
    heard = path.through(path.modulate([side, first, second]), draw("awgn", 1), 15.0, 1)
    assert sorted((s.header.section, s.header.weights) for s in heard) == [
        (Kind.ANALOG, 1), (Kind.ANALOG, 2), (Kind.BITS, 0),
    ]  # fmt: skip
