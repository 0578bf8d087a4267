"""What a transmission would be, before anything is sent."""

from __future__ import annotations

import math

import numpy as np

from gensc.data.images import load_image
from gensc.data.named import Found, find, open_all
from gensc.link.budget import Budget, band
from gensc.link.radio import Place, RadioSettings
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings
from gensc_models.codecs.layout import symbols_for
from gensc_phy.waveform.config import WaveformConfig, header_symbols_for
from gensc_phy.waveform.fragment import fragment_edges
from gnuradio.gensc.radio.limits import limits, refusals

#: Bursts peak at about four times their rms.
PEAK = 4.0
_DISTANCES_M = (1, 10, 100)
_CABLE_DB = 30


def plan(settings: SendSettings, place: Place, radio: RadioSettings) -> list[str]:
    """The transmission in lines for people; no device is opened.

    Raises:
        UserError: what the device cannot do, an image that does not fit, or samples beyond full
            scale.
    """
    config = WaveformConfig(
        sample_rate=radio.sample_rate, header_symbols=header_symbols_for(settings.snr_db)
    )
    lines = [f"to {place}", *_air_time(settings, config)]
    width = (config.occupied + 1) * config.subcarrier_hz
    if not place.is_hardware:
        return lines
    if settings.amplitude * PEAK > 1.05:
        raise UserError(
            f"--amplitude {settings.amplitude:g}: bursts peak at about {PEAK:g} times that, full "
            "scale is 1; give 0.25 or less"
        )
    low, high = radio.frequency - width / 2, radio.frequency + width / 2
    lines.append(f"occupied band: {low / 1e6:.4f} to {high / 1e6:.4f} MHz ({width / 1e6:.3f} MHz)")
    licence_free = band(low, high)
    lines.append(
        f"band: {licence_free}; see what your country allows"
        if licence_free
        else "band: none that is licence-free nearly everywhere: a licence, or a cable with 30 dB"
    )
    known = limits(place.kind, place.name)
    if known is None:
        return [*lines, "power and limits: not known before the device is opened"]
    if found := refusals(known, radio, True):
        raise UserError(f"{place}: {'; '.join(found)}")
    if radio.sample_rate > known.steady_rate:
        lines.append(
            f"rate: above the {known.steady_rate / 1e6:g} Msps that {known.name}'s bus carries "
            "for long: expect underflows"
        )
    assert known.gain_tx is not None
    lowest, highest = known.gain_tx
    gain = radio.gain if radio.gain is not None else _default_gain(place, lowest, highest)
    level = 20 * math.log10(settings.amplitude) if settings.amplitude else -math.inf
    power = known.power_dbm - (highest - gain) + level
    budget = Budget(power, radio.frequency, width)
    lines += [
        f"power: about {power:.0f} dBm mean at gain {gain:g} dB and amplitude "
        f"{settings.amplitude:g} ({known.name}: {known.power_dbm:g} dBm at most)",
        "Es/N0, free space: "
        + ", ".join(f"{budget.snr_db(m):.0f} dB at {m} m" for m in _DISTANCES_M)
        + f"; behind {_CABLE_DB} dB on a cable {budget.snr_on_cable_db(_CABLE_DB):.0f} dB",
    ]
    return lines


def _default_gain(place: Place, lowest: float, highest: float) -> float:
    from gnuradio.gensc.radio import pluto, usrp

    if place.kind == "pluto":
        return pluto.DEFAULT_TX_GAIN
    return round(lowest + usrp.TX_SHARE * (highest - lowest))


def _air_time(settings: SendSettings, config: WaveformConfig) -> list[str]:
    """Time on the air of every image and of all rounds; captions and header sections left out."""
    lines: list[str] = []
    total = 0.0

    def checked(one: Found) -> tuple[Found, tuple[int, ...]]:
        shape = load_image(one.path, settings.max_side).shape
        codecs.check_fits(one.path, shape, settings.rate)
        return one, shape

    for one, (height, width, _) in open_all(find(settings.images), checked, lines.append):
        symbols = symbols_for(height, width, settings.rate)
        bursts = max(1, -(-symbols // config.max_payload))
        samples = sum(
            config.burst_len(int(n)) + config.gap for n in np.diff(fragment_edges(symbols, bursts))
        )
        seconds = samples / config.sample_rate
        total += seconds
        lines.append(
            f"{one.name}: {width}x{height}, {symbols} symbols, "
            f"about {bursts} bursts, {1e3 * seconds:.1f} ms"
        )
    rounds = f"{settings.repeat} times" if settings.repeat else "until Ctrl-C"
    lines.append(f"air time: {total * max(1, settings.repeat):.3f} s, {rounds}")
    return lines
