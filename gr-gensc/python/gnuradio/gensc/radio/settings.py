"""What a radio is told, and what it says that it does."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import GenscError

#: Kinds of radios, by the driver that serves them.
KINDS = ("pluto", "uhd", "soapy")


@dataclass(frozen=True)
class RadioSettings:
    """What a radio is told; None and "" leave a sane default.

    Attributes:
        sample_rate: samples per second.
        frequency: centre frequency, Hz.
        gain: dB as the device counts (a transmitting Pluto: 0 is full power, -89.75 the least).
        bandwidth: of the analog filter, Hz; None is the sample rate.
        antenna: port, as the driver names it.
        lo_offset: the local oscillator is this far from the centre, Hz: out of the signal's way.
        clock_source: of the 10 MHz reference, as the driver names it (internal, external, gpsdo).
        ppm: error of the device's own oscillator, which tuning and sample rate make up for.
    """

    sample_rate: float = 1e6
    frequency: float = 2.45e9
    gain: float | None = None
    bandwidth: float | None = None
    antenna: str = ""
    lo_offset: float = 0.0
    clock_source: str = ""
    ppm: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no radio can be told, by name."""
        for name in ("sample_rate", "frequency"):
            if not getattr(self, name) > 0:
                raise GenscError(f"{name} {getattr(self, name)}: must be positive")
        if self.bandwidth is not None and not self.bandwidth > 0:
            raise GenscError(f"bandwidth {self.bandwidth}: must be positive")
        if not abs(self.ppm) <= 200:
            raise GenscError(f"ppm {self.ppm}: must be within ±200")

    @property
    def tuned_frequency(self) -> float:
        """What the device has to be told to be at `frequency`: its clock is `ppm` fast."""
        return self.frequency / (1 + self.ppm * 1e-6)

    @property
    def tuned_rate(self) -> float:
        """What the device has to be told to run at `sample_rate`."""
        return self.sample_rate / (1 + self.ppm * 1e-6)

    @property
    def tuned_bandwidth(self) -> float:
        """Of the analog filter."""
        return self.sample_rate if self.bandwidth is None else self.bandwidth


@dataclass(frozen=True)
class Tuned:
    """What a device says after it was told; None where its driver does not say.

    Attributes:
        device: as it was named.
        sample_rate, frequency, bandwidth: Hz.
        gain: dB, or None under automatic control.
        gain_mode: "manual", or the name of the automatic one.
        antenna: port.
    """

    device: str
    sample_rate: float | None = None
    frequency: float | None = None
    bandwidth: float | None = None
    gain: float | None = None
    gain_mode: str = "manual"
    antenna: str = ""

    def line(self) -> str:
        """All of it, in one line for people."""
        parts = []
        if self.frequency is not None:
            parts.append(f"{self.frequency / 1e6:.6f} MHz")
        if self.sample_rate is not None:
            parts.append(f"{self.sample_rate / 1e6:g} Msps")
        if self.bandwidth is not None:
            parts.append(f"{self.bandwidth / 1e6:g} MHz wide")
        if self.gain is not None:
            parts.append(f"gain {self.gain:g} dB")
        if self.gain_mode != "manual":
            parts.append(f"gain control {self.gain_mode}")
        if self.antenna:
            parts.append(f"antenna {self.antenna}")
        return f"{self.device}: {', '.join(parts)}"


def check_rate(device: str, asked: float, got: float | None) -> None:
    """Refuse a device that runs at another rate than the waveform.

    Raises:
        GenscError: more than 10 ppm away; the two clocks would drift apart within a burst.
    """
    if got is not None and abs(got - asked) > 10e-6 * asked:
        raise GenscError(
            f"{device}: asked for {asked:g} samples/s, the device runs at {got:g}; "
            "ask for a rate it can do"
        )
