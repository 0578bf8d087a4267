"""The burst waveform end to end in NumPy: what the flowgraph does, without its scheduler.

Sweeps over thousands of images use it; benchmarks run a subset through GNU Radio beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc.link.channels import ChannelDraw
from gensc_phy.channel.delay_profiles import DelayProfile
from gensc_phy.channel.fading import FadingChannel
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import Impairments, impair
from gensc_phy.waveform.assemble import Assembler, SectionSymbols
from gensc_phy.waveform.burst import BurstModulator
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import interleave, split
from gensc_phy.waveform.header import Header
from gensc_phy.waveform.header import Section as Kind
from gensc_phy.waveform.receiver import BurstReceiver

#: Silence before the first burst and after the last one, samples.
LEAD, TAIL = 300, 700
#: A stream of an image that has several is cut at least so often, in parts of at least so many
#: symbols: as the flowgraph's fragmenter does it.
AT_LEAST, SHORTEST = 2, 512


@dataclass(frozen=True)
class Section:
    """What is sent of a section.

    Attributes:
        header: of the section; its fragments are told by `split`.
        symbols: complex64 [N].
        stream: one of several analog streams of an image, whose bursts take turns.
    """

    header: Header
    symbols: NDArray[np.complex64]
    stream: bool = False


def header_of(
    kind: Kind,
    shape: tuple[int, ...],
    rate: int,
    total: int,
    aux: int = 0,
    weights: int = 0,
    stream: int = 0,
    image_id: int = 0,
) -> Header:
    """The header of a whole section; for what the numbers mean see `Header`."""
    return Header(
        session=0,
        image_id=image_id & 0xFFFF,
        weights=weights,
        section=kind,
        stream=stream,
        fragment=0,
        fragments=1,
        rate=rate,
        height=shape[0],
        width=shape[1],
        total=total,
        aux=aux,
    )


@dataclass(frozen=True)
class OnAir:
    """Sections on the air.

    Attributes:
        samples: bursts with their gaps, complex64.
        fragments: bursts.
        overhead: air overhead of all of them, in channel symbols.
    """

    samples: NDArray[np.complex64]
    fragments: int
    overhead: int


@dataclass(frozen=True)
class BurstPath:
    """Transmitter, channel and receiver of the sections of an image.

    Attributes:
        config: waveform.
        cfo_range: carrier offset drawn uniformly within ± this many subcarriers.
    """

    config: WaveformConfig = field(default_factory=WaveformConfig)
    cfo_range: float = 0.2

    def modulate(self, sections: Sequence[Section]) -> OnAir:
        """Sections as bursts, one after the other; those of streams are interleaved.

        Raises:
            ValueError: a section of another length than its header says, or too long.
        """
        modulator = BurstModulator(self.config)
        bursts = self._fragments(sections)
        gap = np.zeros(self.config.gap, dtype=np.complex64)
        pieces = [np.zeros(LEAD, dtype=np.complex64)]
        for header, part in bursts:
            pieces += [modulator.modulate(header, part), gap]
        pieces.append(np.zeros(TAIL, dtype=np.complex64))
        overhead = sum(self.config.overhead(len(part)) for _, part in bursts)
        return OnAir(np.concatenate(pieces), len(bursts), overhead)

    def _fragments(self, sections: Sequence[Section]) -> list[tuple[Header, NDArray[np.complex64]]]:
        streams = [s for s in sections if s.stream]
        turns = len(streams) > 1
        out: list[tuple[Header, NDArray[np.complex64]]] = []
        for section in sections:
            if not (turns and section.stream):
                out += self._split(section)
            elif section is streams[0]:
                out += interleave([self._split(s, AT_LEAST) for s in streams])
        return out

    def _split(
        self, section: Section, at_least: int = 1
    ) -> list[tuple[Header, NDArray[np.complex64]]]:
        at_least = min(at_least, max(1, section.symbols.size // SHORTEST))
        return split(section.header, section.symbols, self.config, at_least)

    def through(
        self, sent: OnAir, channel: ChannelDraw, snr_db: float | None, seed: int
    ) -> list[SectionSymbols]:
        """What a receiver makes of the bursts after the channel: every section it heard of."""
        rng = np.random.default_rng((seed, 0xA12))
        if channel.hostile is not None:
            heard = HostileChannel(channel.at(self.config.sample_rate, snr_db), seed)
            return self._receive(heard.process(sent.samples))
        impairments = Impairments(
            snr_db=snr_db,
            cfo=rng.uniform(-1, 1) * self.cfo_range / self.config.fft_size,
            phase=rng.uniform(0, 2 * np.pi),
            taps=(1.0,) if channel.fading_hz else channel.taps,
        )
        samples = _delay(sent.samples, rng.uniform(0, 1))
        if channel.fading_hz:
            samples = self._moving(channel, rng).process(samples)
        return self._receive(impair(samples, impairments, rng))

    def _receive(self, samples: NDArray[np.complex64]) -> list[SectionSymbols]:
        receiver, assembler = BurstReceiver(self.config), Assembler()
        sections: list[SectionSymbols] = []
        for burst in [*receiver.push(samples), *receiver.flush()]:
            sections += assembler.add(burst)
        return [*sections, *assembler.flush()]

    def _moving(self, channel: ChannelDraw, rng: np.random.Generator) -> FadingChannel:
        """Taps one sample apart, each fading by itself."""
        rate, powers = float(self.config.sample_rate), np.square(np.abs(channel.taps))
        delays_s = np.arange(len(powers), dtype=np.float64) / rate
        return FadingChannel(DelayProfile(delays_s, powers), channel.fading_hz, rate, rng)


def _delay(samples: NDArray[np.complex64], delay: float) -> NDArray[np.complex64]:
    """Delay by a fraction of a sample, as a phase ramp over the whole spectrum."""
    n = scipy.fft.next_fast_len(samples.size)
    ramp = np.exp(-2j * np.pi * scipy.fft.fftfreq(n) * delay).astype(np.complex64)
    return scipy.fft.ifft(scipy.fft.fft(samples, n) * ramp)[: samples.size]
