"""ADALM-Pluto and other AD936x radios through gr-iio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import GenscError
from . import libiio
from .driver import device, module
from .settings import RadioSettings, Tuned, check_rate

#: Samples of a buffer of the driver.
BUFFER = 1 << 15
#: Gains where none is told: a transmitter 10 dB below full power, a receiver that adjusts itself.
DEFAULT_TX_GAIN, AUTOMATIC = -10.0, "slow_attack"
#: Below this rate the converter runs 8 times as fast and the FPGA decimates.
_DECIMATED_BELOW, _DECIMATION = 520_834, 8
_BANDWIDTHS = (200e3, 52e6)
_ADVICE = "a Pluto needs gr-iio: apt-get install gnuradio libiio-utils"


def open_source(uri: str, radio: RadioSettings) -> tuple[Any, Tuned]:
    """A block that gives samples, and what the device does.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """
    iio = module("iio", _ADVICE)
    name, uri = f"pluto:{uri}", uri or _first(iio)
    source = device(name, lambda: iio.fmcomms2_source_fc32(uri, [True, True], BUFFER))
    mode = AUTOMATIC if radio.gain is None else "manual"

    def tell() -> None:
        _tune(source, radio)
        if radio.gain is None:
            _set_mode(source, mode)
        else:
            set_gain(source, radio.gain, transmit=False)
        source.set_quadrature(True)
        source.set_rfdc(True)
        source.set_bbdc(True)

    _in_one_line(name, tell)
    return source, _read_back(name, uri, radio, radio.gain, mode, transmit=False)


def open_sink(uri: str, radio: RadioSettings) -> tuple[Any, Tuned]:
    """A block that takes samples, and what the device does.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """
    iio = module("iio", _ADVICE)
    name, uri = f"pluto:{uri}", uri or _first(iio)
    sink = device(name, lambda: iio.fmcomms2_sink_fc32(uri, [True, True], BUFFER, False))
    gain = DEFAULT_TX_GAIN if radio.gain is None else radio.gain

    def tell() -> None:
        _tune(sink, radio)
        set_gain(sink, gain, transmit=True)

    _in_one_line(name, tell)
    return sink, _read_back(name, uri, radio, gain, "manual", transmit=True)


def _first(iio: Any) -> str:
    """URI of the Pluto that is plugged in."""
    return str(device("pluto:", iio.get_pluto_uri))


def set_gain(block: Any, gain: float, *, transmit: bool) -> None:
    """Gain of a device that is open; a transmitter attenuates instead of amplifying."""
    if transmit:
        block.set_attenuation(0, max(0.0, -gain))
    else:
        _set_mode(block, "manual")
        block.set_gain(0, gain)


def set_frequency(block: Any, radio: RadioSettings) -> None:
    """Centre frequency of a device that is open."""
    block.set_frequency(round(radio.tuned_frequency))


def _set_mode(source: Any, mode: str) -> None:
    # gr-iio writes the mode that was set before: only the second time is it this one.
    for _ in range(2):
        source.set_gain_mode(0, mode)


def _tune(block: Any, radio: RadioSettings) -> None:
    set_frequency(block, radio)
    block.set_samplerate(round(radio.tuned_rate))
    # Loads the decimating filter that rates below 2.1 Msps need. It leaves the analog bandwidth
    # where it was, at 18 MHz: that is set with what is read back.
    block.set_filter_params("Auto", "", 0, 0)


def _in_one_line(name: str, act: Callable[[], None]) -> None:
    try:
        act()
    except RuntimeError as error:
        reason = (str(error).splitlines() or ["refused"])[0].strip()
        raise GenscError(f"{name}: {reason}") from error


def _read_back(
    name: str, uri: str, radio: RadioSettings, gain: float | None, mode: str, *, transmit: bool
) -> Tuned:
    """Set what gr-iio cannot, and ask the device for all of it.

    Raises:
        GenscError: it does not do what it was told.
    """
    bandwidth = round(min(max(radio.tuned_bandwidth, _BANDWIDTHS[0]), _BANDWIDTHS[1]))
    decimation = _DECIMATION if radio.tuned_rate < _DECIMATED_BELOW else 1
    with libiio.attributes(uri) as chip:
        if chip is None:
            # Nothing to ask: what it was told is all there is to say.
            return Tuned(name, radio.sample_rate, radio.frequency, None, gain, mode)
        chip.write("voltage0", "rf_bandwidth", str(bandwidth), output=transmit)
        # gr-iio tells the transmitter alone; in the chip, but not in every device, both share it.
        rate = _number(chip.read("voltage0", "sampling_frequency", output=transmit))
        wanted = round(radio.tuned_rate) * decimation
        if rate is not None and round(rate) != wanted:
            chip.write("voltage0", "sampling_frequency", str(wanted), output=transmit)
        told = {
            key: chip.read("voltage0", key, output=transmit)
            for key in ("sampling_frequency", "rf_bandwidth", "hardwaregain", "gain_control_mode")
        }
        told["frequency"] = chip.read(
            "altvoltage1" if transmit else "altvoltage0", "frequency", output=True
        )
    says = told["gain_control_mode"]
    if not transmit and says and says != mode:
        raise GenscError(f"{name}: asked for gain control {mode}, the device says {says}")
    rate = _number(told["sampling_frequency"])
    if rate is not None:
        rate /= decimation
    check_rate(name, radio.tuned_rate, rate)
    return Tuned(
        name,
        sample_rate=rate,
        frequency=_number(told["frequency"]),
        bandwidth=_number(told["rf_bandwidth"]),
        gain=None if gain is None else _number(told["hardwaregain"]),
        gain_mode=mode,
    )


def _number(text: str) -> float | None:
    """The number that an attribute begins with ("-10.000000 dB")."""
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return None
