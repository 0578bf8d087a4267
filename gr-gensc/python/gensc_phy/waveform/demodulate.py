"""One burst: from its samples to the header and the equalised payload."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc_phy.waveform import cells, training
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
from gensc_phy.waveform.header_code import copies_agree, decode_header, encode_header
from gensc_phy.waveform.noise import Noise
from gensc_phy.waveform.noise import estimate as estimate_noise
from gensc_phy.waveform.payload import Known, Path, equalise, first_look, unturned
from gensc_phy.waveform.sequences import ce_carriers, pilots
from gensc_phy.waveform.tracking import residual_rotation
from gensc_phy.waveform.wiener import Observed, best_fit, fit

Samples = Callable[[int, int], NDArray[np.complex64]]
"""Gives the samples from an absolute index to another (exclusive)."""

_TINY = 1e-12
# Least noise variance over the power of the signal: what single precision leaves.
_FLOOR = 1e-9
# Rotation of the channel from symbol to symbol, rad, whose interference between carriers counts.
_ROTATES = 0.025
# Channel that is tried first, indices as of `wiener.fit`: short, and standing still.
_USUAL = (1, 0)
# Noise of the header over that between the training symbols that shows a moving channel.
_MOVES = 1.4
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
        header_symbols: OFDM symbols of its header; None where nobody knows.
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
    header_symbols: int | None = field(default=None, kw_only=True)


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
    windows = np.empty((*x.shape[:-1], count, cfg.fft_size), dtype=np.complex64)
    # Of a burst that ends with its header there are none.
    streams = math.prod(x.shape[:-1])
    flat = windows.reshape(streams, count, cfg.fft_size)
    training.windows(x.reshape(streams, x.shape[-1]), cfo, first - origin, flat)
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
        rows = np.arange(c.ce_symbols, c.overhead_symbols)[:, None]
        self._flat_data = (rows * c.occupied + self._data).ravel()
        # What is known of the payload.
        self._sent = np.zeros((c.max_payload_symbols, c.occupied), dtype=np.complex64)
        n_header = c.header_symbols
        np.put_along_axis(
            self._sent, c.scattered_pilots[n_header:], self._pilots[n_header:], axis=1
        )
        self._bins = c.carriers % c.fft_size
        self._empty = np.setdiff1d(np.arange(c.fft_size), [0, *self._bins])

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
        first = np.take(spectra(samples, origin, n_ce, cfo, origin, c), self._bins, axis=1)
        origin += first_path(estimate_from_training(first, c), c) - PRE_CURSOR
        grid = spectra(samples, origin, n_all, cfo, origin, c)
        received = np.take(grid, self._bins, axis=1)

        h = np.empty(c.occupied, dtype=np.complex64)
        spin, explained, left = training.smooth(received, self._template, self._smooth, n_ce, h)
        level = max(left / (n_ce * c.occupied - self._rank), _TINY)
        # Energy per dimension of what is explained over that of what is not: 1 where nothing is.
        if explained < self._rank * _EXPLAINED * level:
            raise HeaderError("no training symbols behind the preamble")
        # Whatever the channel has become since, some of the copies of the header's bits agree.
        matched = np.empty(self._data.shape, dtype=np.complex64)
        training.match(received, h, n_ce, self._template, self._data, matched)
        if not copies_agree(matched, c):
            raise HeaderError("no header behind the training symbols")

        energy = float(np.vdot(h, h).real) / c.occupied
        level = max(level, _FLOOR * energy)
        seen = Observed.of(received, self._template, np.float32(level), energy)
        # What has not moved much since the training has not moved at all.
        model = _USUAL
        channel = fit(seen, *model, c)
        noise = self._noise(received, grid, channel.response)
        if noise.uneven or noise.level > _MOVES * level:
            channel, model = best_fit(seen, model, c)
            noise = self._noise(received, grid, channel.response)
        if noise.uneven:
            seen = Observed.of(received, self._template, noise.cells, energy)
            channel, model = best_fit(seen, model, c)
        equalised = np.empty(self._data.shape, dtype=np.complex64)
        variance = np.empty(self._data.shape, dtype=np.float32)
        wrong = noise.cells + channel.error
        cells.undo(received, channel.response, wrong, self._data, n_ce, equalised, variance)
        header = decode_header(equalised, variance, c)
        if header.length > c.max_payload:
            raise HeaderError(
                f"{header.length} payload symbols, this receiver allows {c.max_payload}"
            )

        # The header is now as good as training.
        known = self._template.copy()
        known.reshape(-1)[self._flat_data] = encode_header(header, c).ravel()
        spin += residual_rotation((received * np.conj(known * channel.response)).sum(axis=1))
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
        sent = np.empty_like(received)
        training.decide(received, h, self._template, sent)
        residual, count = np.empty((2, *sent.shape), dtype=np.float32)
        known = np.zeros_like(residual)
        power = cells.misfits(received, sent, h, known, known + 1, residual, count)
        noise = estimate_noise(residual, count, self._silence(grid))
        return replace(noise, carrier=np.maximum(noise.carrier, np.float32(_FLOOR * power)))

    def _silence(self, grid: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Squared magnitudes of the carriers that carry nothing, [symbols, empty]."""
        empty = np.take(grid, self._empty, axis=1)
        return empty.real**2 + empty.imag**2

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
        n_train = c.overhead_symbols
        cut = find_loss(
            known,
            path,
            lambda: self._prefixes(samples, a, whole, cfo),
            lambda k: first_look(k, a.noise, a.model, c),
            n_train,
            c,
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
            header_symbols=c.header_symbols,
        )

    def _look(self, samples: Samples, a: Acquired, whole: int) -> tuple[Known, Path, float]:
        """A first look at a burst with `whole` payload symbols, and its carrier offset."""
        c = self.cfg
        known = self._known(samples, a, whole, a.cfo)
        # The header is too short to tell the offset from what a moving channel does meanwhile.
        known, spin = unturned(known, a.noise, c)
        path = first_look(known, a.noise, a.model, c)
        more = path.rotation
        cfo = a.cfo + (spin + more) / (2 * np.pi * c.symbol_len)
        if abs(more) < _ROTATES:
            return known, path, cfo - more / (2 * np.pi * c.symbol_len)
        known = self._known(samples, a, whole, cfo)
        return known, first_look(known, a.noise, path.model, c), cfo

    def _prefixes(self, samples: Samples, a: Acquired, whole: int, cfo: float) -> Prefixes:
        """The cyclic prefixes of training, header and payload."""
        c = self.cfg
        first = a.origin + PRE_CURSOR - c.cp_len
        n = (c.overhead_symbols + whole) * c.symbol_len
        return prefixes(samples(first, first + n), cfo, c)

    def _known(self, samples: Samples, a: Acquired, whole: int, cfo: float) -> Known:
        """What is received and known of a burst with `whole` payload symbols at that offset."""
        c = self.cfg
        n_train = c.overhead_symbols
        grid = spectra(samples, a.origin, n_train + whole, cfo, a.origin, c)
        sent = np.concatenate([a.known, self._sent[:whole]])
        return Known(np.take(grid, self._bins, axis=1), sent, self._silence(grid))
