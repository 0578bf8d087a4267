"""Days in the laboratory by name: what two radios of a kind, or a place, do to a signal.

The numbers are those of data sheets and of the standards' channel models at 2.45 GHz, chosen a
little on the bad side. The carrier and the sampling clock come from one oscillator: an offset of
x ppm moves both.
"""

from __future__ import annotations

from dataclasses import replace

from gensc_phy.channel.config import ChannelConfig

#: Carrier frequency the profiles are made for, Hz.
CARRIER_HZ = 2.45e9


def _radio(ppm: float, **settings: object) -> ChannelConfig:
    """A channel whose two oscillators are `ppm` apart."""
    return ChannelConfig(
        cfo_hz=ppm * 1e-6 * CARRIER_HZ,
        sampling_offset_ppm=ppm,
        **settings,  # type: ignore[arg-type]
    )


#: name -> (channel, what it is)
_PROFILES: dict[str, tuple[ChannelConfig, str]] = {
    "pluto": (
        _radio(
            20.0, linewidth_hz=10.0, backoff_db=9.0, iq_gain_db=0.2, iq_phase_deg=1.0, dc_db=-35.0,
            bits=12, headroom_db=14.0, drop_interval_s=20.0,
        ),
        "two ADALM-Plutos on a cable: +-25 ppm crystals, a USB 2 that sometimes overflows",
    ),
    "usrp-b200": (
        _radio(
            3.0, linewidth_hz=3.0, backoff_db=10.0, iq_gain_db=0.1, iq_phase_deg=0.5, dc_db=-40.0,
            bits=12, headroom_db=14.0,
        ),
        "two USRP B200s on a cable: +-2 ppm oscillators",
    ),
    "indoor-walk": (
        _radio(
            8.0, linewidth_hz=5.0, profile="tdl-b", delay_spread_s=60e-9, doppler_hz=5.0,
            iq_gain_db=0.2, iq_phase_deg=1.0, dc_db=-35.0, bits=12, headroom_db=14.0,
        ),
        "an office at walking pace, no line of sight, 60 ns of delay spread",
    ),
    "vehicle": (
        _radio(
            5.0, linewidth_hz=5.0, profile="eva", doppler_hz=110.0,
            iq_gain_db=0.1, iq_phase_deg=0.5, dc_db=-40.0, bits=12, headroom_db=16.0,
        ),
        "a car at 50 km/h in a street (EVA)",
    ),
    "crowded-ism": (
        _radio(
            20.0, linewidth_hz=10.0, profile="tdl-a", delay_spread_s=40e-9, doppler_hz=3.0,
            interferer_db=0.0, interferer_hz=180e3, interferer_width_hz=120e3, interferer_duty=0.1,
            interferer_burst_s=2e-3, impulse_rate=1e-4, impulse_db=15.0,
            iq_gain_db=0.3, iq_phase_deg=2.0, dc_db=-30.0, bits=12, headroom_db=18.0,
        ),
        "two Plutos in a band full of others: bursts of a neighbour as strong as the signal",
    ),
}  # fmt: skip
#: Names of all profiles.
PROFILES = tuple(_PROFILES)


def profile(name: str, sample_rate: float = 1e6, snr_db: float | None = None) -> ChannelConfig:
    """A profile at a sample rate and an Es/N0.

    Raises:
        ValueError: no profile of that name, or one that does not fit into that sample rate.
    """
    if name not in _PROFILES:
        raise ValueError(f"profile {name!r}: there are {', '.join(PROFILES)}")
    return replace(_PROFILES[name][0], sample_rate=sample_rate, snr_db=snr_db)


def describe(name: str) -> str:
    """What a profile is, in a line."""
    return _PROFILES[name][1]
