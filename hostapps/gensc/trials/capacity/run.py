"""`gensc bench capacity`: the service on paper, held against the real one, and then far beyond it.

* Stages: the processor time of a pass of the codec by the size of its batch, of the front (the
  service's own process) for a request and for an answer, and of a client; the front's at a load of
  its own, of neither 3 nor 32 users.
* Held against: users who ask again at once, 3 and 32 of them, small and large images, on the real
  service as `gensc serve` makes it, and in the model on as many cores as other programs left free
  meanwhile. The model is told nothing that was measured in these runs but that.
* On paper: users with a pause between images, 10³ and 10⁵ of them, on 1 to 64 replicas with a core
  each, behind one front and, for many, behind eight, which share users and replicas evenly.
* Floods: the same with users who never pause and keep as many images waiting as they may.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from gensc.bench.serve.run import RATES, make_pool
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import Row, of
from gensc.experiment.tables import Listing, columns, listed
from gensc.serve import ProcessRunner, Server, ServiceConfig
from gensc.serve.load import Load, Pool, closed_loop, serving
from gensc.serve.scenario import Outcome, Scenario, Stages
from gensc.serve.simulation import Simulation
from gensc.system import codecs
from gensc.system.machine import cores
from gensc.system.progress import Reporter, progress
from gensc.trials.capacity.paper import FLOODS, MANY, SEED, SIDE, THINK_S, on_paper
from gensc.trials.capacity.stages import Front, front, passes, stages
from gensc_models.codecs.codec import Codec

USERS = (3, 32)
#: Users whose load the front is measured at.
CALIBRATED_AT = 8
SIZES = (1, 2, 3, 4, 8, 16, 32)
#: Error of the model, per cent, that it may be used with.
TRUSTED = 10.0


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        seconds: of each closed loop.
        images: that the front is measured with.
        simulated_s: seconds on paper.
    """

    seconds: float = 5.0
    images: int = 80
    simulated_s: float = 60.0


QUICK = Plan(seconds=1.0, images=24, simulated_s=20.0)


@dataclass(frozen=True)
class Replica:
    """What a replica costs beside its core: memory of its process, and the time of its start."""

    rss_mib: float
    start_s: float


def run(quick: bool = False, model: str = "") -> BenchResult:
    """Measure and simulate; under a minute with `quick`, some three without."""
    plan = QUICK if quick else Plan()
    codec, weights = codecs.load(model)
    torch.set_num_threads(1)
    steps = 1 + len(RATES) * (1 + len(USERS)) + len(MANY) + 1
    with progress("bench capacity", steps) as reporter:
        rows = asyncio.run(_measured(plan, codec, reporter))
        measured = _stages_of(rows, SIDE)
        rows += on_paper(plan.simulated_s, measured, reporter.step)
    settings = {"weights": {weights.id: weights.sha256}, "plan": asdict(plan), "seed": SEED,
                "think_s": THINK_S, "side": SIDE, "calibrated_at_users": CALIBRATED_AT,
                "rates": {str(side): rate for side, rate in RATES.items()},
                "service": asdict(ServiceConfig(cache_bytes=0))}  # fmt: skip
    figures = draw_all(FIGURES, rows)
    return BenchResult("capacity", rows, _checks(rows), listed(TABLES, rows), figures,
                       settings=settings)  # fmt: skip


async def _measured(plan: Plan, codec: Codec, reporter: Reporter) -> list[Row]:
    """Stages, and the real service beside the model."""
    config, workers = ServiceConfig(cache_bytes=0), cores()
    pools = {side: make_pool(codec, side) for side in RATES}
    found = {
        side: passes(codec.name, pool, [n for n in SIZES if n <= _most(config, side)])
        for side, pool in pools.items()
    }
    rows: list[Row] = []
    begun = time.perf_counter()
    async with serving(config, codec.name, workers) as (server, runners):
        replica = Replica(_rss_mib(runners[0]), (time.perf_counter() - begun) / workers)
        rows.append({"part": "replica", **asdict(replica)})
        reporter.step("workers")
        for side, pool in pools.items():
            more = partial(_below, most=8 * workers)
            await closed_loop(server, runners, CALIBRATED_AT, pool.section, more)
            own = await front(server, pool, CALIBRATED_AT, plan.images)
            rows += _stage_rows(side, own, found[side])
            reporter.step(f"{side}×{side}, stages")
            shared = stages(own, found[side], clients=True)
            for users in USERS:
                load = await _real(plan, server, runners, pool, users)
                free = max(cores() - load.others, 1.0)
                scenario = Scenario(users, 0.0, workers, side * side, max(plan.seconds, 5.0), free)
                rows += _beside(load, Simulation(shared, scenario, config, SEED).run(), side, users)
                reporter.step(f"{side}×{side}, {users} users")
    return rows


async def _real(
    plan: Plan, server: Server, runners: list[ProcessRunner], pool: Pool, users: int
) -> Load:
    end = time.perf_counter() + plan.seconds
    more = partial(_until, least=2 * users, end=end)
    return await closed_loop(server, runners, users, pool.section, more)


def _below(n: int, most: int) -> bool:
    return n < most


def _until(n: int, least: int, end: float) -> bool:
    """Whether request n is still made: so many, then until the end."""
    return n < least or time.perf_counter() < end


def _most(config: ServiceConfig, side: int) -> int:
    """Images of the largest batch."""
    return max(min(config.max_batch, config.max_batch_pixels // side**2), 1)


def _rss_mib(runner: ProcessRunner) -> float:
    """Memory of a worker that only it has."""
    fields = Path(f"/proc/{runner.pid}/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") / 2**20


# -- rows


def _stage_rows(side: int, own: Front, found: tuple[tuple[int, float], ...]) -> list[Row]:
    place: Row = {"part": "stages", "side": side}
    fronts = {"request": own.request, "answer": own.answer, "client": own.client}
    return [
        *({**place, "stage": name, "images": 1, "ms": 1e3 * s} for name, s in fronts.items()),
        *({**place, "stage": "pass", "images": n, "ms": 1e3 * s} for n, s in found),
    ]


def _stages_of(rows: list[Row], side: int) -> Stages:
    """The stages that rows say, of a service whose clients are elsewhere."""

    def seconds(stage: str) -> list[tuple[int, float]]:
        return [
            (r["images"], r["ms"] / 1e3) for r in of(rows, part="stages", side=side, stage=stage)
        ]

    ((_, request),), ((_, answer),) = seconds("request"), seconds("answer")
    return Stages(request, answer, tuple(seconds("pass")))


def _beside(load: Load, model: Outcome, side: int, users: int) -> list[Row]:
    """The real service and the model, and by how much the model is wrong."""
    place: Row = {"part": "held against", "side": side, "users": users}
    place["case"] = f"{side}×{side}, {users} users"
    real = {"images_per_s": load.images_per_s, "p50_ms": load.percentile_ms(50),
            "p95_ms": load.percentile_ms(95), "batch": load.batch}  # fmt: skip
    paper = {"images_per_s": model.images_per_s, "p50_ms": model.percentile_ms(50),
             "p95_ms": model.percentile_ms(95), "batch": model.images / model.batches}  # fmt: skip
    error = {f"{name}_error": 100 * (paper[name] / real[name] - 1) for name in real}
    return [
        {**place, "how": "service", **real, "others": load.others},
        {**place, "how": "model", **paper, "others": load.others, **error},
    ]


def _checks(rows: list[Row]) -> list[Check]:
    return [
        Check(f"model's error of {what}, {row['case']}", abs(row[f"{name}_error"]), "%", "<=",
              TRUSTED, "held against the real service in the same run")
        for row in of(rows, part="held against", how="model")
        for name, what in (("images_per_s", "images/s"),)
    ]  # fmt: skip


_REAL = "images_per_s p50_ms p95_ms batch"
_SAID = {"images_per_s": "images/s", "images_per_s_error": "error of it, %", "batch": "a batch",
         "p50_ms_error": "of p50, %", "p95_ms_error": "of p95, %", "others": "cores others had",
         "of_asked": "of what is asked", "busy_per_s": "told busy a second",
         "images_per_s_a_replica": "images/s a replica"}  # fmt: skip
_PAPER = ("users fronts replicas images_per_s of_asked p50_ms p99_ms busy_per_s front_busy "
          "replicas_busy fairness images_per_s_a_replica")  # fmt: skip
TABLES = [
    Listing("Processor time of the stages", columns("side stage images ms"),
            where={"part": "stages"}),
    Listing("What a replica costs beside a core", columns("rss_mib start_s", rss_mib="MiB",
            start_s="s to start"), where={"part": "replica"}),
    Listing("Held against the real service", columns(
        f"case how {_REAL} images_per_s_error p50_ms_error p95_ms_error others", **_SAID),
        where={"part": "held against"}),
    Listing(f"On paper: an image of {SIDE}×{SIDE} a minute for every user",
            columns(_PAPER, **_SAID), where={"part": "on paper"}),
    Listing(f"The same, beside {FLOODS} users who flood the service",
            columns(_PAPER, **_SAID), where={"part": "floods"}),
]  # fmt: skip
FIGURES = [
    Figure("held", "case", "images_per_s", where={"part": "held against"}, hue="how", bars=True,
           log_y=True, names=("service", "model"), x_label=" ", y_label="images per second",
           title="The real service and its model", width=7.2),
    Figure("waiting", "replicas", "p99_ms", where={"part": "on paper"}, hue="load", log_x=True,
           log_y=True, x_label="replicas, a core each", y_label="p99 of asking to having, ms",
           title="An image a minute for every user"),
    Figure("fairness", "replicas", "fairness", where={"part": "on paper"}, hue="load", log_x=True,
           x_label="replicas, a core each", y_label="Jain's index, images had of those asked for",
           title="An image a minute for every user"),
]  # fmt: skip
