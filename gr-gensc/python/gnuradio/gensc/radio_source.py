"""Receiving radio block."""

from __future__ import annotations

from gnuradio import gr

from .errors import GenscError
from .radio.opened import Opened, parse_device
from .radio.settings import RadioSettings


class radio_source(gr.hier_block2):
    """Samples of a software-defined radio, whatever its driver, with sane defaults.

    What the device says that it does is read back, and is in `tuned`.

    Args:
        device: "pluto:URI", "uhd:ARGUMENTS" or "soapy:driver=NAME".
        sample_rate: samples per second; a device that runs at another rate is refused.
        frequency: centre frequency, Hz.
        gain: dB as the device counts; None: a Pluto adjusts itself, others are at 60 % of their
            range.
        bandwidth: of the analog filter, Hz; None is the sample rate.
        antenna: port, as the driver names it.
        lo_offset: the local oscillator is this far from the centre, Hz.
        clock_source: of the reference, as the driver names it.
        ppm: error of the device's oscillator, which is made up for.

    Raises:
        GenscError: no driver, no device, or one that does not do what it is told.
    """

    def __init__(
        self,
        device: str = "pluto:",
        sample_rate: float = 1e6,
        frequency: float = 2.45e9,
        gain: float | None = None,
        bandwidth: float | None = None,
        antenna: str = "",
        lo_offset: float = 0.0,
        clock_source: str = "",
        ppm: float = 0.0,
    ) -> None:
        settings = RadioSettings(
            sample_rate, frequency, gain, bandwidth, antenna, lo_offset, clock_source, ppm
        )
        kind, arguments = parse_device(device)
        if kind is None:
            raise GenscError(f"radio_source: {device!r} names no radio")
        gr.hier_block2.__init__(
            self,
            "radio_source",
            gr.io_signature(0, 0, 0),
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
        )
        self._radio = Opened(kind, arguments, settings, transmit=False)
        self.tuned = self._radio.tuned
        self.connect(self._radio.block, self)

    def set_gain(self, gain: float) -> None:
        """Gain in dB, from now on."""
        self._radio.set_gain(gain)

    def set_frequency(self, frequency: float) -> None:
        """Centre frequency in Hz, from now on."""
        self._radio.set_frequency(frequency)
