"""Rate tables from a problem: one row per SNR, also where not all constraints can be met."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gensc.adapt.algorithm1 import algorithm1
from gensc.adapt.problem import Problem, Solution
from gensc.adapt.search import search
from gensc.system.errors import UserError
from gensc_phy.adaptation.rate_table import Choice, RateTable, RateTableError, load_tables, pick

SOLVERS = ("algorithm1", "search")


def build_table(problem: Problem, solver: str = "algorithm1", seed: int = 0) -> RateTable:
    """Solve a problem and write its choices down as a table.

    Rows at SNRs where not even the most robust scheme works are left out: what such a row
    promised would not arrive. GVIF never falls from one row that meets all constraints to the
    next: the choice of a lower SNR still fits at a higher one and stays where the solver finds
    none better.

    Where no choice meets all constraints, time comes first: of what fits into T_max the choice
    whose mask PSNR is best (`good_enough` says that the floor is missed). Where nothing fits at
    all, the shortest container (`in_time` is False).

    Args:
        problem: what to solve.
        solver: "algorithm1" or "search".
        seed: of Algorithm 1.

    Raises:
        ValueError: no such solver, or an SNR range in which no scheme works.
    """
    if solver not in SOLVERS:
        raise ValueError(f"solver {solver!r}: not one of {', '.join(SOLVERS)}")
    found = algorithm1(problem, seed=seed).solution if solver == "algorithm1" else search(problem)
    point, alpha = _keep_what_still_fits(problem, found)
    rows = []
    for row, budget in enumerate(problem.budgets):
        if budget.supported:
            if found.feasible[row]:
                choice = int(point[row]), int(alpha[row])
            else:
                choice = _nearest_to_the_limits(problem, float(problem.budget_bits[row]))
            rows.append(_row(problem, row, *choice))
    if not rows:
        raise ValueError("no scheme works at any of these SNRs")
    return RateTable(
        transport=problem.transport.name,
        t_max_s=problem.transport.t_max_s,
        bandwidth_hz=problem.transport.bandwidth_hz,
        mask_psnr_floor_db=problem.mask_psnr_floor_db,
        alpha_max=problem.alpha_max,
        solver=solver,
        source=problem.family.source,
        choices=tuple(rows),
    )


def tables_of(bank: str) -> Path:
    """The file of rate tables beside the weights of a bank, by their name or folder.

    Raises:
        UserError: no such weights, or no tables beside them.
    """
    from gnuradio.gensc.codecs import default_rate_tables
    from gnuradio.gensc.errors import GenscError

    try:
        return default_rate_tables(bank)
    except GenscError as error:
        raise UserError(str(error)) from error


def load_table(path: Path, t_max_s: float, mask_psnr_db: float) -> RateTable:
    """The table of a file for these limits.

    Raises:
        UserError: there is none, or the file is none of tables.
    """
    try:
        return pick(load_tables(path), t_max_s, mask_psnr_db)
    except RateTableError as error:
        raise UserError(str(error)) from error


def _keep_what_still_fits(problem: Problem, found: Solution) -> tuple[np.ndarray, np.ndarray]:
    """The solution with every choice replaced by an earlier one where that is better."""
    point, alpha, best = found.point.copy(), found.alpha.copy(), found.gvif.copy()
    # More SNR never allows less, so from the first feasible row on all are.
    for row in range(1, len(point)):
        if found.feasible[row - 1] and best[row - 1] > best[row]:
            point[row], alpha[row], best[row] = point[row - 1], alpha[row - 1], best[row - 1]
    return point, alpha


def _nearest_to_the_limits(problem: Problem, budget_bits: float) -> tuple[int, int]:
    """Point and threshold (indices) where not all constraints can be met."""
    bits = np.where(problem.in_reach, problem.family.expected_bits, np.inf)
    fits = bits <= budget_bits
    wanted = np.where(fits, problem.family.mse.mean(axis=0), np.inf) if fits.any() else bits
    point, alpha = np.unravel_index(wanted.argmin(), wanted.shape)
    return int(point), int(alpha)


def _row(problem: Problem, row: int, point: int, alpha: int) -> Choice:
    family, budget = problem.family, problem.budgets[row]
    bits = float(family.expected_bits[point, alpha])
    return Choice(
        snr_db=float(problem.snrs_db[row]),
        point=family.points[point],
        alpha=float(family.alphas[alpha]),
        mcs=budget.mcs,
        gvif=float(min(family.expected_gvif[point, alpha], 1.0)),
        bits=bits,
        budget_bits=float(budget.bits),
        mask_psnr_db=float(family.mask_psnr_db[point, alpha]),
        in_time=bits <= budget.bits,
        good_enough=bool(problem.good_enough[point, alpha]),
    )
