"""Algorithm 1 of GVIF-CIE: penalty, zero-order stochastic gradients, projection.

For every operating point of the set G (step 1, Eq. 31c) the threshold minimises

    L(alpha) = -E{V(Phi, alpha; x)} + p max(0, K(alpha))²            (33, 34)

from alpha = 0.5 (step 2) by steps against the gradient

    ∇L = -∇G + 2 p max(0, K) ∇K                                      (35)
    ∇G ≈ mean over a mini-batch of [V(alpha + nu m) - V(alpha)] m / nu     (36)
    ∇K ≈ the same of B                                               (37)
    alpha <- projection of alpha - eta ∇L onto 0 … alpha_th(Phi)     (38, 34a)

until it moves by less than xi (steps 3 to 6); then the operating point of the largest expected
GVIF wins (steps 7 to 9, Eq. 39).

What the paper leaves open: K is taken in units of the budget, K = E{B} / (C T_max) - 1, so that
one p serves all SNRs; m, uniform in -1 … 1, is drawn for every image of the mini-batch; a step
counts as the last when `patience` in a row were below xi, since one m near 0 makes a step small
anywhere. A quadratic penalty ends slightly outside (32a), so the threshold is finally rounded to
the grid of measured ones: to the next lower one where (32a) still holds there, else upwards to
the first one where it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc.adapt.problem import Problem, Solution, best


@dataclass(frozen=True)
class Algorithm1Config:
    """Parameters of Algorithm 1.

    Attributes:
        penalty: p, for K in units of the budget.
        smoothing: nu, the reach of the finite differences.
        step: eta.
        tolerance: xi.
        patience: steps below xi in a row that end the iteration.
        batch: images of a mini-batch, drawn with replacement.
        max_iterations: end in any case.
        start: alpha_0.
    """

    penalty: float = 5.0
    smoothing: float = 0.01
    step: float = 0.01
    tolerance: float = 1e-4
    patience: int = 3
    batch: int = 64
    max_iterations: int = 3000
    start: float = 0.5

    def __post_init__(self) -> None:
        """Refuse parameters with which nothing converges, by name."""
        for name in ("penalty", "smoothing", "step", "tolerance"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} {getattr(self, name)}: must be positive")
        for name in ("patience", "batch", "max_iterations"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: must be at least 1")
        if not 0 <= self.start <= 1:
            raise ValueError(f"start {self.start}: must lie in 0 … 1")


@dataclass(frozen=True, eq=False)
class Algorithm1Run:
    """What Algorithm 1 found, and how.

    Attributes:
        solution: the choices.
        alpha: thresholds at which the iterations ended, before rounding, [S, P].
        iterations: steps each of them took, [S, P].
        converged: ended by xi, not by `max_iterations`, [S, P].
    """

    solution: Solution
    alpha: NDArray[np.float64]
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


def algorithm1(
    problem: Problem, config: Algorithm1Config | None = None, seed: int = 0
) -> Algorithm1Run:
    """Solve problem (31) at all its SNRs, all operating points at once.

    Args:
        problem: what to solve.
        config: parameters.
        seed: of mini-batches and directions.
    """
    c = config or Algorithm1Config()
    rng = np.random.default_rng(seed)
    family, grid = problem.family, problem.family.alphas
    measured = np.stack([family.gvif, family.bits], axis=-1)
    expected = measured.mean(axis=0, keepdims=True)
    shape = (len(problem.snrs_db), len(family.points))
    largest = problem.largest_alpha
    alpha = np.broadcast_to(np.minimum(c.start, largest), shape).copy()
    calm = np.zeros(shape, dtype=np.int64)
    iterations = np.zeros(shape, dtype=np.int64)
    running = np.broadcast_to(problem.feasible_points, shape).copy()
    # Where nothing fits at all, any positive unit keeps K finite and positive.
    unit = np.maximum(problem.budget_bits, 1.0)

    for _ in range(c.max_iterations):
        snr, point = np.nonzero(running)
        if not snr.size:
            break
        here = alpha[snr, point]
        images = rng.integers(len(measured), size=(c.batch, 1))
        m = rng.uniform(-1.0, 1.0, (c.batch, snr.size))
        moved = interpolate(measured, grid, images, point, here + c.smoothing * m)
        stayed = interpolate(measured, grid, images, point, here)
        slopes = ((moved - stayed) * m[..., None]).mean(axis=0) / c.smoothing
        of_gvif, of_bits = slopes[:, 0], slopes[:, 1] / unit[snr]
        excess = interpolate(expected, grid, 0, point, here)[:, 1] / unit[snr] - 1.0
        gradient = -of_gvif + 2.0 * c.penalty * np.maximum(0.0, excess) * of_bits
        following = np.clip(here - c.step * gradient, 0.0, largest[point])
        still = np.where(np.abs(following - here) < c.tolerance, calm[snr, point] + 1, 0)
        alpha[snr, point], calm[snr, point] = following, still
        iterations[snr, point] += 1
        running[snr, point] = still < c.patience

    nearest, feasible = _round(problem, alpha)
    return Algorithm1Run(best(problem, nearest, feasible), alpha, iterations, ~running)


def interpolate(
    values: NDArray[np.float64],
    grid: NDArray[np.float64],
    image: NDArray[np.int64] | int,
    point: NDArray[np.int64],
    alpha: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Quantities between the thresholds they were measured at: linear, and constant outside.

    Args:
        values: [N, P, A, quantities].
        grid: [A].
        image, point: indices along N and P.
        alpha: thresholds; broadcast against the indices to some shape.

    Returns:
        [that shape, quantities].
    """
    inside = np.clip(alpha, grid[0], grid[-1])
    right = np.clip(np.searchsorted(grid, inside, side="right"), 1, grid.size - 1)
    share = ((inside - grid[right - 1]) / (grid[right] - grid[right - 1]))[..., None]
    below, above = values[image, point, right - 1], values[image, point, right]
    return below + share * (above - below)


def _round(
    problem: Problem, alpha: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Index of the grid's threshold for each alpha, and whether the limits hold there; [S, P]."""
    grid = problem.family.alphas
    fits = problem.family.expected_bits <= problem.budget_bits[:, None, None]
    lower = np.searchsorted(grid, alpha + 1e-9, side="right") - 1
    candidate = fits & problem.allowed & (np.arange(grid.size) >= lower[..., None])
    return candidate.argmax(axis=2), candidate.any(axis=2)
