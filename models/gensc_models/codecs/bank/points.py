"""The codec bank: operating points Phi_1 ... Phi_19 of one variable-rate network.

A point is a Lagrangian multiplier: the network minimises ``lambda 255^2 MSE + bits per pixel``
(Balle et al. 2018, with their lambda). As in GVIF-CIE (Section V) the points are ordered by their
distortion, ``D(Phi_1) <= D(Phi_2) <= ...``: Phi_1 is the best picture and costs most bits.

Between the few multipliers at which gains are learned they are interpolated in the logarithm
(Cui et al., "Asymmetric gained deep image compression", CVPR 2021); the *position* in [-1, 1] is
the logarithm of lambda scaled to the range of the bank.
"""

from __future__ import annotations

import math

POINTS = tuple(range(1, 20))
"""Numbers of the operating points, best quality first."""
LAMBDA_HIGH = 0.25
LAMBDA_LOW = 0.0015


def check_point(point: int) -> None:
    """Raises ``ValueError`` unless ``point`` is an operating point."""
    if isinstance(point, bool) or point not in POINTS:
        raise ValueError(f"operating point must be {POINTS[0]} to {POINTS[-1]}, not {point!r}")


def position_of_point(point: int) -> float:
    """Position of Phi_point: 1 for the first (best), -1 for the last.

    Raises
    ------
    ValueError
        No such point.
    """
    check_point(point)
    return 1.0 - 2.0 * (point - POINTS[0]) / (POINTS[-1] - POINTS[0])


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
