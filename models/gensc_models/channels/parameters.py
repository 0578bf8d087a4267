"""What a hostile channel is told; `gensc_phy.channel.config.ChannelConfig` has all of it."""

from __future__ import annotations

from typing import Any, Protocol


class Paths(Protocol):
    """Power delay profile.

    Attributes:
        delays_s: seconds, [paths].
        powers: linear, their sum is 1, [paths].
    """

    delays_s: Any
    powers: Any


class ChannelParameters(Protocol):
    """The fields of the NumPy channel's config, with the same meaning and units."""

    sample_rate: float
    clip_db: float | None
    backoff_db: float | None
    smoothness: float
    doppler_hz: float
    rice_k: float
    sampling_offset_ppm: float
    cfo_hz: float
    linewidth_hz: float
    interferer_db: float | None
    interferer_hz: float
    interferer_width_hz: float
    interferer_duty: float
    interferer_burst_s: float
    impulse_rate: float
    impulse_db: float
    snr_db: float | None
    iq_gain_db: float
    iq_phase_deg: float
    dc_db: float | None
    bits: int | None
    headroom_db: float
    drop_interval_s: float | None
    drop_samples: int

    @property
    def fades(self) -> bool:
        """The path is more than a gain of 1."""
        ...

    def paths(self) -> Paths:
        """Delays and mean powers of the paths."""
        ...
