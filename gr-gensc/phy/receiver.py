"""Burst receiver: a stream of samples in, decoded bursts out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .config import WaveformConfig
from .detect import Detection, PreambleDetector
from .estimate import (
    PRE_CURSOR,
    delay_projection,
    estimate_from_known,
    estimate_from_training,
    first_path,
)
from .header import Header, HeaderError
from .header_code import decode_header, encode_header
from .sequences import ce_carriers, pilots
from .tracking import KnownCarriers, Track, residual_rotation, track

# Starts searched per step: short right after a burst, where the next one is usually near.
_NEAR, _FAR = 256, 16384


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


@dataclass
class ReceiverStats:
    """Counters of a receiver.

    Attributes:
        samples: samples pushed.
        detected: preambles found.
        headers_ok, headers_bad: of these, headers that decoded and that did not.
        truncated: bursts cut short by the end of the stream.
        not_finite: samples that were NaN or infinite and were taken as 0.
    """

    samples: int = 0
    detected: int = 0
    headers_ok: int = 0
    headers_bad: int = 0
    truncated: int = 0
    not_finite: int = 0


@dataclass
class _Acquired:
    """A burst whose header is read and whose payload may still be arriving."""

    header: Header
    origin: int  # absolute index of the first training symbol's FFT window
    cfo: float
    metric: float
    known: NDArray[np.complex64]
    training: NDArray[np.complex64]
    channel: NDArray[np.complex64]


class BurstReceiver:
    """Finds bursts in a stream and equalises them. Feed it with `push`, end with `flush`."""

    def __init__(self, cfg: WaveformConfig | None = None) -> None:
        self.cfg = cfg or WaveformConfig()
        self.stats = ReceiverStats()
        self._detector = PreambleDetector(self.cfg)
        self._buffer = np.zeros(0, dtype=np.complex64)
        self._origin = 0  # absolute index of _buffer[0]
        self._pos = 0  # absolute index from which the search goes on
        self._step = _NEAR
        self._acquired: _Acquired | None = None
        c = self.cfg
        # From the first preamble sequence to the FFT window of the first training symbol.
        self._to_training = c.preamble_repeats * c.fft_size + c.cp_len
        self._to_payload = self._to_training + c.overhead_symbols * c.symbol_len

    # ------------------------------------------------------------------ streaming

    def push(self, samples: NDArray[np.complex64]) -> list[Burst]:
        """Take the next samples of the stream; return the bursts they complete."""
        samples = np.asarray(samples, dtype=np.complex64).ravel()
        finite = np.isfinite(samples.view(np.float32).reshape(-1, 2)).all(axis=1)
        if not finite.all():
            self.stats.not_finite += int((~finite).sum())
            samples = np.where(finite, samples, np.complex64(0))
        self.stats.samples += samples.size
        self._buffer = np.concatenate([self._buffer, samples]) if self._buffer.size else samples
        bursts = self._run(final=False)
        self._forget()
        return bursts

    def flush(self) -> list[Burst]:
        """The stream has ended: return what is still in the buffer, cut short where need be."""
        bursts = self._run(final=True)
        self._origin += self._buffer.size
        self._pos = self._origin
        self._buffer = self._buffer[:0]
        return bursts

    @property
    def _end(self) -> int:
        return self._origin + self._buffer.size

    def _forget(self) -> None:
        keep_from = self._pos if self._acquired is None else self._acquired.origin
        # Timing may look back by a cyclic prefix.
        drop = max(0, keep_from - 2 * self.cfg.symbol_len - self._origin)
        if drop:
            # A copy: a view would keep the caller's array (and all that was dropped) alive.
            self._buffer = self._buffer[drop:].copy()
            self._origin += drop

    def _slice(self, start: int, stop: int) -> NDArray[np.complex64]:
        """Samples start … stop (absolute), zeros where the stream has none."""
        lo, hi = start - self._origin, stop - self._origin
        part = self._buffer[max(lo, 0) : max(hi, 0)]
        if len(part) == stop - start:
            return part
        before = min(max(-lo, 0), stop - start)
        return np.pad(part, (before, stop - start - before - len(part)))

    def _run(self, *, final: bool) -> list[Burst]:
        bursts: list[Burst] = []
        while True:
            if self._acquired is not None:
                burst = self._receive_payload(self._acquired, final=final)
                if burst is None:
                    return bursts
                bursts.append(burst)
                self._acquired = None
                self._step = _NEAR
            if not self._search(final=final):
                return bursts

    def _search(self, *, final: bool) -> bool:
        """Advance until a header is read (True) or samples run out (False)."""
        look = self._detector.lookahead
        while True:
            available = self._end - self._pos
            if not final and available < look + _NEAR:
                return False
            if available < self._detector.reach:
                return False
            starts = min(self._step, available - look) if not final else self._step
            lo = self._pos - self._origin
            found = self._detector.find(self._buffer[lo : lo + starts + look], starts)
            if found is None:
                self._pos += min(starts, available)
                self._step = _FAR
                continue
            if not final and self._pos + found.start + self._to_payload > self._end:
                # The header is still arriving: look at this preamble again when it is here.
                self._pos += max(0, found.start - self._detector.reach)
                return False
            self.stats.detected += 1
            start = self._pos + found.start
            try:
                self._acquired = self._acquire(start, found)
            except HeaderError:
                self.stats.headers_bad += 1
                # Past the whole preamble, whose later copies would be detected again.
                self._pos = start + self._detector.reach
                continue
            self.stats.headers_ok += 1
            burst_end = self._acquired.origin + self._payload_span(self._acquired.header)
            self._pos = max(start + self.cfg.fft_size, burst_end - self.cfg.cp_len)
            return True

    # ------------------------------------------------------------------ one burst

    def _payload_span(self, header: Header) -> int:
        """Samples from the first training window to the end of the burst's last window."""
        n = self.cfg.overhead_symbols + self.cfg.payload_ofdm_symbols(header.length)
        return n * self.cfg.symbol_len

    def _symbols(self, first: int, count: int, cfo: float, origin: int) -> NDArray[np.complex64]:
        """Occupied carriers of `count` symbols, the first one's window at `first` (absolute).

        The offset `cfo` is removed with phase 0 at `origin`. Returns [count, occupied].
        """
        c = self.cfg
        samples = self._slice(first, first + count * c.symbol_len).reshape(count, c.symbol_len)
        turn = -2j * np.pi * cfo
        # e^{j w (a + b)} as a product of two short tables instead of one long one.
        within = np.exp(turn * np.arange(c.fft_size)).astype(np.complex64)
        start = first - origin + np.arange(count) * c.symbol_len
        between = np.exp(turn * start).astype(np.complex64)
        windows = samples[:, : c.fft_size] * within * between[:, None]
        return scipy.fft.fft(windows, axis=1, norm="ortho")[:, c.carriers]

    def _acquire(self, start: int, found: Detection) -> _Acquired:
        """Estimate the channel and read the header of the burst detected at `start`.

        Raises:
            HeaderError: it cannot be read.
        """
        c = self.cfg
        n_ce, n_all, cfo = c.ce_symbols, c.overhead_symbols, found.cfo
        origin = start + self._to_training - PRE_CURSOR
        training = self._symbols(origin, n_ce, cfo, origin)
        origin += first_path(estimate_from_training(training, c), c) - PRE_CURSOR
        received = self._symbols(origin, n_all, cfo, origin)

        smooth, rank = delay_projection(c)
        ce = ce_carriers(c)
        h = smooth @ estimate_from_training(received[:n_ce], c)
        sent = np.zeros((n_all, c.occupied), dtype=np.complex64)
        sent[:n_ce] = ce
        sent[n_ce:, c.pilot_positions] = pilots(c)[: c.header_symbols]
        spin = residual_rotation(np.sum(received * np.conj(sent * h), axis=1))
        # The training symbols, whose mean H is, are centred at symbol (n_ce - 1) / 2.
        turns = np.exp(-1j * spin * (np.arange(n_all) - (n_ce - 1) / 2)).astype(np.complex64)
        aligned = received * turns[:, None]
        dof = n_ce * c.occupied - rank
        noise = max(float(np.sum(np.abs(aligned[:n_ce] - ce * h) ** 2)) / dof, 1e-12)
        gain = np.maximum(np.abs(h) ** 2, 1e-12)[c.data_positions]
        equalised = aligned[n_ce:, c.data_positions] * (np.conj(h)[c.data_positions] / gain)
        noise_var = np.broadcast_to((noise / gain).astype(np.float32), equalised.shape)
        header = decode_header(equalised, noise_var, c)
        if header.length > c.max_payload:
            raise HeaderError(
                f"{header.length} payload symbols, this receiver allows {c.max_payload}"
            )

        # The header is now as good as training: estimate again from all of it.
        sent[n_ce:, c.data_positions] = encode_header(header, c)
        spin = residual_rotation(np.sum(received * np.conj(sent * h), axis=1))
        # Only the rotation from symbol to symbol is undone here: what the offset does inside a
        # symbol is far below the noise that caused it.
        received = received * np.exp(-1j * spin * np.arange(n_all)).astype(np.complex64)[:, None]
        return _Acquired(
            header=header,
            origin=origin,
            cfo=cfo + spin / (2 * np.pi * c.symbol_len),
            metric=found.metric,
            known=sent,
            training=received,
            channel=smooth @ estimate_from_known(received, sent),
        )

    def _known_carriers(self, a: _Acquired, payload: NDArray[np.complex64]) -> KnownCarriers:
        """Training, header and pilots of a burst against the channel estimate."""
        c = self.cfg
        angle = (2 * np.pi / c.fft_size * c.carriers).astype(np.float32)
        reference = (a.known * a.channel).ravel()
        at_pilots = pilots(c)[c.header_symbols :][: len(payload)] * a.channel[c.pilot_positions]
        reference = np.concatenate([reference, at_pilots.ravel()])
        received = np.concatenate([a.training.ravel(), payload[:, c.pilot_positions].ravel()])
        n_t, n_p = len(a.known), len(payload)
        symbol = np.concatenate(
            [np.repeat(np.arange(n_t), c.occupied), n_t + np.repeat(np.arange(n_p), c.n_pilots)]
        )
        return KnownCarriers(
            matched=received * np.conj(reference),
            weight=reference.real**2 + reference.imag**2,
            symbol=symbol.astype(np.float32),
            angle=np.concatenate([np.tile(angle, n_t), np.tile(angle[c.pilot_positions], n_p)]),
            starts=np.concatenate(
                [np.arange(n_t) * c.occupied, n_t * c.occupied + np.arange(n_p) * c.n_pilots]
            ),
        )

    def _receive_payload(self, a: _Acquired, *, final: bool) -> Burst | None:
        """Equalise the payload; None when it is not all there and more may come."""
        c = self.cfg
        n_ofdm = c.payload_ofdm_symbols(a.header.length)
        n_train = c.overhead_symbols
        first = a.origin + n_train * c.symbol_len
        missing = max(0, first + (n_ofdm - 1) * c.symbol_len + c.fft_size - self._end)
        if missing and not final:
            return None
        whole = n_ofdm
        if missing:
            self.stats.truncated += 1
            whole = max(0, n_ofdm - -(-missing // c.symbol_len))

        payload = self._symbols(first, whole, a.cfo, a.origin)
        known = self._known_carriers(a, payload)
        tracked = track(known, c.tracking_symbols)
        rank = delay_projection(c)[1]
        noise = self._noise(known, tracked, n_parameters=rank + 2 * whole / c.tracking_symbols)
        # What the estimates of H and of the gain add to every symbol's error.
        power = np.maximum(a.channel.real**2 + a.channel.imag**2, 1e-12)
        energy = float(np.mean(power))
        from_h = rank / c.occupied / n_train
        error = noise * (1.0 + from_h + tracked.gain_error * energy)
        signal = max(energy - noise * from_h, 1e-12)

        m = np.arange(n_train, n_train + whole, dtype=np.float32)[:, None]
        angle = (2 * np.pi / c.fft_size * c.carriers[c.data_positions]).astype(np.float32)
        gain = tracked.gain[n_train:, None]
        drift = np.exp(np.complex64(1j * tracked.drift) * m * angle)
        y = payload[:, c.data_positions] * drift * np.conj(gain)
        h, power = a.channel[c.data_positions], power[c.data_positions]
        gain_power = np.maximum(gain.real**2 + gain.imag**2, 1e-12)
        if c.precode:
            symbols, variance = _despread(y, h, power * gain_power, error)
        else:
            symbols = y * (np.conj(h) / power) / gain_power
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
            start=a.origin + PRE_CURSOR - self._to_training - c.cp_len,
            noise_power=noise,
            channel=a.channel,
            metric=a.metric,
            sampling_offset_ppm=tracked.drift / c.symbol_len * 1e6,
        )

    @staticmethod
    def _noise(known: KnownCarriers, tracked: Track, n_parameters: float) -> float:
        """Noise variance per carrier from what the fit leaves of the known carriers.

        With R = Y - g e^{-j..} H X, |R|^2 = |M/(HX)* - g e^{-j..} H X|^2 where M = Y X* H*.
        """
        symbol = known.symbol.astype(np.intp)
        ramp = np.exp(-1j * np.float32(tracked.drift) * known.symbol * known.angle)
        # Carriers in a deep null would divide noise by nothing; they say little about it anyway.
        weight = np.maximum(known.weight, 1e-12)
        residual = known.matched - tracked.gain[symbol] * ramp * weight
        power = (residual.real**2 + residual.imag**2) / weight
        return max(float(np.sum(power)) / max(1.0, len(power) - n_parameters), 1e-12)


def _despread(
    matched: NDArray[np.complex64],
    h: NDArray[np.complex64],
    power: NDArray[np.float32],
    noise: float,
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Unbiased MMSE equalisation of DFT-precoded symbols; all [symbols, n_data].

    `matched` is already multiplied by the conjugate gain of its symbol.

    With mu the mean of |H|^2/(|H|^2 + N0) over the carriers, the despread symbol is mu x plus an
    error of variance mu(1 - mu), so x has the noise variance (1 - mu)/mu.
    """
    equalised = matched * np.conj(h) / (power + noise)
    mu = np.mean(power / (power + noise), axis=1, keepdims=True)
    symbols = scipy.fft.ifft(equalised, axis=1, norm="ortho") / mu
    variance = np.broadcast_to((1 - mu) / mu, symbols.shape)
    return symbols.astype(np.complex64), variance.astype(np.float32)
