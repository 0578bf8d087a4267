"""A radio that is open: the same few calls whatever its driver."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from ..errors import GenscError
from . import pluto, soapy, usrp
from .limits import limits, refusals
from .settings import KINDS, RadioSettings

_DRIVERS: dict[str, ModuleType] = {"pluto": pluto, "uhd": usrp, "soapy": soapy}


def parse_device(device: str) -> tuple[str | None, str]:
    """Kind and arguments of "KIND:ARGUMENTS"; None where it is no radio's."""
    kind, _, arguments = device.partition(":")
    return (kind, arguments) if kind in KINDS else (None, device)


class Opened:
    """A device.

    Args:
        kind: of `KINDS`.
        arguments: as its driver takes them.
        settings: what it is told.
        transmit: it sends; or else it receives.

    Attributes:
        block: gives or takes samples.
        tuned: what the device says that it does.

    Raises:
        GenscError: it cannot do what it is told, is not there, or has no driver.
    """

    def __init__(
        self, kind: str, arguments: str, settings: RadioSettings, *, transmit: bool
    ) -> None:
        known = limits(kind, arguments)
        if known is not None and (found := refusals(known, settings, transmit)):
            raise GenscError(f"{kind}:{arguments}: {'; '.join(found)}")
        self.settings = settings
        self._driver, self._transmit = _DRIVERS[kind], transmit
        opens = self._driver.open_sink if transmit else self._driver.open_source
        self.block, self.tuned = opens(arguments, settings)

    def set_gain(self, gain: float) -> None:
        """Gain in dB, from now on."""
        self._driver.set_gain(self.block, gain, transmit=self._transmit)
        self.settings = replace(self.settings, gain=gain)

    def set_frequency(self, frequency: float) -> None:
        """Centre frequency in Hz, from now on."""
        self.settings = replace(self.settings, frequency=frequency)
        self._driver.set_frequency(self.block, self.settings)
