"""The burst waveform end to end in NumPy: what the flowgraph does, without its scheduler.

Sweeps over thousands of images use it; benchmarks run a subset through GNU Radio beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from gensc.link.channels import ChannelDraw
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import Impairments, impair
from gensc_phy.waveform.assemble import Assembler, SectionSymbols
from gensc_phy.waveform.burst import BurstModulator
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import split
from gensc_phy.waveform.header import Header, Section
from gensc_phy.waveform.receiver import BurstReceiver

#: Silence before the first burst and after the last one, samples.
LEAD, TAIL = 300, 700


@dataclass(frozen=True)
class Sent:
    """One section on the air.

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
    """Transmitter, channel and receiver of single sections.

    Attributes:
        config: waveform.
        cfo_range: carrier offset drawn uniformly within ± this many subcarriers.
    """

    config: WaveformConfig = field(default_factory=WaveformConfig)
    cfo_range: float = 0.2

    def modulate(
        self,
        section: Section,
        symbols: NDArray[np.complex64],
        *,
        rate: int,
        shape: tuple[int, ...],
        total: int,
        weights: int = 0,
        aux: int = 0,
        image_id: int = 0,
        session: int = 0,
    ) -> Sent:
        """A section as bursts; the arguments are the fields of a burst's `Header`."""
        modulator = BurstModulator(self.config)
        header = Header(
            session=session,
            image_id=image_id & 0xFFFF,
            weights=weights,
            section=section,
            stream=0,
            fragment=0,
            fragments=1,
            rate=rate,
            height=shape[0],
            width=shape[1],
            total=total,
            aux=aux,
        )
        parts = split(header, symbols, self.config)
        gap = np.zeros(self.config.gap, dtype=np.complex64)
        pieces = [np.zeros(LEAD, dtype=np.complex64)]
        for header, part in parts:
            pieces += [modulator.modulate(header, part), gap]
        pieces.append(np.zeros(TAIL, dtype=np.complex64))
        overhead = sum(self.config.overhead(len(part)) for _, part in parts)
        return Sent(np.concatenate(pieces), len(parts), overhead)

    def through(
        self, sent: Sent, channel: ChannelDraw, snr_db: float | None, seed: int
    ) -> SectionSymbols | None:
        """What a receiver makes of a section after the channel; None when it heard no burst.

        Raises:
            ValueError: a time-varying channel, which only the flowgraph has.
        """
        if channel.fading_hz:
            raise ValueError(f"channel {channel.name!r} varies in time: use the flowgraph")
        rng = np.random.default_rng((seed, 0xA12))
        if channel.hostile is not None:
            heard = HostileChannel(channel.at(self.config.sample_rate, snr_db), seed)
            return self._receive(heard.process(sent.samples))
        impairments = Impairments(
            snr_db=snr_db,
            cfo=rng.uniform(-1, 1) * self.cfo_range / self.config.fft_size,
            phase=rng.uniform(0, 2 * np.pi),
            taps=channel.taps,
        )
        delayed = _delay(sent.samples, rng.uniform(0, 1))
        return self._receive(impair(delayed, impairments, rng))

    def _receive(self, samples: NDArray[np.complex64]) -> SectionSymbols | None:
        receiver, assembler = BurstReceiver(self.config), Assembler()
        sections: list[SectionSymbols] = []
        for burst in [*receiver.push(samples), *receiver.flush()]:
            sections += assembler.add(burst)
        sections += assembler.flush()
        # A false header could make a second section: the one with most bursts is the one sent.
        return max(sections, key=lambda s: s.received, default=None)


def _delay(samples: NDArray[np.complex64], delay: float) -> NDArray[np.complex64]:
    """Delay by a fraction of a sample, as a phase ramp over the whole spectrum."""
    n = scipy.fft.next_fast_len(samples.size)
    ramp = np.exp(-2j * np.pi * scipy.fft.fftfreq(n) * delay).astype(np.complex64)
    return scipy.fft.ifft(scipy.fft.fft(samples, n) * ramp)[: samples.size]
