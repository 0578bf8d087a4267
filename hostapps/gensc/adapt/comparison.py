"""Algorithm 1 beside the exhaustive search."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from gensc.adapt.algorithm1 import algorithm1
from gensc.adapt.problem import Problem
from gensc.adapt.search import search


def compare_solvers(problem: Problem, seed: int = 0) -> Iterator[dict[str, Any]]:
    """One row per SNR: expected GVIF of both, whether all limits can be met there, and times.

    Args:
        problem: what both solve.
        seed: of Algorithm 1.
    """
    started = time.perf_counter()
    ours = algorithm1(problem, seed=seed)
    middle = time.perf_counter()
    exact = search(problem)
    ended = time.perf_counter()
    count = len(problem.snrs_db)
    for i, snr_db in enumerate(problem.snrs_db):
        yield {
            "transport": problem.transport.name,
            "snr_db": snr_db,
            "feasible": bool(exact.feasible[i]),
            "gvif_algorithm1": float(ours.solution.gvif[i]),
            "gvif_search": float(exact.gvif[i]),
            "iterations": int(ours.iterations[i].max()),
            "algorithm1_ms": 1e3 * (middle - started) / count,
            "search_ms": 1e3 * (ended - middle) / count,
        }
