"""Direct-conversion receiver: IQ imbalance and DC."""

from __future__ import annotations

import cmath
import math

import numpy as np
from numpy.typing import NDArray


def iq_coefficients(gain_db: float, phase_deg: float) -> tuple[complex, complex]:
    """mu and nu of y = mu x + nu x*, for Q stronger by a gain and late by a phase.

    The image rejection ratio is |mu|^2 / |nu|^2 = (1 + 2 g cos + g^2) / (1 - 2 g cos + g^2).
    """
    g = 10 ** (gain_db / 20)
    turn = cmath.exp(1j * math.radians(phase_deg))
    return (1 + g / turn) / 2, (1 - g * turn) / 2


def iq_imbalance(
    samples: NDArray[np.complex64], gain_db: float, phase_deg: float
) -> NDArray[np.complex64]:
    """What mixers of unequal gain, not quite a quarter of a turn apart, make of samples; [n]."""
    mu, nu = iq_coefficients(gain_db, phase_deg)
    return (np.complex64(mu) * samples + np.complex64(nu) * np.conj(samples)).astype(np.complex64)


def dc_level(level_db: float, phase: float) -> np.complex64:
    """A constant of `level_db` against a signal power of 1, at a phase in rad."""
    return np.complex64(cmath.rect(10 ** (level_db / 20), phase))
