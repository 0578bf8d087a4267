"""USRPs through gr-uhd."""

from __future__ import annotations

from typing import Any

from ..errors import GenscError
from .driver import device, module
from .settings import RadioSettings, Tuned, check_rate

#: Of the gain range, where none is told: a receiver that hears, a transmitter that is heard.
RX_SHARE, TX_SHARE = 0.6, 0.7
_ADVICE = "a USRP needs gr-uhd: apt-get install gnuradio uhd-host"


def open_source(arguments: str, radio: RadioSettings) -> tuple[Any, Tuned]:
    """A block that gives samples, and what the device does.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """
    uhd = module("uhd", _ADVICE)
    name = f"uhd:{arguments}"
    stream = uhd.stream_args(cpu_format="fc32", channels=[0])
    return _open(name, device(name, lambda: uhd.usrp_source(arguments, stream)), radio, RX_SHARE)


def open_sink(arguments: str, radio: RadioSettings) -> tuple[Any, Tuned]:
    """A block that takes samples, and what the device does.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """
    uhd = module("uhd", _ADVICE)
    name = f"uhd:{arguments}"
    stream = uhd.stream_args(cpu_format="fc32", channels=[0])
    return _open(name, device(name, lambda: uhd.usrp_sink(arguments, stream)), radio, TX_SHARE)


def set_gain(block: Any, gain: float, *, transmit: bool) -> None:
    """Gain of a device that is open."""
    block.set_gain(gain, 0)


def set_frequency(block: Any, radio: RadioSettings) -> None:
    """Centre frequency of a device that is open; the local oscillator beside it where told."""
    if not radio.lo_offset:
        block.set_center_freq(radio.tuned_frequency, 0)
        return
    uhd = module("uhd", _ADVICE)
    block.set_center_freq(uhd.tune_request(radio.tuned_frequency, radio.lo_offset), 0)


def _open(name: str, block: Any, radio: RadioSettings, share: float) -> tuple[Any, Tuned]:
    try:
        if radio.clock_source:
            _one_of(name, "clock source", radio.clock_source, block.get_clock_sources(0))
            block.set_clock_source(radio.clock_source, 0)
        if radio.antenna:
            _one_of(name, "antenna", radio.antenna, block.get_antennas(0))
            block.set_antenna(radio.antenna, 0)
        block.set_samp_rate(radio.tuned_rate)
        rate = block.get_samp_rate()
        check_rate(name, radio.tuned_rate, rate)
        set_frequency(block, radio)
        frequency = block.get_center_freq(0)
        if abs(frequency - radio.tuned_frequency) > 1e3:
            raise GenscError(
                f"{name}: asked for {radio.frequency / 1e6:g} MHz, the device tunes to "
                f"{frequency / 1e6:g} MHz"
            )
        block.set_bandwidth(radio.tuned_bandwidth, 0)
        gain = radio.gain
        if gain is None:
            # Without one, UHD starts at the bottom of the range: deaf, or not to be heard.
            span = block.get_gain_range(0)
            gain = round(span.start() + share * (span.stop() - span.start()))
        set_gain(block, gain, transmit=False)
        return block, Tuned(
            name, rate, frequency, block.get_bandwidth(0), block.get_gain(0),
            antenna=block.get_antenna(0),
        )  # fmt: skip
    except RuntimeError as error:
        raise GenscError(f"{name}: {str(error).splitlines()[0].strip()}") from error


def _one_of(name: str, what: str, asked: str, there: Any) -> None:
    if asked not in list(there):
        raise GenscError(f"{name}: {what} {asked!r}: there are {', '.join(there)}")
