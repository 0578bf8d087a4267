"""Compiled inner loops against the same in NumPy."""

import numpy as np
import pytest
import scipy.fft

from gensc_phy import WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform import cells, preamble_search, training
from gensc_phy.waveform.balance import _moments
from gensc_phy.waveform.blanking import _suspect
from gensc_phy.waveform.detect import PreambleDetector
from gensc_phy.waveform.median import upper_median
from gensc_phy.waveform.noise import Noise, estimate
from gensc_phy.waveform.phase import _observe, _sines, _waves
from gensc_phy.waveform.shrinkage import shrink
from gensc_phy.waveform.tracking import drift_ramp, residual_rotation

CFG = WaveformConfig()
N, K = 40, CFG.occupied
RNG = np.random.default_rng(0)


def gaussian(*shape):
    return complex_noise(int(np.prod(shape)), 1.0, RNG).reshape(shape)


def positive(*shape):
    return RNG.uniform(0.5, 2.0, shape).astype(np.float32)


@pytest.fixture
def burst():
    """Received carriers, sent ones (a third of them known), channel and noise variance."""
    sent = gaussian(N, K) * (RNG.random((N, K)) < 0.3)
    return gaussian(N, K), sent.astype(np.complex64), gaussian(N, K), positive(N, K)


def test_sums_over_cells(burst):
    y, x, h, variance = burst
    information, matched = np.empty_like(variance), np.empty_like(x)
    total = cells.observe(y, x, variance, information, matched)
    assert np.allclose(information, np.abs(x) ** 2 / variance, rtol=1e-5)
    assert np.allclose(matched, np.conj(x) * y / variance, rtol=1e-5)
    assert total == pytest.approx(information.sum(dtype=float), rel=1e-5)

    seen = x != 0
    expected = (np.abs(y[seen]) ** 2).sum(), variance[seen].sum(), (np.abs(x) ** 2).sum()
    assert cells.powers(y, x, variance) == pytest.approx(expected, rel=1e-4)

    z, energy = np.empty(N, np.complex64), np.empty(N, np.float32)
    for channel in (h, h[:1]):
        cells.behind(matched, information, channel, z, energy)
        assert np.allclose(z, np.sum(matched * np.conj(channel), axis=1), atol=1e-4)
        assert np.allclose(energy, np.sum(information * np.abs(channel) ** 2, axis=1), rtol=1e-4)


def test_the_mean_channel_and_its_energy(burst):
    _, _, h, error = burst
    mean = np.empty(K, np.complex64)
    energy = cells.average(h, error, mean)
    assert np.allclose(mean, h.mean(axis=0), atol=1e-6)
    assert energy == pytest.approx(np.mean(np.abs(h) ** 2) - np.mean(error), rel=1e-5)


def test_misfits_of_known_cells(burst):
    y, x, h, variance = burst
    seen, error = x != 0, positive(N, K) / 10
    residual, count = np.empty_like(variance), np.empty_like(variance)
    power = cells.misfits(y, x, h, error, variance, residual, count)
    left = np.abs(y - x * h) ** 2
    assert power == pytest.approx(np.mean(np.abs(y[seen]) ** 2), rel=1e-4)
    assert np.allclose(residual, np.where(seen, left, 0), rtol=1e-3, atol=1e-5)
    leverage = np.minimum(error * np.abs(x) ** 2 / variance, 0.9)
    assert np.allclose(count, seen * (1 - leverage), atol=1e-5)

    noise, mean = positive(K), np.empty(N - 5)
    cells.surprise(y, x, h, error, noise, 0.1, 5, mean)
    ratio = np.where(seen, left / (noise + error + 0.1 * np.abs(h) ** 2), 0)[5:]
    assert np.allclose(mean, ratio.sum(axis=1) / np.maximum(seen[5:].sum(axis=1), 1), rtol=1e-3)


def test_the_channel_is_undone_where_there_is_data(burst):
    y, _, h, variance = burst
    data, first = CFG.scattered_data[:12], 7
    symbols = np.empty(data.shape, np.complex64)
    noise = np.empty(data.shape, np.float32)
    cells.undo(y, h, variance, data, first, symbols, noise)
    rows = np.arange(first, first + 12)[:, None]
    assert np.allclose(symbols, (y / h)[rows, data], rtol=1e-3)
    assert np.allclose(noise, (variance / np.abs(h) ** 2)[rows, data], rtol=1e-3)


def test_moments_of_the_drift(burst):
    y, x, _, _ = burst
    x[:4] = gaussian(4, K)
    variance, theta = positive(K), np.linspace(-1, 1, K, dtype=np.float32)
    z, w = np.empty((N, 3), np.complex64), np.empty((N, 2), np.float32)
    cells.drift_moments(y, x, variance, theta, 4, z, w)
    h = (np.conj(x[:4]) * y[:4]).sum(axis=0) / (np.abs(x[:4]) ** 2).sum(axis=0)
    matched, weight = y * np.conj(x * h) / variance, np.abs(x * h) ** 2 / variance
    for power in range(3):
        assert np.allclose(z[:, power], (matched * theta**power).sum(axis=1), rtol=1e-2, atol=1e-2)
    for at, power in enumerate((0, 2)):
        assert np.allclose(w[:, at], (weight * theta**power).sum(axis=1), rtol=1e-3)


def plain_shrink(estimates, counts, below):
    n, seen = np.maximum(counts, 1), counts > 0
    corrected = (estimates / (1 - 1 / (9 * n)) ** 3)[seen]
    centre = np.sort(corrected)[len(corrected) // 2]
    far = 4.5 / np.sqrt(n)
    plain = seen & (estimates <= centre * (1 + far))
    if below:
        plain &= estimates >= centre * np.exp(-far)
    number = max(1, plain.sum())
    common = (counts * plain) @ estimates / (counts * plain).sum()
    relative = (estimates / common - 1) * plain
    chance = (plain / n).sum() / number
    spread = max(0, relative @ relative / number - chance)
    spread = max(0, spread - 2 * chance * (2 / number) ** 0.5)
    return np.where(plain | ~seen, common * (1 + spread / (spread + 1 / n) * relative), estimates)


@pytest.mark.parametrize("below", [False, True])
def test_shrinking(below):
    for spread in (0.1, 3.0):
        counts = RNG.integers(0, 12, 60).astype(float)
        estimates = RNG.gamma(10, 0.1, 60) * np.exp(spread * RNG.standard_normal(60))
        assert np.allclose(shrink(estimates, counts, below), plain_shrink(estimates, counts, below))


def test_noise_of_an_even_burst():
    count = np.ones((N, K), np.float32)
    residual = RNG.exponential(2.0, (N, K)).astype(np.float32)
    found = estimate(residual, count, np.zeros((N, 0), np.float32))
    expected = plain_shrink(residual.mean(axis=0, dtype=float), np.full(K, float(N)), False)
    assert np.allclose(found.carrier, expected, rtol=1e-5)
    noise = Noise(positive(K), positive(N), positive(N // 8, 8))
    tiles = noise.tile[np.arange(N)[:, None] // 8, np.arange(K) * 8 // K]
    assert np.allclose(noise.cells, noise.symbol[:, None] * noise.carrier * tiles)


@pytest.mark.parametrize("n", [1, 2, 11, 64, 99])
def test_medians(n):
    for values in (RNG.random(n), np.round(RNG.random(n), 1)):
        assert upper_median(values.copy(), n) == np.sort(values)[n // 2]


def test_phases_and_their_steps():
    matched, information = gaussian(N) + np.complex64(5), positive(N)
    observed, noise, steps = np.empty(N), np.empty(N), np.empty(N - 1)
    typical, _ = _observe(matched, information, _sines(N), _waves(N), observed, noise, steps)
    unwrapped = np.unwrap(np.angle(matched).astype(float))
    assert np.allclose(observed, unwrapped, atol=1e-5)
    spectrum = scipy.fft.dst(np.diff(unwrapped), type=1, norm="ortho")
    assert np.allclose(steps, spectrum**2, atol=1e-4)
    assert typical == pytest.approx(np.sort(0.5 / information)[N // 2])


@pytest.mark.parametrize("limit", [0.1, 1.0, 4.0])
def test_the_peak_of_the_periodogram(limit):
    gains = np.exp(0.07j * np.arange(N)) + 0.3 * gaussian(N)
    power = np.abs(np.fft.fft(gains, 1 << 16)) ** 2
    angles = 2 * np.pi * np.fft.fftfreq(1 << 16)
    best = angles[np.argmax(np.where(np.abs(angles) <= limit, power, 0))]
    assert residual_rotation(gains.astype(np.complex64), limit) == pytest.approx(best, abs=5e-3)


def test_the_ramp_of_a_drift():
    theta = np.linspace(-2, 2, K)
    expected = np.exp(0.003j * np.arange(5, 105)[:, None] * theta)
    assert np.allclose(drift_ramp(0.003, 5, 100, theta), expected, atol=1e-6)


@pytest.mark.parametrize("antennas", [1, 3])
def test_the_metric_of_the_repetition(antennas):
    detector, n, lags = PreambleDetector(CFG), CFG.fft_size, CFG.preamble_repeats - 1
    x = gaussian(antennas, 600)
    x[:, 100:356] += np.tile(gaussian(64), 4) * 2
    found = detector.metric(x if antennas > 1 else x[0])
    p = np.conj(x[:, :-n]) * x[:, n:]
    for at, value in enumerate(found):
        start = 4 * at
        sums = [p[:, start + k * n : start + (k + 1) * n].sum() for k in range(lags)]
        d = np.abs(detector._weights @ sums / detector._peak).max()
        energy = np.sum(np.abs(x[:, start : start + detector.reach]) ** 2) / detector.reach
        assert value == pytest.approx(d / energy, rel=1e-3)


def test_the_strongest_offset_and_delay():
    spectra = gaussian(2, 4 * 64, 64)
    spectra[:, 9::64, 5] += 4
    k, delay, strength = preamble_search.strongest(spectra, 16)
    power = (np.abs(spectra) ** 2).reshape(-1, 64, 64).sum(axis=0)
    windows = np.array([np.roll(power, -i, axis=0)[:16].sum(axis=0) for i in range(64)])
    assert (k, delay) == (5, 9)
    assert strength == pytest.approx((windows.max(axis=0) - windows.mean(axis=0))[5], rel=1e-4)


def test_windows_and_decisions():
    x = gaussian(2, 5 * 80)
    out = np.empty((2, 5, 64), np.complex64)
    training.windows(x, 0.013, 17, out)
    turned = x * np.exp(-2j * np.pi * 0.013 * (17 + np.arange(400)))
    assert np.allclose(out, turned.reshape(2, 5, 80)[:, :, :64], atol=1e-4)
    received, h, template = gaussian(6, K), gaussian(6, K), np.zeros((6, K), np.complex64)
    template[:2] = 3
    sent = np.empty_like(received)
    training.decide(received, h, template, sent)
    assert (sent[:2] == 3).all()
    z = (received * np.conj(h))[2:]
    assert np.allclose(sent[2:], (np.sign(z.real) + 1j * np.sign(z.imag)) / np.sqrt(2))


def test_moments_and_peaks_of_samples():
    x, sums = gaussian(2, 640), np.empty((2, 4), np.complex128)
    _moments(x, sums)
    expected = [x.sum(axis=1), (x**2).sum(axis=1), *((np.abs(x) ** n).sum(axis=1) for n in (2, 4))]
    assert np.allclose(sums.T, expected, rtol=1e-4, atol=1e-3)
    rows = gaussian(10, 64)
    rows[3, 5] = 20
    suspects = np.empty(10, np.bool_)
    power = np.abs(rows) ** 2
    peak = power.max(axis=1)
    assert _suspect(rows, suspects) == suspects.sum() >= 1
    assert (suspects == (peak > 8 * (power.sum(axis=1) - peak) / 63)).all()
