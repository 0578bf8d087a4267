"""Channel, phase and noise over a whole burst, and its payload equalised with them.

Y[m, k] = e^{j(phi_m - theta_k tau m)} H[m, k] X[m, k] + noise: H moves slowly and over all carriers
(`wiener`), phi_m is the oscillators' phase and residual offset (`phase`), tau the drift of the
sampling clocks (`tracking`). What they leave of the known carriers is the noise (`noise`). All of
them are estimated in turn, twice: each is better when the others are known better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.noise import Noise
from gensc_phy.waveform.noise import estimate as estimate_noise
from gensc_phy.waveform.phase import Phase, follow
from gensc_phy.waveform.tracking import Moments, drift_ramp, track
from gensc_phy.waveform.wiener import Fit, Observed, best_fit, fit

_TINY = 1e-30
# Least noise variance over the power of the signal: what single precision leaves.
_FLOOR = 1e-9
# Two sampling clocks are hardly further apart than this.
_MAX_PPM = 100.0


@dataclass(frozen=True)
class Known:
    """What is received of a burst, and what is known of it.

    Attributes:
        received: carriers, [symbols, occupied].
        sent: the same as sent, 0 where that is not known.
        empty: squared magnitudes of the carriers that carry nothing, [symbols, empty].
    """

    received: NDArray[np.complex64]
    sent: NDArray[np.complex64]
    empty: NDArray[np.float32]


@dataclass(frozen=True)
class Equalised:
    """A payload, and what was found on the way.

    Attributes:
        symbols: payload symbols, [ofdm symbols, n_data].
        variance: of their errors, same shape.
        channel: mean response over the burst, [occupied].
        energy: mean of |H|^2.
        noise: mean noise variance per carrier.
        drift: timing drift, samples per symbol.
    """

    symbols: NDArray[np.complex64]
    variance: NDArray[np.float32]
    channel: NDArray[np.complex64]
    energy: float
    noise: float
    drift: float


@dataclass(frozen=True)
class Path:
    """One explanation of what was received.

    Attributes:
        noise: variance of its cells.
        drift: timing drift, samples per symbol.
        straight: received carriers without it, [symbols, occupied].
        channel: H.
        phase: of every symbol.
        aligned: received carriers with the phase taken away, [symbols, occupied].
        score: log-likelihood.
        model: spread and Doppler.
    """

    noise: Noise
    drift: float
    straight: NDArray[np.complex64]
    channel: Fit
    phase: Phase
    aligned: NDArray[np.complex64]
    score: float
    model: tuple[int, int]

    @property
    def rotation(self) -> float:
        """Mean turn of the channel from symbol to symbol, rad."""
        h = self.channel.response() * np.exp(1j * self.phase.angle)[:, None]
        return float(np.angle(np.vdot(h[:-1], h[1:])))


def first_look(known: Known, noise: Noise, model: tuple[int, int], cfg: WaveformConfig) -> Path:
    """Channel, phase and drift as they look with the noise of training and header.

    Args:
        known: training, header and payload.
        noise: of training and header.
        model: channel model that they suggest.
    """
    n, n_train = len(known.received), len(noise.symbol)
    noise = noise.longer(n)
    straight, drift = _straighten(known, noise, n_train, cfg)
    return _explain(known, straight, drift, noise, model, cfg)


def second_look(known: Known, path: Path, cfg: WaveformConfig) -> Path:
    """The same with the noise that the first look has shown, where that is another one."""
    noise = _noise(known, path)
    if noise.alike(path.noise):
        return path
    return _explain(known, path.straight, path.drift, noise, path.model, cfg, climb=False)


def equalise(known: Known, data: NDArray[np.int64], path: Path, cfg: WaveformConfig) -> Equalised:
    """Estimate everything that a burst has gone through, and undo it.

    Args:
        known: training, header and payload.
        data: positions of the payload's data carriers, [payload symbols, n_data].
        path: first look at them.
    """
    n, whole = len(known.received), len(data)
    path = second_look(known, path, cfg)
    noise = _noise(known, path)

    h, error = path.channel.response(), path.channel.error()
    power = np.maximum(h.real**2 + h.imag**2, _TINY)
    rows = np.arange(n - whole, n)[:, None]
    y = path.aligned[rows, data]
    of_noise = (noise.cells() + error + power * path.phase.variance)[rows, data]
    h_data, power_data = h[rows, data], power[rows, data]
    if cfg.precode:
        symbols, variance = _despread(y, h_data, power_data, of_noise)
    else:
        symbols, variance = y * np.conj(h_data) / power_data, of_noise / power_data
    energy = float(np.mean(power) - np.mean(error))
    return Equalised(
        symbols=symbols,
        variance=variance,
        channel=h.mean(axis=0),
        energy=max(energy, _TINY),
        noise=noise.level,
        drift=path.drift,
    )


def _straighten(
    known: Known, noise: Noise, n_train: int, cfg: WaveformConfig
) -> tuple[NDArray[np.complex64], float]:
    """Received carriers without the drift of the clocks; and the drift, samples per symbol."""
    theta = (2 * np.pi / cfg.fft_size * cfg.carriers).astype(np.float32)
    sent2 = known.sent.real**2 + known.sent.imag**2
    weight = sent2 / noise.carrier
    train = slice(0, n_train)
    matched = np.sum(np.conj(known.sent[train]) * known.received[train], axis=0)
    h = matched / np.maximum(sent2[train].sum(axis=0), _TINY)
    z = known.received * np.conj(known.sent * h) / noise.carrier
    basis = Moments.basis(theta)
    w = (weight * (h.real**2 + h.imag**2)) @ basis
    found = track(Moments(z=z @ basis, w=w[:, 0], leverage=w[:, 2]), cfg.tracking_symbols)
    limit = _MAX_PPM * 1e-6 * cfg.symbol_len
    drift = float(np.clip(found.drift, -limit, limit))
    return known.received * drift_ramp(drift, 0, len(known.received), theta), drift


def _explain(
    known: Known,
    straight: NDArray[np.complex64],
    drift: float,
    noise: Noise,
    model: tuple[int, int],
    cfg: WaveformConfig,
    climb: bool = True,
) -> Path:
    """The likeliest channel and phase for a given noise.

    Args:
        climb: look for a likelier model than the one given.
    """
    seen = known.sent != 0
    cells = noise.cells()
    sent2 = known.sent.real**2 + known.sent.imag**2
    received2 = np.where(seen, straight.real**2 + straight.imag**2, 0)
    excess = float(received2.sum() - cells[seen].sum())
    energy = max(excess, 1e-3 * float(received2.sum()), _TINY) / float(sent2.sum())
    observed = Observed.of(straight, known.sent, cells, energy)

    def path(phase: Phase, start: tuple[int, int]) -> Path:
        """The likeliest channel behind that phase."""
        turn = np.exp(-1j * phase.angle).astype(np.complex64)[:, None]
        turned = replace(observed, matched=observed.matched * turn)
        if climb:
            channel, model = best_fit(turned, start, cfg)
        else:
            channel, model = fit(turned, *start, cfg), start
        score = channel.score + phase.score
        return Path(noise, drift, straight, channel, phase, straight * turn, score, model)

    def phase_behind(h: NDArray[np.complex64]) -> Phase:
        """Phase that is left behind a channel."""
        z = np.sum(observed.matched * np.conj(h), axis=1)
        return follow(z, np.sum(observed.information * (h.real**2 + h.imag**2), axis=1))

    # What moves is the channel, and little is left for the oscillators …
    still = Phase(np.zeros(len(straight), dtype=np.float32), 0.0, 0.0)
    moving = path(still, model)
    phase = phase_behind(moving.channel.response())
    if phase.score:
        moving = path(phase, moving.model)
    if not (phase.score or moving.model[1]):
        return moving
    # … or it is the oscillators, and the channel stands still.
    h = observed.matched.sum(axis=0) / np.maximum(observed.information.sum(axis=0), _TINY)
    steady = phase_behind(h[None])
    if not steady.score:
        return moving
    turn = np.exp(-1j * steady.angle).astype(np.complex64)
    h = turn @ observed.matched / np.maximum(observed.information.sum(axis=0), _TINY)
    turning = path(phase_behind(h[None]), (moving.model[0], 0))
    return max(moving, turning, key=lambda p: p.score)


def _noise(known: Known, path: Path) -> Noise:
    """Noise from what the channel and phase leave of the known cells."""
    seen = known.sent != 0
    left = path.aligned - known.sent * path.channel.response()
    residual = np.where(seen, left.real**2 + left.imag**2, 0)
    sent2 = known.sent.real**2 + known.sent.imag**2
    # A cell that the estimate was fitted to shows less than its noise.
    leverage = np.minimum(path.channel.error() * sent2 / path.noise.cells(), 0.9)
    noise = estimate_noise(residual, seen * (1 - leverage), known.empty)
    power = float(np.mean(np.abs(known.received[seen]) ** 2))
    return replace(noise, carrier=np.maximum(noise.carrier, np.float32(_FLOOR * power)))


def _despread(
    y: NDArray[np.complex64],
    h: NDArray[np.complex64],
    power: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Unbiased MMSE equalisation of DFT-precoded symbols; all [symbols, n_data].

    With mu the mean of |H|^2/(|H|^2 + N0) over the carriers, the despread symbol is mu x plus an
    error of variance mu(1 - mu), so x has the noise variance (1 - mu)/mu.
    """
    equalised = y * np.conj(h) / (power + noise)
    mu = np.mean(power / (power + noise), axis=1, keepdims=True)
    symbols = scipy.fft.ifft(equalised, axis=1, norm="ortho") / mu
    variance = np.broadcast_to((1 - mu) / mu, symbols.shape)
    return symbols.astype(np.complex64), variance.astype(np.float32)
