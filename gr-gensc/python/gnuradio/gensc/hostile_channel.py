"""Simulated channel block with everything that real radios and real air do."""

from __future__ import annotations

from dataclasses import asdict, fields

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.profiles import profile as profile_config
from gnuradio import gr

from .buffers import set_output_buffer
from .burst_tx import OUTPUT_BUFFER
from .errors import GenscError
from .turns import TURN

#: Preset whose impairments are told one by one.
CUSTOM = "custom"
# Samples taken at a time.
_PIECE = 1 << 15


class hostile_channel(gr.basic_block):
    """Oscillators, moving paths, interference, electronics and lost samples in one block.

    Levels and the SNR are against a signal of mean power 1, which is what `burst_tx` sends with
    amplitude 1. Tags do not pass: a receiver must not see a transmitter's. The output is a few
    samples late, which the gaps behind bursts push out.

    Args:
        preset: a channel by name, of `gensc_phy.channel.profiles.PROFILES`, at `sample_rate` and
            `snr_db`; or "custom", with everything as it is told here.
        seed: of everything random; the same one gives the same channel.
        snr_db: Es/N0 in dB; inf adds no noise.

    All other arguments are the fields of `gensc_phy.channel.config.ChannelConfig`.

    Raises:
        GenscError: an unknown preset, or numbers that describe no channel.
    """

    def __init__(
        self,
        preset: str = "custom",
        seed: int = 1,
        sample_rate: float = 1e6,
        snr_db: float = 20.0,
        cfo_hz: float = 0.0,
        sampling_offset_ppm: float = 0.0,
        linewidth_hz: float = 0.0,
        profile: str = "flat",
        delay_spread_s: float | None = None,
        fading: bool = False,
        doppler_hz: float = 0.0,
        rice_k: float = 0.0,
        interferer_db: float | None = None,
        interferer_hz: float = 0.0,
        interferer_width_hz: float = 0.0,
        interferer_duty: float = 1.0,
        interferer_burst_s: float = 1e-3,
        impulse_rate: float = 0.0,
        impulse_db: float = 20.0,
        clip_db: float | None = None,
        backoff_db: float | None = None,
        smoothness: float = 2.0,
        iq_gain_db: float = 0.0,
        iq_phase_deg: float = 0.0,
        dc_db: float | None = None,
        bits: int | None = None,
        headroom_db: float = 12.0,
        drop_interval_s: float | None = None,
        drop_samples: int = 2000,
    ) -> None:
        arguments = locals()
        told = {f.name: arguments[f.name] for f in fields(ChannelConfig)}
        told["snr_db"] = _or_none(snr_db)
        try:
            if preset == CUSTOM:
                config = ChannelConfig(**told)
            else:
                config = profile_config(preset, sample_rate, _or_none(snr_db))
        except ValueError as error:
            raise GenscError(f"hostile_channel: {error}") from error
        if seed < 0:
            raise GenscError("hostile_channel: seed must not be negative")
        gr.basic_block.__init__(self, "hostile_channel", [np.complex64], [np.complex64])
        self._seed = int(seed)
        self._channel = HostileChannel(config, self._seed)
        self._pending = np.zeros(0, np.complex64)
        self.set_tag_propagation_policy(gr.TPP_DONT)
        set_output_buffer(self, OUTPUT_BUFFER)

    @classmethod
    def of(cls, config: ChannelConfig, seed: int = 1) -> hostile_channel:
        """The block of a config."""
        told = asdict(config)
        if config.snr_db is None:
            told["snr_db"] = float("inf")
        return cls(CUSTOM, seed, **told)

    @property
    def dropped(self) -> int:
        """Samples lost so far."""
        return self._channel.dropped

    @property
    def drops(self) -> int:
        """Times that samples were lost so far."""
        return self._channel.drops

    @property
    def saturated(self) -> int:
        """Samples that the converter has limited so far."""
        return self._channel.saturated

    def snr_db(self) -> float:
        """Es/N0 in dB; inf without noise."""
        told = self._channel.config.snr_db
        return float("inf") if told is None else told

    def set_snr_db(self, snr_db: float) -> None:
        """Es/N0 in dB, from now on; inf adds no noise."""
        self._channel.set_snr_db(_or_none(snr_db))

    def cfo_hz(self) -> float:
        """Carrier frequency offset in Hz."""
        return self._channel.config.cfo_hz

    def set_cfo_hz(self, cfo_hz: float) -> None:
        """Carrier frequency offset in Hz, from now on."""
        self._channel.set_cfo_hz(float(cfo_hz))

    def start(self) -> bool:
        """Begin with the channel as the seed draws it; SNR and offset stay as they were set."""
        config = self._channel.config
        self._channel = HostileChannel(config, self._seed)
        self._pending = self._pending[:0]
        return super().start()

    def forecast(self, noutput_items: int, ninputs: int) -> list[int]:
        """What is pending goes out first, and needs no input."""
        return [0 if len(self._pending) else 1] * ninputs

    def general_work(
        self, input_items: list[NDArray[np.complex64]], output_items: list[NDArray[np.complex64]]
    ) -> int:
        """Pass on what there is; more or fewer samples come out than went in."""
        out = output_items[0]
        if not len(self._pending):
            samples = input_items[0][:_PIECE]
            with TURN:
                self._pending = self._channel.process(samples)
            self.consume(0, len(samples))
        n = min(len(out), len(self._pending))
        out[:n] = self._pending[:n]
        self._pending = self._pending[n:]
        return n


def _or_none(snr_db: float) -> float | None:
    """An Es/N0 as the config has it: without noise there is none."""
    return float(snr_db) if snr_db != float("inf") else None
