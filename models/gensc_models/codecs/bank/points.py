"""The codec bank: operating points Phi_1, Phi_2, ... of one variable-rate network.

A point is a Lagrangian multiplier: the network minimises ``lambda 255^2 MSE + bits per pixel``
(Balle et al. 2018, with their lambda). As in GVIF-CIE (Section V) the points are ordered by their
distortion, ``D(Phi_1) <= D(Phi_2) <= ...``: Phi_1 is the best picture and costs most bits.

Between the few multipliers at which gains are learned they are interpolated in the logarithm
(Cui et al., "Asymmetric gained deep image compression", CVPR 2021); the *position* is the logarithm
of lambda, 1 for Phi_1 and -1 for Phi_19. A bank has the first 19 points, or as many more as its
configuration says: each costs about a sixth fewer bits than the one before, to some .04 bit/pixel
at Phi_28 (position -2).
"""

from __future__ import annotations

import math

FIRST, NINETEENTH, LAST = 1, 19, 28
"""Operating points: the best, the one at position -1, and the last that a bank can have."""
LAMBDA_HIGH = 0.25
LAMBDA_LOW = 0.0015


def check_point(point: int, last: int = LAST) -> None:
    """Raises ``ValueError`` unless ``point`` is an operating point of a bank up to ``last``."""
    if isinstance(point, bool) or point not in range(FIRST, last + 1):
        raise ValueError(f"operating point must be {FIRST} to {last}, not {point!r}")


def position_of_point(point: int) -> float:
    """Position of Phi_point: 1 for the first (best), -1 for the nineteenth.

    Raises
    ------
    ValueError
        No such point.
    """
    check_point(point)
    return 1.0 - 2.0 * (point - FIRST) / (NINETEENTH - FIRST)


def multiplier(position: float) -> float:
    """Lambda of a position."""
    middle = 0.5 * (math.log(LAMBDA_HIGH) + math.log(LAMBDA_LOW))
    half = 0.5 * (math.log(LAMBDA_HIGH) - math.log(LAMBDA_LOW))
    return math.exp(middle + position * half)


def initial_step(position: float) -> float:
    """Quantiser step, in units of one grey level, that a linear codec should use.

    At high rate a uniform quantiser of step D has the distortion D^2/12 and spends log2(1/D) bits
    per coefficient: ``lambda D/6 = 3/(D ln 2)`` for three colours. Coefficients in the dead zone
    make a step larger by about a fifth optimal at the rates of the bank.
    """
    return 1.2 * math.sqrt(18.0 / (math.log(2.0) * multiplier(position)))
