"""Named channels as the parameters of the flowgraph's channel block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gensc.system.errors import UserError
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.delay_profiles import DelayProfile
from gensc_phy.channel.profiles import PROFILES, profile

if TYPE_CHECKING:
    from gensc_models.channels.parameters import ChannelParameters

#: Mean power of the taps of `multipath` and `fading`, dB; one sample apart.
TAPS_DB = (0.0, -3.0, -6.0)
#: Doppler spread of `fading`, Hz: walking pace at 900 MHz. The gain changes from burst to burst,
#: little within one.
FADING_HZ = 3.0
CHANNELS = ("awgn", "rayleigh", "multipath", "fading", "none", *PROFILES)
#: Those that are the same for every symbol of every image.
STEADY = ("awgn", "none")
#: By how much the SNR of a steady channel differs: what a receiver's estimates cost.
STEADY_SPREAD_DB = 0.2


def spread_of(channel: str) -> float | None:
    """By how much the SNR of a channel differs, dB, as far as its name tells; None: unknown."""
    return STEADY_SPREAD_DB if channel in STEADY else None


@dataclass(frozen=True)
class ChannelDraw:
    """One realisation of a named channel.

    Attributes:
        name: of `CHANNELS`.
        taps: complex impulse response at sample spacing; for `fading` the amplitudes of the
            taps, whose gains then vary in time.
        fading_hz: Doppler spread; 0 keeps the taps as they are.
        hostile: everything at once, of a profile; None is the channel above.
    """

    name: str
    taps: tuple[complex, ...] = (1.0,)
    fading_hz: float = 0.0
    hostile: ChannelConfig | None = None

    def at(self, sample_rate: float, snr_db: float | None) -> ChannelConfig:
        """The profile's channel at a sample rate and an Es/N0; None adds no noise.

        Raises:
            UserError: a sample rate it does not fit into.
        """
        assert self.hostile is not None
        try:
            return replace(self.hostile, sample_rate=sample_rate, snr_db=snr_db)
        except ValueError as error:
            raise UserError(
                f"channel {self.name!r} at {sample_rate:g} samples/s: {error}"
            ) from error


def draw(name: str, seed: int) -> ChannelDraw:
    """Realise a channel; random ones have unit mean power gain over the seeds.

    `rayleigh` is one CN(0,1) gain, `multipath` three taps CN(0, p) with p of 0, -3 and -6 dB,
    both constant for the whole image; `fading` are the same three taps varying in time. The others
    are profiles of radios and places, with everything that these do (`gensc_phy.channel.profiles`).

    Raises:
        UserError: no channel of that name.
    """
    if name not in CHANNELS:
        raise UserError(f"unknown channel {name!r}: there are {', '.join(CHANNELS)}")
    if name in PROFILES:
        return ChannelDraw(name, hostile=profile(name))
    power = 10 ** (np.array(TAPS_DB) / 10)
    amplitude = np.sqrt(power / power.sum())
    # Its own stream: the noise of the same seed must not follow the taps.
    rng = np.random.default_rng((seed, 0xC4A))
    if name == "rayleigh":
        gain = complex(*(rng.standard_normal(2) * np.sqrt(0.5)))
        return ChannelDraw(name, (gain,))
    if name == "multipath":
        gains = amplitude * (rng.standard_normal((3, 2)) @ [1, 1j]) * np.sqrt(0.5)
        return ChannelDraw(name, tuple(complex(g) for g in gains))
    if name == "fading":
        return ChannelDraw(name, tuple(complex(a) for a in amplitude), FADING_HZ)
    return ChannelDraw(name)


@dataclass(frozen=True)
class MovingTaps(ChannelConfig):
    """The taps of `fading` as a channel's config has them."""

    fading: bool = True
    doppler_hz: float = FADING_HZ

    def paths(self) -> DelayProfile:
        """Three taps one sample apart."""
        power = 10 ** (np.array(TAPS_DB) / 10)
        return DelayProfile(np.arange(len(power)) / self.sample_rate, power / power.sum())


def without_waveform(name: str) -> str | ChannelParameters:
    """A channel as `gensc_models.channels.single.simulate` takes it: those that move, and profiles,
    by their config."""
    if name not in ("fading", *PROFILES):
        return name
    moving = MovingTaps() if name == "fading" else profile(name)
    # A frozen config offers to be read what the protocol would also let be written.
    return moving  # type: ignore[return-value]
