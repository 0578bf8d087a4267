"""`gensc bench serve`: the receiver service against a plain loop, and what it does under fire.

* Throughput and latency: users who ask again as soon as they have their image (a closed loop),
  3 and 32 of them, small and large images. The same users are served by the loop one would write
  first, `codec.decode_image` one image after the other, with one or with all threads of torch,
  whichever is faster. Both are measured in turns, until two of them had the machine to themselves
  or four are over (`turns.py`). The service is measured from the clients' side, over TCP, clients
  included in what the machine has to do; its cache is off and no two requests are alike. The
  processor time of an image says what batching saves.
* Cache: every reception is asked for four times, the repetitions so far apart that none meets
  the first one under way; with the cache on and off.
* Exactly once: many requests of 32 users with random cancellations, queues so short that users
  are told to come back, and workers killed with SIGKILL. Every accepted image must be answered
  once, with its own image to 1 LSB.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product

import numpy as np
import torch
from PIL import Image

from gensc.bench.serve.turns import HOW, Turns
from gensc.data.images import load_image
from gensc.data.samples import PHOTOS
from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import Row, melt, of
from gensc.experiment.tables import columns
from gensc.serve import ProcessRunner, Section, Server, ServiceConfig, Source
from gensc.serve.chaos import Chaos, chaos
from gensc.serve.load import Load, Pool, closed_loop, decode_alone, one_at_a_time, serving
from gensc.system import codecs
from gensc.system.machine import cores
from gensc.system.progress import Reporter, progress
from gensc_models.codecs.codec import Codec

#: Channel symbols per 16×16 block by image side: CBR 1/6 for CIFAR-sized, 1/24 for photos.
RATES = {32: 128, 256: 32}
USERS = (3, 32)
WAITS = {"p50_ms": "50 %", "p95_ms": "95 %", "p99_ms": "99 %"}
#: Image side and users.
Case = tuple[int, int]
SNR_DB = 10.0
SEED = 1
#: MU-GSC, Table I: 15.66 s an image without, 8.87 s with its asynchronous processing.
PAPER_GAIN = 15.66 / 8.87


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        seconds: of each closed loop.
        turns: quiet times that plain loop and service alternate, of at most `most`.
        receptions: distinct ones of the cache's load; each is asked for `times` times.
        requests: of the run with cancellations; `kills` workers are killed in it.
    """

    seconds: float = 3.0
    turns: int = 2
    most: int = 4
    receptions: int = 500
    times: int = 4
    requests: int = 10_000
    kills: int = 3
    cancel: float = 0.1


QUICK = Plan(seconds=0.8, turns=1, most=2, receptions=60, requests=500, kills=1)


def run(quick: bool = False, model: str = "") -> BenchResult:
    """Measure; half a minute with `quick`, one to three minutes without."""
    plan = QUICK if quick else Plan()
    load_average = os.getloadavg()[0]
    codec, weights = codecs.load(model)
    torch.set_num_threads(1)
    pools = {side: make_pool(codec, side) for side in RATES}
    threads = {side: best_threads(codec, pool) for side, pool in pools.items()}
    workers = cores()
    with progress("bench serve", len(RATES) * len(USERS) * plan.most + 3) as reporter:
        measured = asyncio.run(_measure(plan, codec, pools, threads, workers, reporter))
    loads, cached, uncached, account = measured
    result = BenchResult("serve")
    result.settings = {
        "weights": {weights.id: weights.sha256},
        "workers": workers,
        "worker_threads": 1,
        "plain_loop_threads": {str(side): n for side, n in threads.items()},
        "rates": {str(side): rate for side, rate in RATES.items()},
        "snr_db": SNR_DB,
        "seed": SEED,
        "load_average_before": round(load_average, 1),
        "plan": asdict(plan),
        "service": asdict(ServiceConfig()),
    }
    rows = [
        row
        for (side, users), turns in loads.items()
        for row in turns.rows(
            {"part": "throughput", "side": side, "users": users}
            | {"case": f"{side}×{side}, {users} users"}
        )
    ]
    rows += [_cache_row("off", uncached, uncached), _cache_row("on", cached, uncached)]
    rows.append({"part": "exactly once", **asdict(account), "violations": account.violations})
    result.rows = rows
    result.checks = _checks(rows, account)
    result.tables = _tables(rows, plan.times)
    result.figures = draw_all([THROUGHPUT], rows)
    result.figures |= draw_all([LATENCY], melt(rows, WAITS, "share", "ms"))
    return result


def _goes_on(n: int, users: int, end: float) -> bool:
    """Whether request number n is still to be made: two of every user, then until the end."""
    return n < 2 * users or time.perf_counter() < end


def make_pool(codec: Codec, side: int, count: int = 64) -> Pool:
    """Receptions of square crops of scikit-image's photos over AWGN."""
    rng = np.random.default_rng(SEED)
    sections, images = [], []
    photos = [load_image(f"skimage:{name}") for name in PHOTOS]
    # Large ones cost a while to decode one at a time, and need no variety.
    for i in range(count if side < 256 else len(photos)):
        photo = photos[i % len(photos)]
        crop = min(256, *photo.shape[:2])
        top, left = (int(rng.integers(0, n - crop + 1)) for n in photo.shape[:2])
        square = Image.fromarray(photo[top : top + crop, left : left + crop])
        small = np.asarray(square.resize((side, side), Image.Resampling.LANCZOS))
        sent = codec.encode_image(small, RATES[side], SNR_DB)
        variance = 10 ** (-SNR_DB / 10)
        noise = rng.standard_normal((2, len(sent.symbols))) * np.sqrt(variance / 2)
        section = Section(
            codec.fingerprint,
            sent.rate,
            side,
            side,
            sent.aux,
            sent.symbols + noise[0] + 1j * noise[1],
            np.full(len(sent.symbols), variance),
        )
        sections.append(section)
        images.append(decode_alone(codec, section))
    return Pool(sections, images)


def best_threads(codec: Codec, pool: Pool, seconds: float = 0.5) -> int:
    """How many threads of torch serve the plain loop best here: one, or all cores."""
    speed = {}
    for threads in sorted({1, cores()}):
        torch.set_num_threads(threads)
        decode_alone(codec, pool.section(0))
        speed[threads] = one_at_a_time(codec, pool, 1, seconds).images_per_s
    return max(speed, key=lambda threads: speed[threads])


async def _measure(
    plan: Plan,
    codec: Codec,
    pools: dict[int, Pool],
    threads: dict[int, int],
    workers: int,
    reporter: Reporter,
) -> tuple[dict[Case, Turns], Load, Load, Chaos]:
    loads = {case: Turns(plan.turns, plan.most) for case in product(RATES, USERS)}
    small = pools[min(RATES)]
    # Short queues matter to the last part alone: before it nobody asks for two at a time.
    config = ServiceConfig(cache_bytes=0, queue_per_user=6)
    async with serving(config, codec.name, workers) as (server, runners):
        # A worker's first pass is slower than the others.
        await closed_loop(server, runners, 4 * workers, small.section, lambda n: n < 16 * workers)
        for _, (side, users) in product(range(plan.most), loads):
            turns = loads[side, users]
            if turns.go_on:
                torch.set_num_threads(threads[side])
                plain = one_at_a_time(codec, pools[side], users, plan.seconds)
                more = partial(_goes_on, users=users, end=time.perf_counter() + plan.seconds)
                section = pools[side].section
                service = await closed_loop(server, runners, users, section, more)
                turns.pairs.append((plain, service))
            reporter.step(f"{side}×{side}, {users} users")
        account = await chaos(
            server,
            runners,
            small,
            requests=plan.requests,
            users=max(USERS),
            at_a_time=8,
            cancel=plan.cancel,
            kills=plan.kills,
            seed=SEED,
        )
        reporter.step("cancellations and killed workers")
        while server.service.working < workers:
            await asyncio.sleep(0.1)  # the last one killed is still loading its model
        repeated = []
        for cache_bytes in (0, ServiceConfig.cache_bytes):
            server.service.cache.max_bytes = cache_bytes
            repeated.append(await _repeated(plan, server, runners, small))
            reporter.step(f"cache of {cache_bytes >> 20} MiB")
    uncached, cached = repeated
    return loads, cached, uncached, account


async def _repeated(
    plan: Plan, server: Server, runners: Sequence[ProcessRunner], pool: Pool
) -> Load:
    """Every reception asked for several times, long after one another."""
    total = plan.receptions * plan.times
    return await closed_loop(
        server,
        runners,
        max(USERS),
        lambda n: pool.section(n % plan.receptions),
        lambda n: n < total,
    )


def _cache_row(state: str, load: Load, base: Load) -> Row:
    row = {"part": "cache", "cache": state, "how": "service", **load.as_row()}
    row["gain"] = load.images_per_s / base.images_per_s
    return row | {"from_cache": load.sources[Source.CACHED], "shared": load.sources[Source.SHARED]}


def _checks(rows: list[Row], account: Chaos) -> list[Check]:
    def gain(side: int, users: int) -> float:
        (service,) = of(rows, part="throughput", side=side, users=users, how="service")
        return service["gain"]

    return [
        Check("images/s over one at a time, 32 users, 32×32, cache off", gain(32, 32),
              "×", ">=", 5.0, "acceptance list"),
        *(
            Check(f"images/s over one at a time, 3 users, {side}×{side}, cache off", gain(side, 3),
                  "×", ">=", round(PAPER_GAIN, 2),
                  "MU-GSC paper, Table I: 15.66 s → 8.87 s an image")
            for side in RATES
        ),
        Check("accepted images not answered exactly once and rightly", account.violations,
              "", "<=", 0, f"{account.accepted} accepted, {account.cancelled} cancelled, "
              f"{account.kills} kills"),
        Check("workers killed meanwhile", account.deaths, "", ">=", 1, "acceptance list"),
    ]  # fmt: skip


def _tables(rows: list[Row], times: int) -> list[Table]:
    load = "how images_per_s gain p50_ms p95_ms p99_ms batch cpu_ms"
    said = {
        "side": "pixels a side",
        "images_per_s": "images/s",
        "batch": "a batch",
        "others": "cores others had",
        "quiet_turns": "quiet turns",
    }
    return [
        Table("Closed loop over TCP, cache off",
              columns(f"side users {load} others quiet_turns", **said),
              of(rows, part="throughput"), 1),
        Table(f"Every reception asked for {times} times, 32 users",
              columns(f"cache {load} from_cache shared", **said), of(rows, part="cache"), 1),
        Table("Cancellations and killed workers",
              columns("accepted ok cancelled busy deaths requeued unanswered repeated failed wrong "
                      "seconds", ok="images", busy="told busy", deaths="workers lost",
                      requeued="computed again", repeated="answered twice", wrong="wrong image"),
              of(rows, part="exactly once"), 1),
    ]  # fmt: skip


THROUGHPUT = Figure(
    "serve", "case", "images_per_s", where={"part": "throughput"}, hue="how", bars=True,
    log_y=True, names=HOW, x_label=" ", y_label="images per second",
    title="Throughput, cache off", width=7.2,
)  # fmt: skip
LATENCY = Figure(
    "latency", "share", "ms", where={"side": min(RATES), "users": max(USERS)}, hue="how",
    bars=True, log_y=True, names=HOW, x_label="share of the images that wait no longer",
    y_label="from asking to having the image, ms",
    title=f"Latency, {max(USERS)} users, small images",
)  # fmt: skip
