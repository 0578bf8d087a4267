"""One burst: from its samples to the header and the equalised payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.continuity import Prefixes, find_loss, prefixes
from gensc_phy.waveform.detect import Detection
from gensc_phy.waveform.estimate import (
    PRE_CURSOR,
    delay_projection,
    estimate_from_training,
    first_path,
)
from gensc_phy.waveform.header import Header, HeaderError
from gensc_phy.waveform.header_code import decode_header, encode_header
from gensc_phy.waveform.noise import Noise
from gensc_phy.waveform.noise import estimate as estimate_noise
from gensc_phy.waveform.payload import Known, Path, equalise, first_look
from gensc_phy.waveform.sequences import ce_carriers, pilots
from gensc_phy.waveform.tracking import residual_rotation
from gensc_phy.waveform.wiener import Observed, best_fit

Samples = Callable[[int, int], NDArray[np.complex64]]
"""Gives the samples from an absolute index to another (exclusive)."""

_TINY = 1e-12
# Least noise variance over the power of the signal: what single precision leaves.
_FLOOR = 1e-9
# Rotation of the channel from symbol to symbol, rad, whose interference between carriers counts.
_ROTATES = 0.025
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
        cut: absolute index of the sample by which some were lost; None where none were.
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
    cut: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Acquired:
    """A burst whose header is read and whose payload may still be arriving.

    Attributes:
        header: decoded header.
        origin: absolute index of the first training symbol's FFT window.
        cfo: carrier offset, cycles per sample.
        metric: detection metric.
        cover: the preamble's cover code.
        known: carriers of training and header as sent, [overhead, occupied].
        noise: variance of its cells.
        model: spread and Doppler of the channel, indices as of `wiener.fit`.
    """

    header: Header
    origin: int
    cfo: float
    metric: float
    cover: int
    known: NDArray[np.complex64]
    noise: Noise
    model: tuple[int, int]


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
        self._data = c.scattered_data[: c.header_symbols]
        template = np.zeros((c.overhead_symbols, c.occupied), dtype=np.complex64)
        template[: c.ce_symbols] = ce_carriers(c)
        np.put_along_axis(
            template[c.ce_symbols :],
            c.scattered_pilots[: c.header_symbols],
            self._pilots[: c.header_symbols],
            axis=1,
        )
        self._template = template
        self._empty = np.setdiff1d(np.arange(c.fft_size), [0, *(c.carriers % c.fft_size)])

    def span(self, a: Acquired) -> int:
        """Samples from the first training window to the end of the last payload symbol."""
        n = self.cfg.overhead_symbols + self.cfg.payload_ofdm_symbols(a.header.length)
        return n * self.cfg.symbol_len

    def acquire(self, samples: Samples, start: int, found: Detection) -> Acquired:
        """Estimate the channel and read the header of the burst detected at `start`.

        Raises:
            HeaderError: it cannot be read.
        """
        c = self.cfg
        n_ce, n_all, cfo = c.ce_symbols, c.overhead_symbols, found.cfo
        origin = start + self.to_training - PRE_CURSOR
        grid = spectra(samples, origin, n_all, cfo, origin, c)
        shift = first_path(estimate_from_training(grid[:n_ce, c.carriers], c), c) - PRE_CURSOR
        if shift:
            origin += shift
            grid = spectra(samples, origin, n_all, cfo, origin, c)
        received = grid[:, c.carriers]

        ce = self._template[0]
        h = self._smooth @ estimate_from_training(received[:n_ce], c)
        spin = residual_rotation((received * np.conj(self._template)) @ np.conj(h))
        turns = np.exp(-1j * spin * np.arange(n_all)).astype(np.complex64)[:, None]
        received = received * turns
        # The training symbols, whose mean H is, are centred at symbol (n_ce - 1) / 2.
        h = h * np.exp(-1j * spin * (n_ce - 1) / 2)
        error = (received[:n_ce] - ce * h).ravel()
        dof = n_ce * c.occupied - self._rank
        level = max(float(np.vdot(error, error).real) / dof, _TINY)
        # Energy per dimension of what is explained over that of what is not: 1 where nothing is.
        explained = n_ce * float(np.vdot(ce * h, ce * h).real) / self._rank
        if explained < _EXPLAINED * level:
            raise HeaderError("no training symbols behind the preamble")

        energy = float(np.vdot(h, h).real) / c.occupied
        level = max(level, _FLOOR * energy)
        seen = Observed.of(received, self._template, np.float32(level), energy)
        channel, model = best_fit(seen, (1, 0), c)
        noise = self._noise(received, grid, channel.response())
        if noise.uneven:
            seen = Observed.of(received, self._template, noise.cells(), energy)
            channel, model = best_fit(seen, model, c)
        rows = np.arange(n_ce, n_all)[:, None]
        h_data = channel.response()[rows, self._data]
        gain = np.maximum(h_data.real**2 + h_data.imag**2, _TINY * energy)
        equalised = received[rows, self._data] * (np.conj(h_data) / gain)
        variance = (noise.cells() + channel.error())[rows, self._data] / gain
        header = decode_header(equalised, variance, c)
        if header.length > c.max_payload:
            raise HeaderError(
                f"{header.length} payload symbols, this receiver allows {c.max_payload}"
            )

        # The header is now as good as training.
        known = self._template.copy()
        known[rows, self._data] = encode_header(header, c)
        matched = received * np.conj(known * channel.response())
        spin += residual_rotation(matched.sum(axis=1))
        return Acquired(
            header=header,
            origin=origin,
            cfo=cfo + spin / (2 * np.pi * c.symbol_len),
            metric=found.metric,
            cover=found.cover,
            known=known,
            noise=noise,
            model=model,
        )

    def _noise(
        self,
        received: NDArray[np.complex64],
        grid: NDArray[np.complex64],
        h: NDArray[np.complex64],
    ) -> Noise:
        """Noise of training and header, whose symbols are taken for what they look like."""
        sent = self._template.copy()
        unknown = sent == 0
        matched = (received * np.conj(h))[unknown]
        qpsk = np.sign(matched.real) + 1j * np.sign(matched.imag)
        sent[unknown] = (np.sqrt(0.5) * qpsk).astype(np.complex64)
        left = received - sent * h
        residual = left.real**2 + left.imag**2
        empty = grid[:, self._empty]
        return estimate_noise(residual, np.ones_like(residual), empty.real**2 + empty.imag**2)

    def missing(self, a: Acquired, end: int) -> int:
        """Samples of the payload that lie at or beyond absolute index `end`."""
        c = self.cfg
        n_ofdm = c.payload_ofdm_symbols(a.header.length)
        first = a.origin + c.overhead_symbols * c.symbol_len
        return max(0, first + (n_ofdm - 1) * c.symbol_len + c.fft_size - end)

    def payload(self, samples: Samples, a: Acquired, missing: int = 0) -> Burst:
        """Equalise the payload; of its last `missing` samples nothing is used."""
        c = self.cfg
        n_ofdm = c.payload_ofdm_symbols(a.header.length)
        whole = max(0, n_ofdm - -(-missing // c.symbol_len))
        known, path, cfo = self._look(samples, a, whole)
        heard = self._prefixes(samples, a, whole, cfo)
        n_train = c.overhead_symbols
        cut = find_loss(
            known, path, heard, lambda k: first_look(k, a.noise, a.model, c), n_train, c
        )
        if cut is not None:
            # What lies behind is lost; the rest is as good as if it were not.
            whole = cut - n_train
            known, path, cfo = self._look(samples, a, whole)
        data = c.scattered_data[c.header_symbols : c.header_symbols + whole]
        got = equalise(known, data, path, c)
        n = a.header.length
        out = np.zeros(n, dtype=np.complex64)
        out_var = np.full(n, np.inf, dtype=np.float32)
        here = min(n, whole * c.n_data)
        out[:here] = got.symbols.ravel()[:here]
        out_var[:here] = got.variance.ravel()[:here]
        return Burst(
            header=a.header,
            symbols=out,
            noise_var=out_var,
            snr_db=float(10 * np.log10(got.energy / got.noise)),
            cfo_hz=cfo * c.sample_rate,
            start=a.origin + PRE_CURSOR - self.to_training - c.cp_len,
            noise_power=got.noise,
            channel=got.channel,
            metric=a.metric,
            sampling_offset_ppm=got.drift / c.symbol_len * 1e6,
            cut=None if cut is None else a.origin + cut * c.symbol_len,
        )

    def _look(self, samples: Samples, a: Acquired, whole: int) -> tuple[Known, Path, float]:
        """A first look at a burst with `whole` payload symbols, and its carrier offset."""
        known = self._known(samples, a, whole, a.cfo)
        path = first_look(known, a.noise, a.model, self.cfg)
        if abs(path.rotation) < _ROTATES:
            return known, path, a.cfo
        # The header is too short to tell the offset from what a moving channel does meanwhile.
        cfo = a.cfo + path.rotation / (2 * np.pi * self.cfg.symbol_len)
        known = self._known(samples, a, whole, cfo)
        return known, first_look(known, a.noise, path.model, self.cfg), cfo

    def _prefixes(self, samples: Samples, a: Acquired, whole: int, cfo: float) -> Prefixes:
        """The cyclic prefixes of training, header and payload."""
        c = self.cfg
        first = a.origin + PRE_CURSOR - c.cp_len
        n = (c.overhead_symbols + whole) * c.symbol_len
        return prefixes(samples(first, first + n), cfo, c)

    def _known(self, samples: Samples, a: Acquired, whole: int, cfo: float) -> Known:
        """What is received and known of a burst with `whole` payload symbols at that offset."""
        c = self.cfg
        n_train, n_header = c.overhead_symbols, c.header_symbols
        grid = spectra(samples, a.origin, n_train + whole, cfo, a.origin, c)
        sent = np.zeros((len(grid), c.occupied), dtype=np.complex64)
        sent[:n_train] = a.known
        np.put_along_axis(
            sent[n_train:],
            c.scattered_pilots[n_header : n_header + whole],
            self._pilots[n_header : n_header + whole],
            axis=1,
        )
        empty = grid[:, self._empty]
        return Known(grid[:, c.carriers], sent, empty.real**2 + empty.imag**2)
