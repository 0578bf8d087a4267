"""Power delay profiles of tapped-delay-line channels.

TDL-A, TDL-B and TDL-C: 3GPP TR 38.901, tables 7.7.2-1 to 7.7.2-3, delays in units of the rms delay
spread. EPA, EVA and ETU: 3GPP TS 36.104, annex B.2, delays in nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# name -> (delay in rms delay spreads, mean power in dB) of every path
_TDL: dict[str, tuple[tuple[float, float], ...]] = {
    "tdl-a": (
        (0.0000, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.4610, -6.0),
        (0.5375, -8.2), (0.6708, -9.9), (0.5750, -10.5), (0.7618, -7.5), (1.5375, -15.9),
        (1.8978, -6.6), (2.2242, -16.7), (2.1718, -12.4), (2.4942, -15.2), (2.5119, -10.8),
        (3.0582, -11.3), (4.0810, -12.7), (4.4579, -16.2), (4.5695, -18.3), (4.7966, -18.9),
        (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
    ),
    "tdl-b": (
        (0.0000, 0.0), (0.1072, -2.2), (0.2155, -4.0), (0.2095, -3.2), (0.2870, -9.8),
        (0.2986, -1.2), (0.3752, -3.4), (0.5055, -5.2), (0.3681, -7.6), (0.3697, -3.0),
        (0.5700, -8.9), (0.5283, -9.0), (1.1021, -4.8), (1.2756, -5.7), (1.5474, -7.5),
        (1.7842, -1.9), (2.0169, -7.6), (2.8294, -12.2), (3.0219, -9.8), (3.6187, -11.4),
        (4.1067, -14.9), (4.2790, -9.2), (4.7834, -11.3),
    ),
    "tdl-c": (
        (0.0000, -4.4), (0.2099, -1.2), (0.2219, -3.5), (0.2329, -5.2), (0.2176, -2.5),
        (0.6366, 0.0), (0.6448, -2.2), (0.6560, -3.9), (0.6584, -7.4), (0.7935, -7.1),
        (0.8213, -10.7), (0.9336, -11.1), (1.2285, -5.1), (1.3083, -6.8), (2.1704, -8.7),
        (2.7105, -13.2), (4.2589, -13.9), (4.6003, -13.9), (5.4902, -15.8), (5.6077, -17.1),
        (6.3065, -16.0), (6.6374, -15.7), (7.0427, -21.6), (8.6523, -22.8),
    ),
}  # fmt: skip
# name -> (delay in ns, mean power in dB) of every path
_EXTENDED: dict[str, tuple[tuple[float, float], ...]] = {
    "epa": (
        (0, 0.0), (30, -1.0), (70, -2.0), (90, -3.0), (110, -8.0), (190, -17.2), (410, -20.8),
    ),
    "eva": (
        (0, 0.0), (30, -1.5), (150, -1.4), (310, -3.6), (370, -0.6), (710, -9.1), (1090, -7.0),
        (1730, -12.0), (2510, -16.9),
    ),
    "etu": (
        (0, -1.0), (50, -1.0), (120, -1.0), (200, 0.0), (230, 0.0), (500, 0.0), (1600, -3.0),
        (2300, -5.0), (5000, -7.0),
    ),
}  # fmt: skip
#: `flat` is a single path.
DELAY_PROFILES = ("flat", *_TDL, *_EXTENDED)
#: rms delay spread of a TDL where none is asked for: the nominal one of TR 38.901, table 7.7.3-1.
NOMINAL_SPREAD_S = 100e-9


@dataclass(frozen=True)
class DelayProfile:
    """Delays and mean powers of the paths of a channel.

    Attributes:
        delays_s: seconds, the first path at 0; [paths].
        powers: linear, their sum is 1; [paths].
    """

    delays_s: NDArray[np.float64]
    powers: NDArray[np.float64]

    @property
    def rms_s(self) -> float:
        """rms delay spread in seconds."""
        mean = float(self.powers @ self.delays_s)
        square = float(self.powers @ self.delays_s**2)
        return float(np.sqrt(max(0.0, square - mean**2)))


def delay_profile(name: str, rms_s: float | None = None) -> DelayProfile:
    """A profile by name, scaled to an rms delay spread.

    Args:
        name: of `DELAY_PROFILES`.
        rms_s: seconds; None leaves EPA, EVA and ETU as they are and gives a TDL its nominal
            100 ns.

    Raises:
        ValueError: no profile of that name.
    """
    if name == "flat":
        return DelayProfile(np.zeros(1), np.ones(1))
    if name in _TDL:
        delays, unit = np.array(_TDL[name]), NOMINAL_SPREAD_S
    elif name in _EXTENDED:
        delays, unit = np.array(_EXTENDED[name], dtype=np.float64), 1e-9
    else:
        raise ValueError(f"delay profile {name!r}: there are {', '.join(DELAY_PROFILES)}")
    powers = 10 ** (delays[:, 1] / 10)
    profile = DelayProfile(delays[:, 0] * unit, powers / powers.sum())
    if rms_s is None:
        return profile
    return DelayProfile(profile.delays_s * (rms_s / profile.rms_s), profile.powers)
