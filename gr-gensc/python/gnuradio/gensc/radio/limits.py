"""What radios can do, from their data sheets: known before any is plugged in."""

from __future__ import annotations

from dataclasses import dataclass

from .settings import RadioSettings


@dataclass(frozen=True)
class Limits:
    """Of a kind of radio.

    Attributes:
        name: for people.
        frequency, rate: smallest and largest, Hz.
        gain_tx, gain_rx: smallest and largest, dB; None where it cannot transmit or receive.
        power_dbm: output at the largest gain and full scale, about.
        steady_rate: what its bus carries without overflows, about, samples per second.
        lo_offset: it has one.
        clocks: sources of its reference; empty where there is no choice.
    """

    name: str
    frequency: tuple[float, float]
    rate: tuple[float, float]
    gain_tx: tuple[float, float] | None
    gain_rx: tuple[float, float] | None
    power_dbm: float
    steady_rate: float
    lo_offset: bool = False
    clocks: tuple[str, ...] = ()


PLUTO = Limits("ADALM-Pluto", (70e6, 6e9), (65_105, 61.44e6), (-89.75, 0), (0, 73), 7, 4e6)
_REFERENCES = ("internal", "external", "gpsdo")
_UHD = {
    "b200": Limits(
        "USRP B200/B210", (70e6, 6e9), (200e3, 61.44e6), (0, 89.75), (0, 76), 10, 30e6, True,
        _REFERENCES,
    ),
    "n2": Limits(
        "USRP N200/N210", (0, 6e9), (195_312, 50e6), (0, 31.5), (0, 31.5), 15, 25e6, True,
        (*_REFERENCES, "mimo"),
    ),
    "x3": Limits(
        "USRP X300/X310", (0, 6e9), (195_312, 200e6), (0, 31.5), (0, 31.5), 15, 100e6, True,
        _REFERENCES,
    ),
}  # fmt: skip
_SOAPY = {
    "rtlsdr": Limits("RTL-SDR", (24e6, 1.766e9), (225_001, 3.2e6), None, (0, 49.6), 0, 2.4e6),
    "hackrf": Limits("HackRF One", (1e6, 6e9), (2e6, 20e6), (0, 47), (0, 102), 10, 16e6),
    "lime": Limits("LimeSDR", (100e3, 3.8e9), (100e3, 61.44e6), (0, 64), (0, 61), 10, 20e6, True),
    "bladerf": Limits("bladeRF", (47e6, 6e9), (520_834, 61.44e6), (-23, 66), (0, 60), 6, 30e6),
    "airspy": Limits("Airspy", (24e6, 1.8e9), (2.5e6, 10e6), None, (0, 21), 0, 10e6),
    "plutosdr": PLUTO,
}


def limits(kind: str, arguments: str) -> Limits | None:
    """Of a radio as it is named on the command line; None where that does not say which it is."""
    if kind == "pluto":
        return PLUTO
    known = _UHD if kind == "uhd" else _SOAPY
    told = arguments.replace(" ", "").lower()
    for part in told.split(","):
        key, _, value = part.partition("=")
        if key in ("type", "driver", "product"):
            match = next((limit for name, limit in known.items() if value.startswith(name)), None)
            if match is not None:
                return match
    return None


def refusals(limit: Limits, radio: RadioSettings, transmit: bool) -> list[str]:
    """What the radio cannot do of what it is told; every one a line."""
    found = []
    gains = limit.gain_tx if transmit else limit.gain_rx
    if gains is None:
        return [f"{limit.name} cannot {'transmit' if transmit else 'receive'}"]
    low, high = limit.frequency
    if not low <= radio.frequency <= high:
        found.append(
            f"{radio.frequency / 1e6:g} MHz: {limit.name} tunes {low / 1e6:g} to {high / 1e6:g} MHz"
        )
    low, high = limit.rate
    if not low <= radio.sample_rate <= high:
        found.append(f"{radio.sample_rate:g} samples/s: {limit.name} runs at {low:g} to {high:g}")
    if radio.gain is not None and not gains[0] <= radio.gain <= gains[1]:
        found.append(f"gain {radio.gain:g} dB: {limit.name} has {gains[0]:g} to {gains[1]:g} dB")
    if radio.lo_offset and not limit.lo_offset:
        found.append(f"{limit.name} has no offset of the local oscillator")
    if radio.clock_source and radio.clock_source not in limit.clocks:
        known = ", ".join(limit.clocks) or "its own oscillator alone"
        found.append(f"clock source {radio.clock_source!r}: {limit.name} has {known}")
    return found
