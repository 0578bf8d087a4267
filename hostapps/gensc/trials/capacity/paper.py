"""The service far beyond this machine: many users on many replicas, on paper."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from gensc.experiment.rows import Row
from gensc.serve import ServiceConfig
from gensc.serve.scenario import Scenario, Stages
from gensc.serve.simulation import Simulation

MANY = (1_000, 100_000)
REPLICAS = (1, 2, 4, 8, 16, 32, 64)
#: Side of the images on paper, and the mean pause between two of them.
SIDE, THINK_S = 256, 60.0
#: Fronts beside one for the larger number of users.
FRONTS = 8
FLOODS = 10
SEED = 1


def on_paper(seconds: float, measured: Stages, step: Callable[[str], None]) -> list[Row]:
    """Rows of all loads, each of so many simulated seconds; `step` is told what is done."""
    rows: list[Row] = []
    for users in MANY:
        for replicas, fronts in product(REPLICAS, (1, FRONTS)):
            if fronts == 1 or (users == max(MANY) and replicas >= fronts):
                rows.append(_simulated(seconds, measured, users, replicas, fronts, 0))
        step(f"{users} users on paper")
    for replicas in REPLICAS[1:4]:
        rows.append(_simulated(seconds, measured, min(MANY), replicas, 1, FLOODS))
    step("floods on paper")
    return rows


def _simulated(
    seconds: float, measured: Stages, users: int, replicas: int, fronts: int, floods: int
) -> Row:
    """One front of several that share users and replicas evenly stands for all of them."""
    scenario = Scenario(users // fronts, THINK_S, replicas // fronts, SIDE * SIDE,
                        seconds, floods=floods)  # fmt: skip
    outcome = Simulation(measured, scenario, ServiceConfig(cache_bytes=0), SEED).run()
    front_word = "front" if fronts == 1 else "fronts"
    return {
        "part": "floods" if floods else "on paper", "users": users, "replicas": replicas,
        "fronts": fronts, "floods": floods,
        "load": f"{users:_} users, {fronts} {front_word}".replace("_", " "),
        "images_per_s": outcome.images_per_s * fronts,
        "of_asked": outcome.images_per_s * fronts / (users / THINK_S),
        "p50_ms": outcome.percentile_ms(50), "p99_ms": outcome.percentile_ms(99),
        "busy_per_s": outcome.busy * fronts / seconds,
        "front_busy": outcome.front_s / seconds,
        "replicas_busy": outcome.replica_s / seconds / scenario.replicas,
        "fairness": outcome.fairness,
        "images_per_s_a_replica": outcome.images_per_s * fronts / replicas,
    }  # fmt: skip
