"""What bursts are sent through in `gensc bench radio`, and what is asked of each case."""

from __future__ import annotations

from dataclasses import replace

from gensc.experiment.waveform.hostile import Case
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.profiles import PROFILES, profile
from gensc_phy.waveform.config import WaveformConfig

#: The rms delay spread of the moving channels, in samples.
SPREAD_SAMPLES = 0.3
#: Two radios of +-20 ppm at 2.45 GHz.
TWICE_20_PPM_HZ = 98e3


_SUCCESS = "success_percent"


def cases(cfg: WaveformConfig) -> list[Case]:
    """All of them, in order."""
    at10, at20 = ChannelConfig(snr_db=10.0), ChannelConfig(snr_db=20.0)
    spread = SPREAD_SAMPLES / cfg.sample_rate
    moving = replace(at20, profile="tdl-b", delay_spread_s=spread)
    every = replace(
        moving, doppler_hz=5.0, sampling_offset_ppm=20.0, linewidth_hz=10.0, iq_gain_db=1.0,
        iq_phase_deg=5.0, dc_db=-20.0, bits=8,
    )  # fmt: skip
    narrow = replace(at20, interferer_hz=137e3, interferer_width_hz=5e3)
    return [
        *(
            Case(
                "AWGN", f"{snr:g} dB", replace(at10, snr_db=snr),
                least={_SUCCESS: 99}, most={"loss_db": 0.3},
            )
            for snr in (3.0, 10.0, 20.0)
        ),
        *(
            Case(
                "carrier offset, 10 dB", f"{k:g} subcarriers", at10,
                cfo_hz=(k * cfg.subcarrier_hz, k * cfg.subcarrier_hz),
                least={_SUCCESS: 99} if k < 7 else {},
            )
            for k in (0.49, 0.6, 1.0, 3.0, 8.0)
        ),
        *(
            Case(
                "carrier offset, 10 dB", f"within ±{hz / 1e3:g} kHz", at10, cfo_hz=(-hz, hz),
                least={_SUCCESS: 99},
            )
            for hz in (48e3, TWICE_20_PPM_HZ)
        ),
        *(
            Case(
                "lost samples, 20 dB", f"{n} samples", at20, dropped=n,
                least={_SUCCESS: 99, "next_percent": 99},
                most={"loss_db": 1.0, "lost_before_percent": 5.0},
            )
            for n in (1, 10, 100, 2000)
        ),
        *(
            Case(
                "TDL-B, 0.3 sample, 20 dB", f"Doppler {f:g} Hz", replace(moving, doppler_hz=f),
                least={_SUCCESS: 98}, most={"loss_db": most},
            )
            for f, most in ((20.0, 0.5), (100.0, 1.0), (500.0, 2.5))
        ),
        *(
            Case(
                "phase noise, 20 dB", f"linewidth {f:g} Hz", replace(at20, linewidth_hz=f),
                least={_SUCCESS: 99}, most={"loss_db": most},
            )
            for f, most in ((10.0, 1.0), (100.0, 4.0))
        ),
        *(
            Case(
                "narrowband interferer, 20 dB", f"{level:g} dBc",
                replace(narrow, interferer_db=level),
                least={_SUCCESS: 98}, most={"loss_db": 3.0},
            )
            for level in (-10.0, 0.0)
        ),
        Case(
            "impulses and DC, 20 dB", "impulses 1e-3, +20 dBc", replace(at20, impulse_rate=1e-3),
            least={_SUCCESS: 98}, most={"loss_db": 3.0},
        ),
        Case(
            "impulses and DC, 20 dB", "DC 0 dBc", replace(at20, dc_db=0.0),
            least={_SUCCESS: 99}, most={"loss_db": 1.0},
        ),
        Case(
            "level, 20 dB", "1e-6 of full scale", at20, scale=1e-6,
            least={_SUCCESS: 99}, most={"loss_db": 0.3},
        ),
        Case(
            "level, 20 dB", "spike of 1e4 in preamble or header", at20, spike=1e4,
            least={_SUCCESS: 99}, most={"loss_db": 0.3},
        ),
        Case(
            "everything at once, 20 dB", "±48 kHz, 20 ppm, 10 Hz, IQ, DC, TDL-B 5 Hz, 8 bits",
            every, cfo_hz=(-48e3, 48e3), least={_SUCCESS: 98}, most={"loss_db": 3.0},
        ),
        *(_profile(name, cfg) for name in PROFILES),
    ]  # fmt: skip


def _profile(name: str, cfg: WaveformConfig) -> Case:
    """A profile at 20 dB; its lost samples are a case of their own."""
    channel = replace(profile(name, cfg.sample_rate, 20.0), drop_interval_s=None)
    return Case(
        "profiles, 20 dB", name, channel, cfo_hz=(-abs(channel.cfo_hz), abs(channel.cfo_hz)),
        least={_SUCCESS: 95},
    )  # fmt: skip
