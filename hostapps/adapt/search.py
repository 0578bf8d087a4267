"""Exhaustive search of problem (31) over operating points and the grid of thresholds."""

from __future__ import annotations

import numpy as np
from gensc_host.adapt.problem import Problem, Solution, best


def search(problem: Problem) -> Solution:
    """The choice of the largest expected GVIF at every SNR that meets all constraints.

    Of equal fidelities the cheapest is taken. GVIF never rises with alpha, so at each operating
    point the least threshold that fits is the best one; containers are not assumed to shrink with
    every step of alpha (their masks differ).
    """
    family, allowed = problem.family, problem.allowed
    fits = family.expected_bits[None, :, :allowed] <= problem.budget_bits[:, None, None]
    fits &= problem.good_enough[None, :, None]
    least = fits.argmax(axis=2)
    # Where a larger threshold loses nothing, it may cost less.
    same = family.expected_gvif[None, :, :allowed] >= np.take_along_axis(
        np.broadcast_to(family.expected_gvif[None, :, :allowed], fits.shape),
        least[..., None],
        axis=2,
    )
    bits = np.where(fits & same, family.expected_bits[None, :, :allowed], np.inf)
    return best(problem, bits.argmin(axis=2), fits.any(axis=2))
