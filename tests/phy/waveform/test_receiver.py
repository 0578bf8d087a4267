from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy import BurstModulator, BurstReceiver, WaveformConfig
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.frontend import iq_imbalance
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import Impairments, complex_noise, impair
from waveform import burst, header, payload, silence

THREE_TAPS = (0.8, 0.5j, -0.33)


def receive(samples, cfg=None):
    rx = BurstReceiver(cfg)
    return rx.push(samples) + rx.flush()


@pytest.mark.parametrize("n", [0, 1, 48, 500, 3840])
def test_a_clean_burst_comes_back_exactly(n):
    samples, symbols = burst(max(n, 1)) if n else burst(1)
    if n == 0:
        samples = np.concatenate(
            [silence(200), BurstModulator().modulate(header(0), symbols[:0]), silence(400)]
        )
        symbols = symbols[:0]
    (got,) = receive(samples)
    assert got.header == header(n)
    assert got.start == 200
    assert np.allclose(got.symbols, symbols, atol=2e-3)


def evm_db(got, symbols):
    return 10 * np.log10(np.mean(np.abs(got.symbols - symbols) ** 2))


@pytest.mark.parametrize("snr_db", [5, 15, 25])
@pytest.mark.parametrize("taps", [(1.0,), THREE_TAPS])
def test_evm_is_within_a_db_of_the_bound_with_cfo_and_clock_offset(snr_db, taps):
    cfg, rng = WaveformConfig(), np.random.default_rng(3)
    samples, symbols = burst(cfg.max_payload)
    h = np.fft.fft(taps, cfg.fft_size)[cfg.carriers][cfg.data_positions]
    bound = -snr_db + 10 * np.log10(np.mean(1 / np.abs(h) ** 2))
    channel = Impairments(snr_db, 0.23 / 64, 1.0, 10.0, 33.4, taps)
    evms = []
    for _ in range(5):
        (got,) = receive(impair(samples, channel, rng))
        evms.append(10 ** (evm_db(got, symbols) / 10))
    assert 10 * np.log10(np.mean(evms)) < bound + 1.0


def test_the_reported_noise_variance_is_the_error_on_every_class_of_carrier():
    cfg, rng = WaveformConfig(), np.random.default_rng(4)
    samples, symbols = burst(cfg.max_payload)
    ratio = []
    for _ in range(30):
        (got,) = receive(impair(samples, Impairments(12.0, 0.1 / 64, 0, 0, 5.0, THREE_TAPS), rng))
        error = np.abs(got.symbols - symbols) ** 2 / got.noise_var
        carrier = cfg.scattered_data[cfg.header_symbols :].ravel()
        ratio.append(np.bincount(carrier, error) / np.bincount(carrier))
    assert np.all(np.abs(np.mean(ratio, axis=0) - 1) < 0.15)


@pytest.mark.parametrize("snr_db", [0, 10, 25])
def test_the_snr_estimate_is_unbiased_and_steady(snr_db):
    rng = np.random.default_rng(6)
    samples, _ = burst(3840)
    found = [
        got.snr_db
        for _ in range(15)
        for got in receive(impair(samples, Impairments(snr_db, 0.2 / 64), rng))
    ]
    assert len(found) == 15
    assert abs(np.mean(found) - snr_db) < 0.3
    assert np.std(found) < 0.5


@given(chunks=st.lists(st.integers(1, 9000), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_how_the_stream_is_cut_does_not_matter(chunks):
    samples = np.concatenate([burst(600, image_id=i)[0] for i in range(3)])
    samples = samples + complex_noise(len(samples), 1e-3, np.random.default_rng(0))
    whole = receive(samples)
    rx, got, at = BurstReceiver(), [], 0
    while at < len(samples):
        for n in chunks:
            got += rx.push(samples[at : at + n])
            at += n
    got += rx.flush()
    assert [b.header for b in got] == [b.header for b in whole]
    assert [b.start for b in got] == [b.start for b in whole]
    for a, b in zip(got, whole, strict=True):
        assert np.allclose(a.symbols, b.symbols, atol=1e-3)


def test_back_to_back_bursts_are_all_received():
    rng = np.random.default_rng(8)
    cfg = WaveformConfig()
    mod = BurstModulator(cfg)
    parts = []
    for i in range(30):
        n = int(rng.integers(1, 700))
        parts += [mod.modulate(header(n, image_id=i), payload(n, i)), silence(cfg.gap)]
    samples = impair(np.concatenate([silence(100), *parts]), Impairments(20.0, 0.3 / 64), rng)
    assert [b.header.image_id for b in receive(samples)] == list(range(30))


def test_a_stream_that_ends_inside_a_burst_gives_what_was_heard():
    samples, symbols = burst(3840)
    rx = BurstReceiver()
    (got,) = rx.push(samples[:4000]) + rx.flush()
    heard = np.isfinite(got.noise_var)
    assert 0 < heard.sum() < 3840
    assert np.allclose(got.symbols[heard], symbols[heard], atol=2e-3)
    assert np.all(got.symbols[~heard] == 0)
    assert rx.stats.truncated == 1


def test_noise_gives_no_burst_and_samples_that_are_not_numbers_are_counted():
    rx = BurstReceiver()
    noise = complex_noise(300_000, 1.0, np.random.default_rng(9))
    noise[1000:1100] = np.nan
    noise[2000] = np.inf
    noise[3000] = 3e38  # its square is no number
    assert rx.push(noise) + rx.flush() == []
    assert rx.stats.not_finite == 102
    assert rx.stats.headers_ok == 0


def test_a_receiver_that_recovers_hears_the_next_burst_where_it_is():
    samples, _ = burst(3840)
    rx = BurstReceiver()
    rx.push(samples[:4000])
    rx.recover(10_000)
    (got,) = rx.push(samples) + rx.flush()
    assert rx.stats.samples == 10_000 + samples.size
    other = BurstReceiver()
    (expected,) = other.push(samples) + other.flush()
    assert got.start == expected.start + 10_000


def test_a_burst_longer_than_this_receiver_allows_is_refused():
    samples, _ = burst(3840)
    rx = BurstReceiver(WaveformConfig(max_payload_symbols=40))
    assert rx.push(samples) + rx.flush() == []
    assert rx.stats.headers_bad >= 1


def test_a_wrecked_header_is_counted_and_the_next_burst_still_received():
    cfg = WaveformConfig()
    first, _ = burst(400, image_id=1)
    at = 200 + cfg.preamble_len + cfg.ce_symbols * cfg.symbol_len
    first[at : at + cfg.header_symbols * cfg.symbol_len] = complex_noise(
        cfg.header_symbols * cfg.symbol_len, 1.0, np.random.default_rng(0)
    )
    second, _ = burst(400, image_id=2)
    rx = BurstReceiver()
    got = rx.push(np.concatenate([first, second])) + rx.flush()
    assert [b.header.image_id for b in got] == [2]
    assert rx.stats.headers_bad == 1


def test_precoded_symbols_share_the_noise_of_all_carriers():
    cfg = WaveformConfig(precode=True)
    samples, symbols = burst(cfg.max_payload, cfg)
    noisy = impair(samples, Impairments(15.0, 0, 0, 0, 0, THREE_TAPS), np.random.default_rng(2))
    (got,) = receive(noisy, cfg)
    per_symbol = got.noise_var.reshape(-1, cfg.n_data)
    assert np.ptp(per_symbol, axis=1).max() == 0
    error = np.mean(np.abs(got.symbols - symbols) ** 2)
    assert error == pytest.approx(float(per_symbol.mean()), rel=0.15)


def test_memory_stays_bounded_in_a_long_stream():
    rx = BurstReceiver()
    rng = np.random.default_rng(0)
    for _ in range(20):
        rx.push(complex_noise(50_000, 1.0, rng))
    assert rx._buffer.size < 60_000


@pytest.mark.parametrize("level", [1e-9, 1e-6, 1e6])
def test_no_figure_depends_on_the_level(level):
    samples, _ = burst(960)
    noisy = impair(samples, Impairments(15.0, 0.2 / 64), np.random.default_rng(11))
    (usual,), (scaled,) = receive(noisy), receive(noisy * np.float32(level))
    assert scaled.header == usual.header
    assert np.allclose(scaled.symbols, usual.symbols, atol=1e-3)
    assert scaled.noise_var == pytest.approx(usual.noise_var, rel=1e-2)
    assert scaled.noise_power == pytest.approx(usual.noise_power * level**2, rel=1e-2)


@pytest.mark.parametrize("at", [150, 230, 300, 500, 1500, 4000])
def test_a_spike_of_ten_thousand_times_the_level_hides_nothing(at):
    samples, symbols = burst(1920)
    noisy = impair(samples, Impairments(20.0), np.random.default_rng(12))
    noisy[at] += 1e4
    rx = BurstReceiver()
    (got,) = rx.push(noisy) + rx.flush()
    assert rx.stats.blanked == 1
    assert evm_db(got, symbols) < -18


def test_a_burst_that_ends_in_digital_silence_is_read_without_a_word_of_complaint():
    samples, symbols = burst(3840)
    cut = np.concatenate([samples[:4000], silence(9000)])
    (got,) = receive(cut)
    assert np.mean(np.abs(got.symbols[:900] - symbols[:900]) ** 2) < 0.01


def test_direct_voltage_and_image_of_a_cheap_mixer_cost_little():
    rng = np.random.default_rng(13)
    samples, symbols = burst(3840)
    noisy = impair(samples, Impairments(20.0, 1.7 / 64), rng)
    spoiled = iq_imbalance(noisy, 1.0, 5.0) + np.complex64(0.7 - 0.7j)
    (got,) = receive(spoiled)
    assert evm_db(got, symbols) < -19.4


@pytest.mark.parametrize("lost", [1, 3, 10, 80, 500, 2000])
def test_lost_samples_cost_what_lies_behind_them_and_nothing_else(lost):
    rng = np.random.default_rng(lost)
    cfg = WaveformConfig()
    first, symbols = burst(3840, image_id=1, before=300, after=200)
    second, _ = burst(480, image_id=2, before=0, after=1500)
    for at in (2600, 4000):
        heard = impair(np.concatenate([first, second]), Impairments(20.0, 0.7 / 64), rng)
        rx = BurstReceiver()
        gone = np.delete(heard, slice(at, at + lost))
        got = rx.push(gone) + rx.flush()
        assert [b.header.image_id for b in got] == [1, 2]
        assert rx.stats.slips == 1
        whole = (at - 300 - cfg.preamble_len) // cfg.symbol_len - cfg.overhead_symbols
        good = np.isfinite(got[0].noise_var)
        assert abs(good.sum() / cfg.n_data - whole) <= 2
        assert not good[(whole + 1) * cfg.n_data :].any()
        assert np.mean(np.abs(got[0].symbols - symbols)[good] ** 2) < 0.0125


@pytest.mark.parametrize("lost", [1, 7, 500, 20_000])
@pytest.mark.parametrize("piece", [977, 1 << 20])
def test_a_burst_is_cut_where_the_radio_says_that_samples_are_missing(lost, piece):
    cfg = WaveformConfig()
    first, symbols = burst(3840, image_id=1, before=300, after=200)
    tail, _ = burst(480, image_id=2, before=lost, after=1500)
    heard = impair(np.concatenate([first, tail]), Impairments(20.0), np.random.default_rng(lost))
    at = 300 + cfg.burst_len(3840) - 40 * cfg.symbol_len
    rx, got = BurstReceiver(), []
    for part in (heard[:at], heard[at + lost :]):
        for start in range(0, len(part), piece):
            got += rx.push(part[start : start + piece])
        rx.gap()
    got += rx.flush()
    assert [b.header.image_id for b in got] == [1, 2]
    assert (rx.stats.gaps, rx.stats.slips, rx.stats.truncated) == (2, 1, 0)
    assert got[0].cut == at
    assert got[1].cut is None
    # Forty of eighty symbols have come whole, but for where a window ends.
    good = np.isfinite(got[0].noise_var)
    assert abs(int(good.sum()) // cfg.n_data - 40) <= 1
    assert good[: good.sum()].all()
    assert np.mean(np.abs(got[0].symbols - symbols)[good] ** 2) < 0.0125


@pytest.mark.parametrize(
    "air",
    [
        ChannelConfig(snr_db=20.0, profile="tdl-b", delay_spread_s=3e-7, doppler_hz=200.0),
        ChannelConfig(snr_db=20.0, linewidth_hz=100.0),
        ChannelConfig(snr_db=20.0, impulse_rate=1e-3),
        ChannelConfig(snr_db=3.0),
        ChannelConfig(snr_db=15.0, interferer_db=0.0, interferer_hz=1.8e5, interferer_width_hz=1e5,
                      interferer_duty=0.2),
    ],
)  # fmt: skip
def test_nothing_else_is_taken_for_lost_samples(air):
    samples, _ = burst(3840, before=600, after=900)
    cuts = 0
    for seed in range(8):
        rx = BurstReceiver()
        rx.push(HostileChannel(air, seed).process(samples))
        rx.flush()
        cuts += rx.stats.slips
    assert cuts <= 1


@pytest.mark.parametrize(
    ("air", "loss_db"),
    [
        (ChannelConfig(profile="tdl-b", delay_spread_s=3e-7, doppler_hz=100.0), 1.0),
        (ChannelConfig(linewidth_hz=10.0, sampling_offset_ppm=20.0, cfo_hz=41e3), 1.5),
    ],
)
def test_the_reported_variances_hold_where_everything_moves(air, loss_db):
    samples, symbols = burst(3840, before=600, after=900)
    ratio = []
    for seed in range(12):
        (got,) = receive(HostileChannel(replace(air, snr_db=20.0), seed).process(samples))
        ratio.append(np.mean(np.abs(got.symbols - symbols) ** 2 / got.noise_var))
    assert abs(10 * np.log10(np.mean(ratio))) < loss_db


@pytest.mark.parametrize(("size", "snr_db"), [(16, -2.0), (8, 1.0), (4, 5.0)])
def test_headers_of_every_size_are_read_by_a_receiver_that_was_told_none(size, snr_db):
    rng = np.random.default_rng(14)
    cfg = WaveformConfig(header_symbols=size)
    samples, symbols = burst(960, cfg, after=1500)
    assert len(samples) == 200 + cfg.burst_len(960) + 1500
    for offset in rng.uniform(-6, 6, 10):
        (got,) = receive(impair(samples, Impairments(snr_db, offset / 64), rng))
        assert got.header == header(960)
        assert len(got.symbols) == len(symbols)
    (clean,) = receive(samples)
    assert np.allclose(clean.symbols, symbols, atol=3e-3)
