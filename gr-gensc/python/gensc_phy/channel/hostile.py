"""A channel with everything that real radios and real air do to a signal."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.amplifier import clip, rapp
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.converter import Converter
from gensc_phy.channel.drops import Drops
from gensc_phy.channel.fading import FadingChannel
from gensc_phy.channel.frontend import dc_level, iq_imbalance
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.interference import Impulses, Interferer
from gensc_phy.channel.oscillator import Oscillator
from gensc_phy.channel.sampling import Resampler

Samples = NDArray[np.complex64]
# Samples taken through all stages at a time: bounds the memory, and is fast.
_PIECE = 1 << 16
#: One number for every source of chance, so that none of them follows another one's settings.
_FADING, _PHASE, _INTERFERER, _IMPULSES, _NOISE, _DC, _DROPS = range(7)


class _Stage(Protocol):
    def process(self, samples: Samples) -> Samples: ...


class HostileChannel:
    """Sends a stream through all impairments of a config; feed it with `process`.

    The same config and seed give the same output, however the stream is cut into pieces. It is a
    few samples late (`Resampler.LATENCY`, `FadingChannel.LATENCY`): zeros after the last burst
    push it out.

    Args:
        config: what happens.
        seed: of everything random, not negative.
    """

    def __init__(self, config: ChannelConfig, seed: int = 1) -> None:
        self.config = config
        c, rate = config, config.sample_rate

        def rng(source: int) -> np.random.Generator:
            return np.random.default_rng((seed, 0x5057, source))

        phase = rng(_PHASE)
        self._oscillator = Oscillator(
            c.cfo_hz, c.linewidth_hz, rate, phase, float(phase.uniform(0, 2 * np.pi))
        )
        #: the paths, for whoever wants the true response; None where there is but a gain of 1.
        self.fading: FadingChannel | None = None
        self._noise = rng(_NOISE)
        self._stages: list[_Stage] = []
        if c.fades:
            self.fading = FadingChannel(c.paths(), c.doppler_hz, rate, rng(_FADING), c.rice_k)
            self._stages.append(self.fading)
        if c.sampling_offset_ppm:
            self._stages.append(Resampler(c.sampling_offset_ppm))
        self._stages.append(self._oscillator)
        if c.interferer_db is not None:
            self._stages.append(
                Interferer(
                    c.interferer_db, c.interferer_hz, c.interferer_width_hz, rate,
                    rng(_INTERFERER), c.interferer_duty, c.interferer_burst_s,
                )
            )  # fmt: skip
        if c.impulse_rate:
            self._stages.append(Impulses(c.impulse_rate, c.impulse_db, rng(_IMPULSES)))
        angle = float(rng(_DC).uniform(0, 2 * np.pi))
        self._dc = np.complex64(0) if c.dc_db is None else dc_level(c.dc_db, angle)
        self._converter = None if c.bits is None else Converter(c.bits, c.headroom_db)
        self._drops: Drops | None = None
        if c.drop_interval_s is not None:
            self._drops = Drops(c.drop_interval_s * rate, c.drop_samples, rng(_DROPS))

    @property
    def saturated(self) -> int:
        """Samples that the converter has limited so far."""
        return 0 if self._converter is None else self._converter.saturated

    @property
    def drops(self) -> int:
        """Times that samples were lost so far."""
        return 0 if self._drops is None else self._drops.events

    @property
    def dropped(self) -> int:
        """Samples lost so far."""
        return 0 if self._drops is None else self._drops.lost

    def set_snr_db(self, snr_db: float | None) -> None:
        """Es/N0 from now on."""
        self.config = replace(self.config, snr_db=snr_db)

    def set_cfo_hz(self, cfo_hz: float) -> None:
        """Carrier offset from now on, without a jump of the phase."""
        self.config = replace(self.config, cfo_hz=cfo_hz)
        self._oscillator.cfo_hz = float(cfo_hz)

    def process(self, samples: Samples) -> Samples:
        """The next samples of the stream, [n], as the receiver's computer gets them, [about n]."""
        if not len(samples):
            return np.zeros(0, dtype=np.complex64)
        pieces = range(0, len(samples), _PIECE)
        return np.concatenate([self._piece(samples[at : at + _PIECE]) for at in pieces])

    def _piece(self, x: Samples) -> Samples:
        c = self.config
        x = np.asarray(x, dtype=np.complex64)
        if c.clip_db is not None:
            x = clip(x, c.clip_db)
        if c.backoff_db is not None:
            x = rapp(x, c.backoff_db, c.smoothness)
        for stage in self._stages:
            x = stage.process(x)
            if not len(x):  # a resampler that has only just begun
                return x
        if c.snr_db is not None:
            x = x + complex_noise(len(x), 10 ** (-c.snr_db / 10), self._noise)
        if c.iq_gain_db or c.iq_phase_deg:
            x = iq_imbalance(x, c.iq_gain_db, c.iq_phase_deg)
        x = x + self._dc
        if self._converter is not None:
            x = self._converter.process(x)
        return x if self._drops is None else self._drops.process(x)
