"""One burst: from its samples to the header and the equalised payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.detect import Detection
from gensc_phy.waveform.estimate import (
    PRE_CURSOR,
    delay_projection,
    estimate_from_known,
    estimate_from_training,
    first_path,
)
from gensc_phy.waveform.header import Header, HeaderError
from gensc_phy.waveform.header_code import decode_header, encode_header
from gensc_phy.waveform.sequences import ce_carriers, pilots
from gensc_phy.waveform.tracking import Moments, Track, drift_ramp, residual_rotation, track

Samples = Callable[[int, int], NDArray[np.complex64]]
"""Gives the samples from an absolute index to another (exclusive)."""

_TINY = 1e-12
# Least ratio of explained to unexplained energy of the training symbols: at 0 dB it is about 7.
_EXPLAINED = 2.2


@dataclass(frozen=True)
class Burst:
    """One received burst.

    Attributes:
        header: decoded header.
        symbols: equalised payload symbols [header.length]; 0 where the stream ended too early.
        noise_var: variance of the error of each of them [header.length]; inf where missing.
        snr_db: mean Es/N0 over the occupied carriers, before equalisation.
        cfo_hz: carrier frequency offset.
        start: absolute index of the burst's first sample.
        noise_power: noise variance per carrier.
        channel: estimated response on the occupied carriers [occupied].
        metric: detection metric, 0…1.
        sampling_offset_ppm: sampling clock offset from the timing drift.
    """

    header: Header
    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]
    snr_db: float
    cfo_hz: float
    start: int
    noise_power: float
    channel: NDArray[np.complex64]
    metric: float
    sampling_offset_ppm: float


@dataclass(frozen=True)
class Acquired:
    """A burst whose header is read and whose payload may still be arriving.

    Attributes:
        header: decoded header.
        origin: absolute index of the first training symbol's FFT window.
        cfo: carrier offset, cycles per sample.
        metric: detection metric.
        known: carriers of training and header as sent, [overhead, occupied].
        received: the same as received, [overhead, occupied].
        channel: response on the occupied carriers, [occupied].
    """

    header: Header
    origin: int
    cfo: float
    metric: float
    known: NDArray[np.complex64]
    received: NDArray[np.complex64]
    channel: NDArray[np.complex64]


def spectra(
    samples: Samples, first: int, count: int, cfo: float, origin: int, cfg: WaveformConfig
) -> NDArray[np.complex64]:
    """FFT of `count` symbols, the first one's window at `first` (absolute).

    The offset `cfo` is removed with phase 0 at `origin`. Returns [..., count, fft_size], where
    `samples` gives [..., n].
    """
    x = samples(first, first + count * cfg.symbol_len)
    x = x.reshape(*x.shape[:-1], count, cfg.symbol_len)
    turn = -2j * np.pi * cfo
    # e^{j w (a + b)} as a product of two short tables instead of one long one.
    within = np.exp(turn * np.arange(cfg.fft_size)).astype(np.complex64)
    start = first - origin + np.arange(count) * cfg.symbol_len
    between = np.exp(turn * start).astype(np.complex64)
    windows = x[..., : cfg.fft_size] * within * between[:, None]
    return scipy.fft.fft(windows, axis=-1, norm="ortho", overwrite_x=True)


class BurstDemodulator:
    """Reads header and payload of a burst that the detector has found."""

    def __init__(self, cfg: WaveformConfig) -> None:
        self.cfg = cfg
        c = cfg
        # From the first preamble sequence to the FFT window of the first training symbol.
        self.to_training = c.preamble_repeats * c.fft_size + c.cp_len
        self.to_payload = self.to_training + c.overhead_symbols * c.symbol_len
        self._smooth, self._rank = delay_projection(c)
        self._pilots = pilots(c)
        self._data_bins = c.carriers[c.data_positions]
        self._pilot_bins = c.carriers[c.pilot_positions]
        theta = (2 * np.pi / c.fft_size * c.carriers).astype(np.float32)
        self._theta = theta
        self._theta_data = theta[c.data_positions]
        self._basis = Moments.basis(theta)
        self._basis_pilots = Moments.basis(theta[c.pilot_positions])
        template = np.zeros((c.overhead_symbols, c.occupied), dtype=np.complex64)
        template[: c.ce_symbols] = ce_carriers(c)
        template[c.ce_symbols :, c.pilot_positions] = self._pilots[: c.header_symbols]
        self._template = template
        self._template_conj = np.conj(template)

    def span(self, header: Header) -> int:
        """Samples from the first training window to the end of the last payload symbol."""
        n = self.cfg.overhead_symbols + self.cfg.payload_ofdm_symbols(header.length)
        return n * self.cfg.symbol_len

    def acquire(self, samples: Samples, start: int, found: Detection) -> Acquired:
        """Estimate the channel and read the header of the burst detected at `start`.

        Raises:
            HeaderError: it cannot be read.
        """
        c = self.cfg
        n_ce, n_all, cfo = c.ce_symbols, c.overhead_symbols, found.cfo
        origin = start + self.to_training - PRE_CURSOR
        received = spectra(samples, origin, n_all, cfo, origin, c)[:, c.carriers]
        shift = first_path(estimate_from_training(received[:n_ce], c), c) - PRE_CURSOR
        if shift:
            origin += shift
            received = spectra(samples, origin, n_all, cfo, origin, c)[:, c.carriers]

        ce = self._template[0]
        h = self._smooth @ estimate_from_training(received[:n_ce], c)
        matched = (received * self._template_conj) @ np.conj(h)
        spin = residual_rotation(matched)
        # The training symbols, whose mean H is, are centred at symbol (n_ce - 1) / 2.
        turns = np.exp(-1j * spin * (np.arange(n_all) - (n_ce - 1) / 2)).astype(np.complex64)
        aligned = received * turns[:, None]
        error = (aligned[:n_ce] - ce * h).ravel()
        dof = n_ce * c.occupied - self._rank
        noise = max(float(np.vdot(error, error).real) / dof, _TINY)
        # Energy per dimension of what is explained over that of what is not: 1 where nothing is.
        explained = n_ce * float(np.vdot(ce * h, ce * h).real) / self._rank
        if explained < _EXPLAINED * noise:
            raise HeaderError("no training symbols behind the preamble")
        h_data = h[c.data_positions]
        gain = np.maximum(h_data.real**2 + h_data.imag**2, _TINY)
        equalised = aligned[n_ce:, c.data_positions] * (np.conj(h_data) / gain)
        noise_var = np.broadcast_to((noise / gain).astype(np.float32), equalised.shape)
        header = decode_header(equalised, noise_var, c)
        if header.length > c.max_payload:
            raise HeaderError(
                f"{header.length} payload symbols, this receiver allows {c.max_payload}"
            )

        # The header is now as good as training: estimate again from all of it.
        known = self._template.copy()
        known[n_ce:, c.data_positions] = encode_header(header, c)
        spin = residual_rotation((received * np.conj(known)) @ np.conj(h))
        # Only the rotation from symbol to symbol is undone here: what the offset does inside a
        # symbol is far below the noise that caused it.
        received = received * np.exp(-1j * spin * np.arange(n_all)).astype(np.complex64)[:, None]
        return Acquired(
            header=header,
            origin=origin,
            cfo=cfo + spin / (2 * np.pi * c.symbol_len),
            metric=found.metric,
            known=known,
            received=received,
            channel=self._smooth @ estimate_from_known(received, known),
        )

    def missing(self, a: Acquired, end: int) -> int:
        """Samples of the payload that lie at or beyond absolute index `end`."""
        c = self.cfg
        n_ofdm = c.payload_ofdm_symbols(a.header.length)
        first = a.origin + c.overhead_symbols * c.symbol_len
        return max(0, first + (n_ofdm - 1) * c.symbol_len + c.fft_size - end)

    def payload(self, samples: Samples, a: Acquired, missing: int = 0) -> Burst:
        """Equalise the payload; of its last `missing` samples nothing is used."""
        c = self.cfg
        n_train, rank = c.overhead_symbols, self._rank
        n_ofdm = c.payload_ofdm_symbols(a.header.length)
        whole = max(0, n_ofdm - -(-missing // c.symbol_len))
        first = a.origin + n_train * c.symbol_len
        received = spectra(samples, first, whole, a.cfo, a.origin, c)

        power = np.maximum(a.channel.real**2 + a.channel.imag**2, _TINY)
        at_pilots = received[:, self._pilot_bins]
        sent_pilots = self._pilots[c.header_symbols : c.header_symbols + whole]
        tracked = track(self._moments(a, power, at_pilots, sent_pilots), c.tracking_symbols)
        noise = self._noise(a, tracked, at_pilots, sent_pilots)
        # What the estimates of H and of the gain add to every symbol's error.
        energy = float(power.sum()) / len(power)
        from_h = rank / c.occupied / n_train
        error = noise * (1.0 + from_h + tracked.gain_error * energy)
        signal = max(energy - noise * from_h, _TINY)

        gain = tracked.gain[n_train:, None]
        y = received[:, self._data_bins]
        y *= drift_ramp(tracked.drift, n_train, whole, self._theta_data)
        h, power = a.channel[c.data_positions], power[c.data_positions]
        gain_power = np.maximum(gain.real**2 + gain.imag**2, _TINY)
        if c.precode:
            y *= np.conj(gain)
            symbols, variance = _despread(y, h, power * gain_power, error)
        else:
            y *= np.conj(gain) / gain_power
            y *= np.conj(h) / power
            symbols = y
            variance = (error / gain_power) * (1.0 / power)
        n = a.header.length
        out = np.zeros(n, dtype=np.complex64)
        out_var = np.full(n, np.inf, dtype=np.float32)
        here = min(n, whole * c.n_data)
        out[:here] = symbols.ravel()[:here]
        out_var[:here] = variance.ravel()[:here]
        return Burst(
            header=a.header,
            symbols=out,
            noise_var=out_var,
            snr_db=float(10 * np.log10(signal / noise)),
            cfo_hz=a.cfo * c.sample_rate,
            start=a.origin + PRE_CURSOR - self.to_training - c.cp_len,
            noise_power=noise,
            channel=a.channel,
            metric=a.metric,
            sampling_offset_ppm=tracked.drift / c.symbol_len * 1e6,
        )

    def _moments(
        self,
        a: Acquired,
        power: NDArray[np.float32],
        at_pilots: NDArray[np.complex64],
        sent_pilots: NDArray[np.complex64],
    ) -> Moments:
        """Training, header and pilots of a burst against the channel estimate."""
        c = self.cfg
        sent2 = a.known.real**2 + a.known.imag**2
        z = (a.received * np.conj(a.known * a.channel)) @ self._basis
        z_pilots = at_pilots * np.conj(sent_pilots * a.channel[c.pilot_positions])
        pilot_power = power[c.pilot_positions]
        n = len(at_pilots)
        weights = np.stack([power, power * self._theta**2], axis=1)
        w = sent2 @ weights
        w_pilots = np.array(
            [pilot_power.sum(), (pilot_power * self._theta[c.pilot_positions] ** 2).sum()]
        )
        return Moments(
            z=np.concatenate([z, z_pilots @ self._basis_pilots]),
            w=np.concatenate([w[:, 0], np.full(n, w_pilots[0])]).astype(np.float32),
            leverage=np.concatenate([w[:, 1], np.full(n, w_pilots[1])]).astype(np.float32),
        )

    def _noise(
        self,
        a: Acquired,
        tracked: Track,
        at_pilots: NDArray[np.complex64],
        sent_pilots: NDArray[np.complex64],
    ) -> float:
        """Noise variance per carrier: what the fit leaves of the known carriers."""
        c = self.cfg
        n_t, n_p = len(a.known), len(at_pilots)
        gain = tracked.gain[:, None]
        ramp = drift_ramp(-tracked.drift, 0, n_t + n_p, self._theta[c.pilot_positions])
        # The drift over the training is far below what its carriers could show.
        of_training = (a.received - a.known * a.channel * gain[:n_t]).ravel()
        at = c.pilot_positions
        of_pilots = (at_pilots - sent_pilots * a.channel[at] * gain[n_t:] * ramp[n_t:]).ravel()
        left = np.vdot(of_training, of_training).real + np.vdot(of_pilots, of_pilots).real
        parameters = self._rank + 2 * n_p / c.tracking_symbols
        return max(float(left) / max(1.0, of_training.size + of_pilots.size - parameters), _TINY)


def _despread(
    matched: NDArray[np.complex64],
    h: NDArray[np.complex64],
    power: NDArray[np.float32],
    noise: float,
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Unbiased MMSE equalisation of DFT-precoded symbols; all [symbols, n_data].

    `matched` is already multiplied by the conjugate gain of its symbol. With mu the mean of
    |H|^2/(|H|^2 + N0) over the carriers, the despread symbol is mu x plus an error of variance
    mu(1 - mu), so x has the noise variance (1 - mu)/mu.
    """
    equalised = matched * np.conj(h) / (power + noise)
    mu = np.mean(power / (power + noise), axis=1, keepdims=True)
    symbols = scipy.fft.ifft(equalised, axis=1, norm="ortho") / mu
    variance = np.broadcast_to((1 - mu) / mu, symbols.shape)
    return symbols.astype(np.complex64), variance.astype(np.float32)
