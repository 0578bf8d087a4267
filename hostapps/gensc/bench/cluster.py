"""`gensc bench serve --cluster`: two Ray nodes on this machine against one process.

The service runs as `gensc serve --cluster` does, its replicas on two nodes with one core each.
Three users ask for receptions that are all different; every answer is compared with what the
same decoder gives in this process, one reception at a time. In a batch float32 sums may run in
another order, which moves a pixel by one level now and then: such answers are counted apart. Then
the users ask again while a replica is killed: every accepted image must still be answered once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

from gensc.bench.serve.run import make_pool
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.rows import Row
from gensc.experiment.tables import Listing, columns, listed
from gensc.serve import Answer, AsyncClient, Request, Server, Service, ServiceConfig, Status
from gensc.serve.cluster import ClusterRunner
from gensc.serve.decoder import CodecDecoder
from gensc.serve.load import Pool, clients, levels_apart
from gensc.serve.local_cluster import local_nodes
from gensc.system import codecs
from gensc.system.progress import progress

NODES = 2
USERS = 3
SIDE = 32
#: Requests of one user under way at a time.
AT_A_TIME = 8
COUNTS = ("requests", "different", "rounded", "unanswered", "repeated", "killed", "requeued")
TABLE = Listing(f"Two Ray nodes, {USERS} users, {SIDE}×{SIDE}",
                columns(f"part {' '.join(COUNTS)} images_per_s"), digits=1)  # fmt: skip


def run(quick: bool = False, model: str = "") -> BenchResult:
    """Measure; most of the time goes into starting the nodes."""
    count = 120 if quick else 1200
    codec, weights = codecs.load(model)
    pool, name = make_pool(codec, SIDE), model or codecs.DEFAULT
    with progress("bench serve --cluster", 3) as reporter:
        # What the decoder gives without a service, one reception at a time.
        decoder = CodecDecoder([name])
        alone = [decoder.decode([Request("one", n, pool.section(n))])[0] for n in range(count)]
        reporter.step("one process")
        with local_nodes(name, NODES) as runners:
            reporter.step("two nodes are up")
            rows = asyncio.run(_ask_all(runners, pool, alone))
            reporter.step("compared")
    sums = {key: sum(row[key] for row in rows) for key in COUNTS}
    told = f"{sums['requests']} answers; {sums['rounded']} with a pixel one level off"
    checks = [
        Check("nodes that decode", rows[0]["nodes"], "", ">=", NODES, "two local Ray nodes"),
        Check("answers that differ from those of one process by more than a rounding",
              sums["different"], "", "<=", 0, told),
        Check("accepted images not answered exactly once", sums["unanswered"] + sums["repeated"],
              "", "<=", 0, "acceptance list, with a replica killed"),
        Check("replicas killed meanwhile", sums["killed"], "", ">=", 1, "acceptance list"),
    ]  # fmt: skip
    settings = {"weights": {weights.id: weights.sha256}, "nodes": NODES, "users": USERS,
                "side": SIDE, "requests": count}  # fmt: skip
    return BenchResult("cluster", rows, checks, listed([TABLE], rows), settings=settings)


async def _ask_all(runners: list[ClusterRunner], pool: Pool, alone: list[Any]) -> list[Row]:
    """Both rounds of requests, with the number of nodes that have replicas."""
    server = Server(Service(runners, ServiceConfig(cache_bytes=0)), "tcp://127.0.0.1:*")
    await server.start()
    try:
        places = dict(await asyncio.gather(*(runners[0].where() for _ in range(20 * NODES))))
        rows = [
            await _round("all alive", server, pool, alone),
            await _round("one replica killed", server, pool, alone, next(iter(places.values()))),
        ]
    finally:
        await server.stop()
    return [row | {"nodes": len(places)} for row in rows]


async def _round(
    part: str, server: Server, pool: Pool, alone: list[Any], victim: int | None = None
) -> Row:
    """Every reception asked for once; process `victim` is killed in the middle."""
    before = server.service.stats.requeued
    arrived: list[tuple[int, int]] = []
    apart: list[int] = []
    numbers = iter(range(len(alone)))
    killed = 0

    def on_answer(user: int, answer: Answer) -> None:
        if answer.status is not Status.BUSY:
            arrived.append((user, answer.request_id))

    async def lane(client: AsyncClient) -> None:
        nonlocal killed
        for number in numbers:
            if victim is not None and number == len(alone) // 2:
                os.kill(victim, signal.SIGKILL)
                killed += 1
            answer = await client.decode(pool.section(number))
            apart.append(levels_apart(answer.payload, alone[number]))

    started = time.perf_counter()
    async with clients(server.address, USERS, on_answer) as connected:
        await asyncio.gather(*(lane(c) for c in connected for _ in range(AT_A_TIME)))
        seconds = time.perf_counter() - started
    once = len(set(arrived))
    return {
        "part": part, "requests": len(alone), "different": sum(a > 1 for a in apart),
        "rounded": sum(a == 1 for a in apart), "unanswered": len(alone) - once,
        "repeated": len(arrived) - once, "killed": killed,
        # Those that Ray Serve did not send to another replica by itself.
        "requeued": server.service.stats.requeued - before,
        "images_per_s": len(alone) / seconds,
    }  # fmt: skip
