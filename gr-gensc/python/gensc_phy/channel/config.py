"""The numbers that describe a hostile channel."""

from __future__ import annotations

from dataclasses import dataclass, fields

from gensc_phy.channel.delay_profiles import DELAY_PROFILES, DelayProfile, delay_profile


@dataclass(frozen=True)
class ChannelConfig:
    """Everything that happens to a signal between two radios, in the order in which it happens.

    Levels are against a signal of mean power 1, which is what a `BurstModulator` sends. The
    defaults do nothing.

    Attributes:
        sample_rate: samples per second.
        clip_db: the transmitter limits the envelope this far above the rms; None does not.
        backoff_db: saturated power of its amplifier above the signal's; None is a linear one.
        smoothness: of the amplifier's knee (Rapp's p).
        profile: power delay profile, of `DELAY_PROFILES`; "flat" is a single path.
        delay_spread_s: rms delay spread it is scaled to; None leaves it as it is published.
        fading: Rayleigh paths; False keeps a flat channel at gain 1.
        doppler_hz: maximum Doppler shift of the paths; 0: they stay as they were drawn.
        rice_k: power of a steady part of the first path over its scattered one.
        sampling_offset_ppm: the receiver's clock is this much faster than the transmitter's.
        cfo_hz: carrier offset.
        linewidth_hz: of the phase noise of both oscillators together.
        interferer_db: power of a narrowband interferer while it is on; None has none.
        interferer_hz, interferer_width_hz: its centre and bandwidth; a width of 0 is a tone.
        interferer_duty: share of the time it is on.
        interferer_burst_s: mean length of its bursts.
        impulse_rate: probability that a sample is hit by an impulse.
        impulse_db: mean power of a hit.
        snr_db: Es/N0; the noise has total variance 10^(-snr_db/10) per complex sample. None adds
            none.
        iq_gain_db, iq_phase_deg: imbalance of the receiver's mixers.
        dc_db: its DC offset; None has none.
        bits: of its converter; None does not round.
        headroom_db: full scale of the converter (of I and of Q) above the signal's rms.
        drop_interval_s: mean time between losses of samples; None loses none.
        drop_samples: most samples that are lost at a time; how many is uniform from 1.
    """

    sample_rate: float = 1e6
    clip_db: float | None = None
    backoff_db: float | None = None
    smoothness: float = 2.0
    profile: str = "flat"
    delay_spread_s: float | None = None
    fading: bool = False
    doppler_hz: float = 0.0
    rice_k: float = 0.0
    sampling_offset_ppm: float = 0.0
    cfo_hz: float = 0.0
    linewidth_hz: float = 0.0
    interferer_db: float | None = None
    interferer_hz: float = 0.0
    interferer_width_hz: float = 0.0
    interferer_duty: float = 1.0
    interferer_burst_s: float = 1e-3
    impulse_rate: float = 0.0
    impulse_db: float = 20.0
    snr_db: float | None = None
    iq_gain_db: float = 0.0
    iq_phase_deg: float = 0.0
    dc_db: float | None = None
    bits: int | None = None
    headroom_db: float = 12.0
    drop_interval_s: float | None = None
    drop_samples: int = 2000

    def __post_init__(self) -> None:
        """Refuse numbers that describe no channel, by name."""
        if self.profile not in DELAY_PROFILES:
            raise ValueError(f"profile {self.profile!r}: there are {', '.join(DELAY_PROFILES)}")
        positive = ("sample_rate", "smoothness", "interferer_burst_s", "drop_samples")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} {getattr(self, name)}: must be positive")
        for name in ("doppler_hz", "rice_k", "linewidth_hz", "interferer_width_hz"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} {getattr(self, name)}: must not be negative")
        for name in ("delay_spread_s", "drop_interval_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} {value}: must be positive, or none")
        if not 0 < self.interferer_duty <= 1:
            raise ValueError(f"interferer_duty {self.interferer_duty}: must be above 0, at most 1")
        if not 0 <= self.impulse_rate <= 1:
            raise ValueError(f"impulse_rate {self.impulse_rate}: must be 0 … 1")
        if self.bits is not None and not 1 <= self.bits <= 24:
            raise ValueError(f"bits {self.bits}: must be 1 … 24")
        for name in ("cfo_hz", "interferer_hz"):
            if not abs(getattr(self, name)) <= self.sample_rate / 2:
                raise ValueError(f"{name} {getattr(self, name)}: beyond half the sample rate")
        if not abs(self.sampling_offset_ppm) <= 1000:
            raise ValueError(f"sampling_offset_ppm {self.sampling_offset_ppm}: must be within 1000")
        if self.doppler_hz > self.sample_rate / 10:
            raise ValueError(f"doppler_hz {self.doppler_hz}: more than a tenth of the sample rate")

    @property
    def fades(self) -> bool:
        """The path is more than a gain of 1."""
        return self.fading or self.profile != "flat" or self.doppler_hz > 0

    def paths(self) -> DelayProfile:
        """Delays and mean powers of the paths."""
        return delay_profile(self.profile, self.delay_spread_s)

    def changed(self) -> dict[str, object]:
        """What is not as the defaults have it, by name."""
        told = {f.name: (getattr(self, f.name), f.default) for f in fields(self)}
        return {name: value for name, (value, default) in told.items() if value != default}
