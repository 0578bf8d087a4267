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

from gensc_phy.waveform import cells
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.noise import Noise
from gensc_phy.waveform.noise import estimate as estimate_noise
from gensc_phy.waveform.phase import Phase, follow
from gensc_phy.waveform.tracking import Moments, drift_ramp, residual_rotation, track
from gensc_phy.waveform.wiener import Fit, Observed, best_fit, fit

_TINY = 1e-30
# Least noise variance over the power of the signal: what single precision leaves.
_FLOOR = 1e-9
# Turn from symbol to symbol, rad, that a header may leave; more is a channel's that moves.
_LEFT = 0.02
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
        if not (self.phase.score or self.model[1]):
            return 0.0
        h = self.channel.response * np.exp(1j * self.phase.angle)[:, None]
        return float(np.angle(np.vdot(h[:-1], h[1:])))


def unturned(known: Known, noise: Noise, cfg: WaveformConfig) -> tuple[Known, float]:
    """What is known without the turn that the offset as the header shows it has left.

    Args:
        known: training, header and payload.
        noise: of training and header.

    Returns:
        It, and the turn from symbol to symbol, rad.
    """
    z = _moments(known.received, known.sent, noise, len(noise.symbol), cfg).z[:, 0]
    spin = residual_rotation(z, 2 * _LEFT)
    if abs(spin) > _LEFT:
        return known, 0.0
    turn = np.exp(-1j * spin * np.arange(len(z))).astype(np.complex64)
    return replace(known, received=known.received * turn[:, None]), spin


def _moments(
    received: NDArray[np.complex64],
    sent: NDArray[np.complex64],
    noise: Noise,
    n_train: int,
    cfg: WaveformConfig,
) -> Moments:
    """Of the known carriers behind the mean channel of the first `n_train` symbols."""
    theta = (2 * np.pi / cfg.fft_size * cfg.carriers).astype(np.float32)
    n = len(sent)
    z, w = np.empty((n, 3), dtype=np.complex64), np.empty((n, 2), dtype=np.float32)
    cells.drift_moments(received, sent, noise.carrier, theta, n_train, z, w)
    return Moments(z=z, w=w[:, 0], leverage=w[:, 1])


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
    return _second_look(known, path, cfg)[0]


def _second_look(known: Known, path: Path, cfg: WaveformConfig) -> tuple[Path, Noise]:
    """`second_look`, and the noise that what it returns has left."""
    noise = _noise(known, path)
    if noise.alike(path.noise):
        return path, noise
    path = _explain(known, path.straight, path.drift, noise, path.model, cfg, climb=False)
    return path, _noise(known, path)


def equalise(known: Known, data: NDArray[np.int64], path: Path, cfg: WaveformConfig) -> Equalised:
    """Estimate everything that a burst has gone through, and undo it.

    Args:
        known: training, header and payload.
        data: positions of the payload's data carriers, [payload symbols, n_data].
        path: first look at them.
    """
    n, whole = len(known.received), len(data)
    path, noise = _second_look(known, path, cfg)
    h, error = path.channel.response, path.channel.error
    wrong = noise.cells + error
    if path.phase.variance:
        wrong += (h.real**2 + h.imag**2) * np.float32(path.phase.variance)
    if cfg.precode:
        rows = np.arange(n - whole, n)[:, None]
        y, h_data = path.aligned[rows, data], h[rows, data]
        power_data = np.maximum(h_data.real**2 + h_data.imag**2, _TINY)
        symbols, variance = _despread(y, h_data, power_data, wrong[rows, data])
    else:
        symbols = np.empty(data.shape, dtype=np.complex64)
        variance = np.empty(data.shape, dtype=np.float32)
        cells.undo(path.aligned, h, wrong, data, n - whole, symbols, variance)
    mean = np.empty(h.shape[1], dtype=np.complex64)
    energy = cells.average(h, error, mean)
    return Equalised(
        symbols=symbols,
        variance=variance,
        channel=mean,
        energy=max(energy, _TINY),
        noise=noise.level,
        drift=path.drift,
    )


def _straighten(
    known: Known, noise: Noise, n_train: int, cfg: WaveformConfig
) -> tuple[NDArray[np.complex64], float]:
    """Received carriers without the drift of the clocks; and the drift, samples per symbol."""
    theta = (2 * np.pi / cfg.fft_size * cfg.carriers).astype(np.float32)
    moments = _moments(known.received, known.sent, noise, n_train, cfg)
    found = track(moments, cfg.tracking_symbols)
    limit = _MAX_PPM * 1e-6 * cfg.symbol_len
    drift = min(max(found.drift, -limit), limit)
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
    variance = noise.cells
    power, of_noise, sent = cells.powers(straight, known.sent, variance)
    energy = max(power - of_noise, 1e-3 * power, _TINY) / max(sent, _TINY)
    observed = Observed.of(straight, known.sent, variance, energy)

    def path(phase: Phase, start: tuple[int, int]) -> Path:
        """The likeliest channel behind that phase."""
        turned, aligned = observed, straight
        if phase.score:
            turn = np.exp(-1j * phase.angle).astype(np.complex64)[:, None]
            turned = replace(observed, matched=observed.matched * turn)
            aligned = straight * turn
        if climb:
            channel, model = best_fit(turned, start, cfg)
        else:
            channel, model = fit(turned, *start, cfg), start
        score = channel.score + phase.score
        return Path(noise, drift, straight, channel, phase, aligned, score, model)

    def phase_behind(h: NDArray[np.complex64]) -> Phase:
        """Phase that is left behind a channel."""
        z = np.empty(len(straight), dtype=np.complex64)
        information = np.empty(len(straight), dtype=np.float32)
        cells.behind(observed.matched, observed.information, h, z, information)
        return follow(z, information)

    # What moves is the channel, and little is left for the oscillators …
    still = Phase(np.zeros(len(straight), dtype=np.float32), 0.0, 0.0)
    moving = path(still, model)
    phase = phase_behind(moving.channel.response)
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
    shape = known.sent.shape
    residual, count = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    h, error, variance = path.channel.response, path.channel.error, path.noise.cells
    power = cells.misfits(path.aligned, known.sent, h, error, variance, residual, count)
    noise = estimate_noise(residual, count, known.empty)
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
