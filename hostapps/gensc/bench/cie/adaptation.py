"""Algorithm 1 beside the exhaustive search, and what both make of SNR and latency limit.

One family of measurements (bits of real containers, errors of decoded pixels, GVIF) serves Figure
7, Figure 9 and the tables of both transports.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from gensc.adapt.algorithm1 import algorithm1
from gensc.adapt.problem import Family, Problem
from gensc.adapt.search import search
from gensc.adapt.tables import build_table
from gensc.adapt.transport import BurstTransport, CapacityTransport, Transport
from gensc.bench.cie.rows import Row, of
from gensc.experiment.base import Check
from gensc_phy.adaptation.rate_table import Choice

FIDELITY, SOLVERS, ADAPTATION, LATENCY = "gvif", "solvers", "adaptation", "latency"
CIE, UNFILTERED = "cie", "codec without filtering"
CAPACITY, BURST = "capacity", "burst"
BANDWIDTH_HZ = 1e6
FLOOR_DB = 30.0
#: alpha_th. The paper has 0.8 for its class activation maps; the learned importance is flatter on
#: top: a tenth to a fifth of the blocks lie above 0.8.
ALPHA_MAX = 0.95
#: The paper's range of Figure 9a, and the wider one that Algorithm 1 is asked to solve.
SNRS_DB = tuple(float(snr) for snr in range(-2, 21))
SOLVED_DB = tuple(float(snr) for snr in range(-5, 21))


@dataclass(frozen=True)
class AdaptationPlan:
    """How much is run.

    Attributes:
        images: photos that are measured at most.
        points, alphas: of the bank, and thresholds of the filter.
        t_max_s: latency limit of Figure 9a.
        limits_s: latency limits of Figure 9b, at `snr_db`.
        snr_db: Es/N0 of Figure 9b.
    """

    images: int = 3
    points: Sequence[int] = (1, 5, 8, 11, 13, 15, 18)
    alphas: Sequence[float] = (0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
    t_max_s: float = 0.02
    limits_s: Sequence[float] = (0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08)
    snr_db: float = 10.0


def transport(name: str, t_max_s: float) -> Transport:
    """One of the two accounts at 1 MHz."""
    if name == CAPACITY:
        return CapacityTransport(t_max_s, BANDWIDTH_HZ)
    return BurstTransport(t_max_s)


def fidelity_rows(family: Family) -> list[Row]:
    """Figure 7: expected GVIF and mask PSNR at every operating point and threshold."""
    return [
        {
            "experiment": FIDELITY,
            "scheme": CIE,
            "level": point,
            "alpha": float(alpha),
            "images": len(family.bits),
            "gvif": float(family.expected_gvif[p, a]),
            "mask_psnr": float(family.mask_psnr_db[p, a]),
            "kbit": float(family.expected_bits[p, a]) / 1e3,
        }
        for p, point in enumerate(family.points)
        for a, alpha in enumerate(family.alphas)
    ]


def solver_rows(family: Family, plan: AdaptationPlan, seed: int) -> list[Row]:
    """Algorithm 1 and the search on both transports, one row per SNR."""
    rows = []
    for name in (CAPACITY, BURST):
        problem = Problem(family, transport(name, plan.t_max_s), SOLVED_DB, FLOOR_DB, ALPHA_MAX)
        started = time.perf_counter()
        run = algorithm1(problem, seed=seed)
        middle = time.perf_counter()
        exact = search(problem)
        ended = time.perf_counter()
        count = len(SOLVED_DB)
        for i, snr_db in enumerate(SOLVED_DB):
            rows.append(
                {
                    "experiment": SOLVERS,
                    "transport": name,
                    "snr_db": snr_db,
                    "feasible": bool(exact.feasible[i]),
                    "gvif_algorithm1": float(run.solution.gvif[i]),
                    "gvif_search": float(exact.gvif[i]),
                    "iterations": int(run.iterations[i].max()),
                    "algorithm1_ms": 1e3 * (middle - started) / count,
                    "search_ms": 1e3 * (ended - middle) / count,
                }
            )
    return rows


def table_rows(family: Family, plan: AdaptationPlan, seed: int) -> list[Row]:
    """Figure 9a: what Algorithm 1 chooses at every SNR, and the codec with everything sent."""
    rows = []
    for name in (CAPACITY, BURST):
        link = transport(name, plan.t_max_s)
        table = build_table(Problem(family, link, SNRS_DB, FLOOR_DB, ALPHA_MAX), "algorithm1", seed)
        whole = build_table(Problem(family, link, SNRS_DB, FLOOR_DB, 0.0), "search")
        for scheme, found in ((CIE, table), (UNFILTERED, whole)):
            rows += [_row(ADAPTATION, scheme, name, plan.t_max_s, c) for c in found.choices]
    return rows


def latency_rows(family: Family, plan: AdaptationPlan, seed: int) -> list[Row]:
    """Figure 9b: the same at one SNR, over latency limits."""
    rows = []
    for t_max_s in plan.limits_s:
        link = transport(CAPACITY, t_max_s)
        for scheme, alpha_max in ((CIE, ALPHA_MAX), (UNFILTERED, 0.0)):
            problem = Problem(family, link, (plan.snr_db,), FLOOR_DB, alpha_max)
            choice = build_table(problem, "algorithm1", seed).choices[0]
            row = _row(LATENCY, scheme, CAPACITY, t_max_s, choice)
            rows.append(row | {"latency_ms": 1e3 * link.latency_s(choice.bits, plan.snr_db)})
    return rows


def _row(experiment: str, scheme: str, name: str, t_max_s: float, choice: Choice) -> Row:
    row = asdict(choice)
    # A choice that breaks a limit delivers nothing that counts, as in the paper's Figure 9.
    counts = choice.in_time and choice.good_enough
    return {
        "experiment": experiment,
        "scheme": scheme,
        "transport": name,
        "t_max_ms": 1e3 * t_max_s,
        **row,
        "gvif_within_limits": choice.gvif if counts else 0.0,
    }


def checks(rows: Sequence[Row]) -> Iterable[Check]:
    """Figure 7, Algorithm 1 and Figure 9a."""
    yield from _monotone(of(rows, FIDELITY))
    for name in (CAPACITY, BURST):
        found = of(rows, SOLVERS, transport=name)
        short = [
            100 * (1 - r["gvif_algorithm1"] / r["gvif_search"]) for r in found if r["feasible"]
        ]
        spent = {
            key: found[0][f"{key}_ms"] if found else math.nan for key in ("algorithm1", "search")
        }
        yield Check(
            f"Algorithm 1 below the exhaustive search in GVIF, {_account(name)}, largest",
            max(short, default=math.nan),
            "%",
            "<=",
            1.0,
            f"{len(short)} of {len(found)} SNRs from -5 to 20 dB can meet all limits; "
            f"{spent['algorithm1']:.1f} ms an SNR, search {spent['search']:.3f} ms",
        )
    yield from _figure9a(rows)


def _account(name: str) -> str:
    return "capacity (Eq. 8)" if name == CAPACITY else "burst waveform"


def _monotone(rows: Sequence[Row]) -> Iterable[Check]:
    """How often the family of Figure 7 breaks its order."""
    points = sorted({r["level"] for r in rows})
    alphas = sorted({r["alpha"] for r in rows})
    at = {(r["level"], r["alpha"]): r for r in rows}
    broken = 0
    for alpha in alphas:
        line = [at[p, alpha] for p in points]
        for name in ("gvif", "mask_psnr"):
            broken += int((np.diff([r[name] for r in line]) >= 0).sum())
    for point in points:
        broken += int((np.diff([at[point, a]["gvif"] for a in alphas]) > 1e-12).sum())
    yield Check(
        "Figure 7: pairs of neighbours in which GVIF does not rise with mask PSNR and fall with α",
        float(broken) if rows else math.nan,
        "",
        "<=",
        0,
        f"{len(points)} operating points, {len(alphas)} thresholds",
    )


def largest_fall(rows: Sequence[Row], scheme: str, name: str) -> float:
    """Largest fall of GVIF from one SNR to the one 1 dB below, percent of the former."""
    line = sorted(
        (r["snr_db"], r["gvif_within_limits"])
        for r in of(rows, ADAPTATION, scheme=scheme, transport=name)
    )
    falls = [100 * (1 - low / high) for (_, low), (_, high) in pairwise(line) if high]
    return max(falls, default=math.nan)


def _figure9a(rows: Sequence[Row]) -> Iterable[Check]:
    where = "T_max 20 ms, 1 MHz, -2 … 20 dB, capacity (Eq. 8)"
    yield Check(
        "largest fall of GVIF within 1 dB, with filtering",
        largest_fall(rows, CIE, CAPACITY),
        "%",
        "<=",
        50.0,
        f"no cliff: {where}",
    )
    yield Check(
        "largest fall of GVIF within 1 dB, codec without filtering",
        largest_fall(rows, UNFILTERED, CAPACITY),
        "%",
        ">=",
        99.0,
        "its cliff, on the same plot",
    )
    ours = {r["snr_db"]: r for r in of(rows, ADAPTATION, scheme=CIE, transport=CAPACITY)}
    yield Check(
        "α at 20 dB",
        ours[20.0]["alpha"] if 20.0 in ours else math.nan,
        "",
        "<=",
        0.0,
        "everything is sent at high SNR",
    )
    yield Check(
        "mask PSNR, least over -2 … 20 dB",
        min((r["mask_psnr_db"] for r in ours.values()), default=math.nan),
        "dB",
        ">=",
        FLOOR_DB,
        where,
    )
