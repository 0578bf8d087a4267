"""Transmitting radio block."""

from __future__ import annotations

from gnuradio import gr

from .errors import GenscError
from .radio.opened import Opened, parse_device
from .radio.settings import RadioSettings


class radio_sink(gr.hier_block2):
    """Sends samples through a software-defined radio, whatever its driver, with sane defaults.

    Full scale is 1: give a Burst Transmitter an amplitude of 0.2 and `idle` "zeros". What the
    device says that it does is read back, and is in `tuned`.

    Args:
        device: "pluto:URI", "uhd:ARGUMENTS" or "soapy:driver=NAME".
        sample_rate: samples per second; a device that runs at another rate is refused.
        frequency: centre frequency, Hz.
        gain: dB as the device counts (Pluto: 0 is full power, -89.75 the least); None: a Pluto is
            at -10, others at 70 % of their range.
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
            raise GenscError(f"radio_sink: {device!r} names no radio")
        gr.hier_block2.__init__(
            self,
            "radio_sink",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        self._radio = Opened(kind, arguments, settings, transmit=True)
        self.tuned = self._radio.tuned
        self.connect(self, self._radio.block)

    def set_gain(self, gain: float) -> None:
        """Gain in dB, from now on."""
        self._radio.set_gain(gain)

    def set_frequency(self, frequency: float) -> None:
        """Centre frequency in Hz, from now on."""
        self._radio.set_frequency(frequency)
