"""All other radios through gr-soapy and SoapySDR's drivers."""

from __future__ import annotations

from typing import Any

from ..errors import GenscError
from .driver import device, module
from .settings import RadioSettings, Tuned, check_rate

RX_SHARE, TX_SHARE = 0.6, 0.7
_ADVICE = (
    "SoapySDR needs gr-soapy: apt-get install gnuradio soapysdr-tools, and the module of the "
    "device (soapysdr-module-all)"
)


def open_source(arguments: str, radio: RadioSettings) -> tuple[Any, Tuned]:
    """A block that gives samples, and what the device does.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """
    return _open(arguments, radio, transmit=False)


def open_sink(arguments: str, radio: RadioSettings) -> tuple[Any, Tuned]:
    """A block that takes samples, and what the device does.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """
    return _open(arguments, radio, transmit=True)


def set_gain(block: Any, gain: float, *, transmit: bool) -> None:
    """Gain of a device that is open."""
    if not transmit and block.has_gain_mode(0):
        block.set_gain_mode(0, False)
    block.set_gain(0, gain)


def set_frequency(block: Any, radio: RadioSettings) -> None:
    """Centre frequency of a device that is open."""
    block.set_frequency(0, radio.tuned_frequency)


def _open(arguments: str, radio: RadioSettings, *, transmit: bool) -> tuple[Any, Tuned]:
    soapy = module("soapy", _ADVICE)
    name = f"soapy:{arguments}"
    if not arguments:
        raise GenscError("soapy: say which device, as in soapy:driver=hackrf")
    tune = [f"OFFSET={radio.lo_offset:g}"] if radio.lo_offset else [""]
    make = soapy.sink if transmit else soapy.source
    block = device(name, lambda: make(arguments, "fc32", 1, "", "", tune, [""]))
    try:
        if radio.clock_source:
            block.set_clock_source(radio.clock_source)
        if radio.antenna:
            there = list(block.list_antennas(0))
            if radio.antenna not in there:
                raise GenscError(f"{name}: antenna {radio.antenna!r}: there are {', '.join(there)}")
            block.set_antenna(0, radio.antenna)
        block.set_sample_rate(0, radio.tuned_rate)
        rate = block.get_sample_rate(0)
        check_rate(name, radio.tuned_rate, rate)
        set_frequency(block, radio)
        block.set_bandwidth(0, radio.tuned_bandwidth)
        gain = radio.gain
        if gain is None:
            span = block.get_gain_range(0)
            share = TX_SHARE if transmit else RX_SHARE
            gain = round(span.minimum() + share * (span.maximum() - span.minimum()))
        set_gain(block, gain, transmit=transmit)
        return block, Tuned(
            name, rate, block.get_frequency(0), block.get_bandwidth(0), block.get_gain(0),
            antenna=block.get_antenna(0),
        )  # fmt: skip
    except (RuntimeError, ValueError) as error:
        raise GenscError(f"{name}: {str(error).splitlines()[0].strip()}") from error
