"""Burst receiver: a stream of samples in, decoded bursts out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.balance import Balance
from gensc_phy.waveform.blanking import Blanker
from gensc_phy.waveform.config import HEADER_SIZES, WaveformConfig
from gensc_phy.waveform.demodulate import Acquired, Burst, BurstDemodulator, Samples
from gensc_phy.waveform.detect import Detection, PreambleDetector
from gensc_phy.waveform.header import Header, HeaderError, VersionError

# Starts searched per step: few right after a burst, where the next one is usually near.
_NEAR, _FAR = 256, 16384


#: No receiver gives samples beyond this; their fourth powers would leave float32.
LARGEST = 1e7


@dataclass
class ReceiverStats:
    """Counters of a receiver.

    Attributes:
        samples: samples pushed.
        detected: preambles found.
        headers_ok, headers_bad: of these, headers that decoded and that did not.
        bad_cfo_hz: carrier offset of the last header that did not.
        headers_other: headers that decoded and are of another version of the waveform.
        truncated: bursts cut short by the end of the stream.
        not_finite: samples that were NaN, infinite or beyond `LARGEST` and were taken as 0.
        blanked: samples that were spikes and were taken as 0.
        slips: bursts that were cut where samples were lost.
        gaps: losses of samples that the radio's driver told of.
    """

    samples: int = 0
    detected: int = 0
    headers_ok: int = 0
    headers_bad: int = 0
    bad_cfo_hz: float = 0.0
    headers_other: int = 0
    truncated: int = 0
    not_finite: int = 0
    blanked: int = 0
    slips: int = 0
    gaps: int = 0


class Heard(Protocol):
    """What a receiver knows of a burst or frame whose payload may still be arriving."""

    @property
    def header(self) -> Header:
        """The header of the longest payload."""

    @property
    def origin(self) -> int:
        """Absolute index of the first training symbol's FFT window."""


HeardT = TypeVar("HeardT", bound=Heard)
BurstT = TypeVar("BurstT", bound=Burst)


class Demodulator(Protocol[HeardT]):
    """Reads headers where the detector has found a preamble, and says how far a payload goes."""

    to_payload: int

    def span(self, heard: HeardT, /) -> int:
        """Samples from the first training window to the end of the last payload symbol."""

    def missing(self, heard: HeardT, end: int, /) -> int:
        """Samples of the longest payload that lie at or beyond absolute index `end`."""

    def acquire(self, samples: Samples, start: int, found: Detection) -> HeardT:
        """What begins at `start`; a HeaderError where nothing can be read."""


class StreamReceiver(ABC, Generic[HeardT, BurstT]):
    """A stream of samples in, bursts out. Feed it with `push`, end with `flush`.

    Args:
        cfg: waveform.
        demodulator: reads what follows a preamble.
        streams: shape of the samples before the time axis: () or (antennas,).
    """

    def __init__(
        self,
        cfg: WaveformConfig,
        demodulator: Demodulator[HeardT],
        streams: tuple[int, ...] = (),
    ) -> None:
        self.cfg = cfg
        self.stats = ReceiverStats()
        self._detector = PreambleDetector(cfg)
        self._demodulator = demodulator
        self._buffer = np.zeros((*streams, 0), dtype=np.complex64)  # time is its last axis
        self._origin = 0  # absolute index of _buffer[0]
        self._pos = 0  # absolute index from which the search goes on
        self._step = _NEAR
        self._failed: int | None = None  # absolute start of the last preamble without a header
        self._acquired: HeardT | None = None
        self._gaps: list[int] = []  # absolute indices of samples right before which some are lost
        self._blanker = Blanker(streams)
        self._balance = Balance(streams)
        self._level = 1.0  # rms of the preamble of the burst in hand

    def push(self, samples: NDArray[np.complex64]) -> list[BurstT]:
        """Take the next samples of the stream; return the bursts they complete."""
        samples = np.asarray(samples, dtype=np.complex64)
        samples = samples.reshape(*self._buffer.shape[:-1], -1)
        # NaN is not below either.
        usable = (np.abs(samples.real) < LARGEST) & (np.abs(samples.imag) < LARGEST)
        if not usable.all():
            self.stats.not_finite += int((~usable).sum())
            samples = np.where(usable, samples, np.complex64(0))
        self.stats.samples += samples.shape[-1]
        self._take(self._blanker.process(samples))
        bursts = self._run(final=False)
        self._forget()
        return bursts

    def gap(self) -> None:
        """Samples are missing here, between those that were pushed and those to come.

        Of a burst that this place lies in, what lies behind is lost; it need not be guessed.
        """
        self.stats.gaps += 1
        self._take(self._blanker.flush())
        self._gaps.append(self._end)

    def _take(self, samples: NDArray[np.complex64]) -> None:
        self.stats.blanked = self._blanker.blanked
        self._balance.update(samples)
        self._buffer = np.concatenate([self._buffer, samples], axis=-1)

    def recover(self, samples: int) -> None:
        """Begin anew after a fault; counters and indices go on.

        Args:
            samples: of the stream so far; they are let go by.
        """
        streams = self._buffer.shape[:-1]
        self.stats.samples = self._origin = self._pos = samples
        self._buffer = np.zeros((*streams, 0), dtype=np.complex64)
        self._failed = self._acquired = None
        self._gaps = []
        self._blanker, self._balance = Blanker(streams), Balance(streams)
        self._blanker.blanked = self.stats.blanked

    def flush(self) -> list[BurstT]:
        """The stream has ended: return what is still in the buffer, cut short where need be."""
        self._take(self._blanker.flush())
        bursts = self._run(final=True)
        self._origin = self._pos = self._end
        self._buffer = self._buffer[..., :0]
        return bursts

    @property
    def _end(self) -> int:
        return self._origin + self._buffer.shape[-1]

    def _forget(self) -> None:
        keep_from = self._pos if self._acquired is None else self._acquired.origin
        # Timing may look back by a cyclic prefix, detection by a preamble.
        look_back = self._detector.reach + 2 * self.cfg.symbol_len
        drop = max(0, keep_from - look_back - self._origin)
        if drop:
            # A copy: a view would keep all that was dropped alive.
            self._buffer = self._buffer[..., drop:].copy()
            self._origin += drop
        self._gaps = [gap for gap in self._gaps if gap > self._origin]

    def _slice(self, start: int, stop: int) -> NDArray[np.complex64]:
        """Samples start … stop (absolute) over the level of the burst in hand, balanced.

        Zeros where the stream has none.
        """
        lo, hi = start - self._origin, stop - self._origin
        part = self._buffer[..., max(lo, 0) : max(hi, 0)]
        part = self._balance.correct(part) * np.float32(1 / self._level)
        missing = stop - start - part.shape[-1]
        if not missing:
            return part
        before = min(max(-lo, 0), stop - start)
        edges = [(0, 0)] * (part.ndim - 1)
        return np.pad(part, [*edges, (before, missing - before)])

    def _run(self, *, final: bool) -> list[BurstT]:
        bursts: list[BurstT] = []
        while True:
            if self._acquired is not None:
                gap = self._gap_in(self._acquired)
                end = self._end if gap is None else gap
                missing = self._demodulator.missing(self._acquired, end)
                if missing and gap is None and not final:
                    return bursts
                self.stats.truncated += missing > 0 and gap is None
                for burst in self._read(self._acquired, missing):
                    cut = gap if burst.cut is None else burst.cut
                    bursts.append(self._unscaled(burst, cut))
                    if cut is not None:
                        # What was lost is gone, and the next burst may be where its end was.
                        self.stats.slips += 1
                        self._pos = min(self._pos, cut)
                self._acquired = None
                self._step = _NEAR
            if not self._search(final=final):
                return bursts

    def _gap_in(self, acquired: HeardT) -> int | None:
        """The first place in the rest of a burst where samples are known to be missing."""
        inside = (gap for gap in self._gaps if gap > acquired.origin)
        gap = next(inside, None)
        return gap if gap is not None and self._demodulator.missing(acquired, gap) else None

    def _unscaled(self, burst: BurstT, cut: int | None) -> BurstT:
        """The burst in units of the stream, cut there."""
        power, channel = burst.noise_power * self._level**2, burst.channel * np.float32(self._level)
        return replace(burst, noise_power=power, channel=channel, cut=cut)

    @abstractmethod
    def _read(self, acquired: HeardT, missing: int) -> list[BurstT]:
        """The payloads, of whose last `missing` samples nothing is used."""

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
            past = min(self._pos - self._origin, self._detector.reach)
            lo = self._pos - self._origin - past
            block = self._buffer[..., lo : lo + past + starts + look]
            seen = None if self._failed is None else self._failed - lo - self._origin
            for found in self._detector.candidates(block, past + starts, past, seen):
                start = self._origin + lo + found.start
                if not final and start + self._demodulator.to_payload > self._end:
                    # The header is still arriving: look at this preamble again when it is here.
                    self._pos = max(self._pos, start - self._detector.reach)
                    return False
                if self._try(start, found):
                    return True
            self._pos = lo + self._origin + past + min(starts, available)
            self._step = _FAR

    def _try(self, start: int, found: Detection) -> bool:
        """Read the header of what begins at `start`; False where there is none."""
        self.stats.detected += 1
        self._level = found.level
        try:
            self._acquired = self._demodulator.acquire(self._slice, start, found)
        except HeaderError as error:
            other = isinstance(error, VersionError)
            self.stats.headers_other += other
            self.stats.headers_bad += not other
            # A burst may begin anywhere behind: what was found may have been none.
            self._pos = start + self.cfg.fft_size // 2
            self._failed = start
            self.stats.bad_cfo_hz = found.cfo * self.cfg.sample_rate
            return False
        self.stats.headers_ok += 1
        burst_end = self._acquired.origin + self._demodulator.span(self._acquired)
        self._pos = max(start + self.cfg.fft_size, burst_end - self.cfg.cp_len)
        return True


class _AnyHeader:
    """Reads bursts with headers of every size, as their cover codes say."""

    def __init__(self, cfg: WaveformConfig) -> None:
        # A header of the smallest size may not fit into few carriers.
        self._of_cover: dict[int, BurstDemodulator] = {}
        for size in HEADER_SIZES:
            with suppress(ValueError):
                variant = replace(cfg, header_symbols=size)
                self._of_cover[variant.cover] = BurstDemodulator(variant)
        self.to_payload = max(d.to_payload for d in self._of_cover.values())

    def acquire(self, samples: Samples, start: int, found: Detection) -> Acquired:
        """The burst that begins at `start`; a HeaderError where nothing can be read."""
        if found.cover not in self._of_cover:
            raise HeaderError(f"headers of {HEADER_SIZES[found.cover]} symbols do not fit")
        return self._of_cover[found.cover].acquire(samples, start, found)

    def span(self, a: Acquired) -> int:
        """Samples from the first training window to the end of the last payload symbol."""
        return self._of_cover[a.cover].span(a)

    def missing(self, a: Acquired, end: int) -> int:
        """Samples of the payload that lie at or beyond absolute index `end`."""
        return self._of_cover[a.cover].missing(a, end)

    def payload(self, samples: Samples, a: Acquired, missing: int) -> Burst:
        """The payload, of whose last `missing` samples nothing is used."""
        return self._of_cover[a.cover].payload(samples, a, missing)


class BurstReceiver(StreamReceiver[Acquired, Burst]):
    """Finds bursts in a stream and equalises them."""

    def __init__(self, cfg: WaveformConfig | None = None) -> None:
        cfg = cfg or WaveformConfig()
        self._payloads = _AnyHeader(cfg)
        super().__init__(cfg, self._payloads)

    def _read(self, acquired: Acquired, missing: int) -> list[Burst]:
        return [self._payloads.payload(self._slice, acquired, missing)]
