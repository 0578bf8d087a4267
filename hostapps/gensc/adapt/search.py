"""Exhaustive search of problem (31) over operating points and the grid of thresholds."""

from __future__ import annotations

import numpy as np

from gensc.adapt.problem import Problem, Solution, best


def search(problem: Problem) -> Solution:
    """The choice of the largest expected GVIF at every SNR that meets all constraints.

    Of equal fidelities the cheapest is taken. Containers are not assumed to shrink with every
    step of alpha: their masks differ.
    """
    family = problem.family
    bits, gvif = family.expected_bits[None], family.expected_gvif[None]
    fits = (bits <= problem.budget_bits[:, None, None]) & problem.allowed
    value = np.where(fits, gvif, -np.inf)
    # Where a larger threshold loses nothing, it may cost less.
    cheapest = np.where(value >= value.max(axis=2, keepdims=True), bits, np.inf)
    return best(problem, np.where(fits, cheapest, np.inf).argmin(axis=2), fits.any(axis=2))
