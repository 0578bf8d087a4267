"""How far a transmission may be heard, and where it may be sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Noise figure of a receiver, and gain of each antenna, where nobody knows better.
NOISE_FIGURE_DB, ANTENNA_DBI = 8.0, 2.0
_THERMAL_DBM_HZ = -174.0
_LIGHT = 299_792_458.0
# Hz, Hz, what it is. Everywhere or in most countries; power, duty and use are limited.
_BANDS = (
    (6.765e6, 6.795e6, "6.78 MHz ISM"),
    (13.553e6, 13.567e6, "13.56 MHz ISM"),
    (26.957e6, 27.283e6, "27 MHz ISM"),
    (40.66e6, 40.7e6, "40 MHz ISM"),
    (433.05e6, 434.79e6, "433 MHz ISM, ITU region 1 (10 mW)"),
    (863e6, 870e6, "868 MHz short-range devices, Europe (25 mW, duty cycle)"),
    (902e6, 928e6, "915 MHz ISM, ITU region 2"),
    (2.4e9, 2.4835e9, "2.4 GHz ISM (100 mW EIRP in Europe, 10 mW/MHz)"),
    (5.725e9, 5.875e9, "5.8 GHz ISM (25 mW in Europe)"),
)


def band(low: float, high: float) -> str | None:
    """Name of the licence-free band that holds low … high Hz; None where none does."""
    return next((name for a, b, name in _BANDS if a <= low and high <= b), None)


@dataclass(frozen=True)
class Budget:
    """A radio link.

    Attributes:
        power_dbm: mean power into the antenna or the cable.
        frequency, bandwidth: Hz.
    """

    power_dbm: float
    frequency: float
    bandwidth: float

    @property
    def noise_dbm(self) -> float:
        """In the receiver's band, its noise figure included."""
        return _THERMAL_DBM_HZ + 10 * math.log10(self.bandwidth) + NOISE_FIGURE_DB

    def free_space_db(self, metres: float) -> float:
        """Loss between two antennas in free space."""
        return 20 * math.log10(4 * math.pi * metres * self.frequency / _LIGHT)

    def snr_db(self, metres: float) -> float:
        """Es/N0 at a distance in free space; walls and people take 10 to 30 dB of it."""
        gained = self.power_dbm + 2 * ANTENNA_DBI - self.free_space_db(metres)
        return gained - self.noise_dbm

    def snr_on_cable_db(self, attenuation_db: float) -> float:
        """Es/N0 behind an attenuator."""
        return self.power_dbm - attenuation_db - self.noise_dbm
