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
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gensc.bench.serve.run import make_pool
from gensc.experiment.base import BenchResult, Check, Table
from gensc.serve import Answer, AsyncClient, Request, Server, Service, ServiceConfig, Status
from gensc.serve.cluster import Cluster, ClusterConfig, ClusterRunner, import_ray
from gensc.serve.decoder import CodecDecoder
from gensc.serve.load import Pool, clients
from gensc.system import codecs
from gensc.system.progress import progress

NODES = 2
USERS = 3
SIDE = 32
#: Requests of one user under way at a time.
AT_A_TIME = 8
#: Shared memory of a node; a batch of receptions is far smaller.
OBJECT_STORE_BYTES = 80 << 20


def run(quick: bool = False, model: str = "") -> BenchResult:
    """Measure; most of the time goes into starting the nodes."""
    count = 120 if quick else 1200
    codec, weights = codecs.load(model)
    pool = make_pool(codec, SIDE)
    name = model or codecs.DEFAULT
    with progress("bench serve --cluster", 4) as reporter:
        expected = _one_process(name, pool, count)
        reporter.step("one process")
        with two_nodes(name) as runners:
            reporter.step("two nodes are up")
            rows, nodes = asyncio.run(_ask_all(runners, pool, expected, reporter.step))
    result = BenchResult("cluster")
    result.settings = {
        "weights": {weights.id: weights.sha256},
        "nodes": NODES,
        "users": USERS,
        "side": SIDE,
        "requests": count,
    }
    result.rows = [{**row, "nodes": nodes} for row in rows]
    result.checks = [
        Check("nodes that decode", nodes, "", ">=", NODES, "two local Ray nodes"),
        Check(
            "answers that differ from those of one process by more than a rounding",
            sum(row["different"] for row in rows),
            "",
            "<=",
            0,
            f"{sum(row['requests'] for row in rows)} answers; "
            f"{sum(row['rounded'] for row in rows)} with a pixel one level off",
        ),
        Check(
            "accepted images not answered exactly once",
            sum(row["unanswered"] + row["repeated"] for row in rows),
            "",
            "<=",
            0,
            "acceptance list, with a replica killed",
        ),
        Check("replicas killed meanwhile", rows[1]["killed"], "", ">=", 1, "acceptance list"),
    ]
    columns = (
        "part", "requests", "different", "rounded", "unanswered", "repeated", "killed", "requeued"
    )  # fmt: skip
    result.tables = [
        Table(
            f"Two Ray nodes, {USERS} users, {SIDE}×{SIDE}",
            {**{c: c for c in columns}, "images_per_s": "images/s"},
            result.rows,
            digits=1,
        )
    ]
    return result


@contextmanager
def two_nodes(model: str) -> Iterator[list[ClusterRunner]]:
    """Replicas on a cluster of `NODES` nodes of one core each, all on this machine."""
    import_ray()
    from ray.cluster_utils import Cluster as LocalNodes

    node = {"num_cpus": 1, "object_store_memory": OBJECT_STORE_BYTES}
    nodes = LocalNodes(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(NODES - 1):
            nodes.add_node(**node)
        options = {"models": [model], "threads": 1}
        cluster = Cluster(ClusterConfig(address=nodes.address), options=options)
        try:
            yield cluster.start()
        finally:
            cluster.stop()
    finally:
        nodes.shutdown()


def _one_process(model: str, pool: Pool, count: int) -> list[Any]:
    """What the decoder gives without a service, one reception at a time."""
    decoder = CodecDecoder([model])
    return [decoder.decode([Request("one", n, pool.section(n))])[0] for n in range(count)]


async def _ask_all(
    runners: list[ClusterRunner], pool: Pool, expected: list[Any], step: Any
) -> tuple[list[dict[str, Any]], int]:
    """Both rounds of requests, and the number of nodes that have replicas."""
    server = Server(Service(runners, ServiceConfig(cache_bytes=0)), "tcp://127.0.0.1:*")
    await server.start()
    try:
        places = dict(await asyncio.gather(*(runners[0].where() for _ in range(20 * NODES))))
        rows = [await _round("all alive", server, pool, expected)]
        step("compared")
        victim = next(iter(places.values()))
        rows.append(await _round("one replica killed", server, pool, expected, victim))
        step("one killed")
    finally:
        await server.stop()
    return rows, len(places)


def levels_apart(payload: bytes, expected: bytes) -> int:
    """The largest difference of two raw images in levels; 256 for images of different sizes."""
    if len(payload) != len(expected):
        return 256
    first, second = (np.frombuffer(b, np.uint8).astype(np.int16) for b in (payload, expected))
    return int(np.abs(first - second).max(initial=0))


async def _round(
    part: str, server: Server, pool: Pool, expected: list[Any], victim: int | None = None
) -> dict[str, Any]:
    """Every reception asked for once; process `victim` is killed in the middle."""
    stats = server.service.stats
    before = stats.requeued
    arrived: list[tuple[int, int]] = []
    numbers = iter(range(len(expected)))
    different = rounded = killed = 0

    def on_answer(user: int, answer: Answer) -> None:
        if answer.status is not Status.BUSY:
            arrived.append((user, answer.request_id))

    async def lane(client: AsyncClient) -> None:
        nonlocal different, rounded, killed
        for number in numbers:
            if victim is not None and number == len(expected) // 2:
                os.kill(victim, signal.SIGKILL)
                killed += 1
            answer = await client.decode(pool.section(number))
            apart = levels_apart(answer.payload, expected[number])
            different += apart > 1
            rounded += apart == 1

    started = time.perf_counter()
    async with clients(server.address, USERS, on_answer) as connected:
        await asyncio.gather(*(lane(c) for c in connected for _ in range(AT_A_TIME)))
        seconds = time.perf_counter() - started
    return {
        "part": part,
        "requests": len(expected),
        "different": different,
        "rounded": rounded,
        "unanswered": len(expected) - len(set(arrived)),
        "repeated": len(arrived) - len(set(arrived)),
        "killed": killed,
        # Those that Ray Serve did not send to another replica by itself.
        "requeued": stats.requeued - before,
        "images_per_s": len(expected) / seconds,
    }
