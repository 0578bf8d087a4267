"""How far apart the carriers of two radios may be."""

from __future__ import annotations

from dataclasses import replace

from gensc.system.errors import UserError
from gensc_phy.waveform.config import WaveformConfig


def cfo_range_hz(told_hz: float | None, ppm: float | None, frequency: float) -> float | None:
    """Largest carrier offset from what the user says; None where nothing is said.

    Args:
        told_hz: the offset itself, Hz.
        ppm: or the tolerance of each of the two oscillators, parts per million.
        frequency: carrier, Hz.

    Raises:
        UserError: both are given.
    """
    if told_hz is not None and ppm is not None:
        raise UserError("give either --cfo-range or --ppm")
    return told_hz if ppm is None else 2e-6 * ppm * frequency


def receiver_config(sample_rate: float, range_hz: float | None) -> WaveformConfig:
    """The waveform at that rate, accepting offsets up to `range_hz` (None: as it comes).

    Raises:
        UserError: no receiver at that rate can tell such an offset from its alias.
    """
    config = WaveformConfig(sample_rate=sample_rate)
    if range_hz is None:
        return config
    try:
        return replace(config, cfo_range=max(range_hz / config.subcarrier_hz, 0.5))
    except ValueError as error:
        largest = (config.fft_size / 2 - 1) * config.subcarrier_hz
        raise UserError(
            f"carrier offset of {range_hz:g} Hz: at {sample_rate:g} samples a second "
            f"at most {largest:g} can be told"
        ) from error
