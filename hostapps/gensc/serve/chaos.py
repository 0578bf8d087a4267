"""Many requests, cancellations and killed workers, and the account of what came of them."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gensc.serve.answer import Answer, Status
from gensc.serve.client import AsyncClient
from gensc.serve.load import PATIENCE_S, Pool, clients
from gensc.serve.runner import ProcessRunner
from gensc.serve.server import Server


@dataclass
class Chaos:
    """What became of requests under cancellations and killed workers.

    Attributes:
        accepted: requests the service took on.
        ok, cancelled: of those, by what they were answered.
        busy: requests turned away at once, and asked again.
        kills: workers killed.
        deaths, requeued: what the service noticed of it, and requests it computed again.
        unanswered, repeated: requests with no answer, and answers beyond the first.
        failed, wrong: accepted requests answered without an image, or with another one.
        seconds: it took.
    """

    accepted: int = 0
    ok: int = 0
    cancelled: int = 0
    busy: int = 0
    kills: int = 0
    deaths: int = 0
    requeued: int = 0
    unanswered: int = 0
    repeated: int = 0
    failed: int = 0
    wrong: int = 0
    seconds: float = 0.0

    @property
    def violations(self) -> int:
        """Accepted images that were not answered exactly once, and rightly."""
        return self.unanswered + self.repeated + self.failed + self.wrong


async def chaos(
    server: Server,
    runners: Sequence[ProcessRunner],
    pool: Pool,
    *,
    requests: int,
    users: int,
    at_a_time: int,
    cancel: float,
    kills: int,
    seed: int,
) -> Chaos:
    """Make `requests` requests, cancel a share of them at random, kill workers meanwhile.

    Each user has up to `at_a_time` requests under way. The account is kept on the clients' side,
    by request number, from every answer that arrives.
    """
    rng = random.Random(seed)
    result, arrived = Chaos(), Counter[tuple[int, int]]()
    statuses: Counter[Status] = Counter()
    kill_at = {requests * (i + 1) // (kills + 1) for i in range(kills)}
    numbers = iter(range(requests))

    def on_answer(user: int, answer: Answer) -> None:
        arrived[user, answer.request_id] += 1
        statuses[answer.status] += 1

    async def image(client: AsyncClient, number: int) -> None:
        """Ask until it is not busy."""
        while True:
            answer = await client.ask(pool.section(number))
            if answer.status is not Status.BUSY:
                break
            await asyncio.sleep(answer.retry_after_s)
        if answer.status is Status.OK and not pool.right(number, answer):
            result.wrong += 1

    async def lane(client: AsyncClient) -> None:
        """One request after the other; some are given up after a random while."""
        for number in numbers:
            if number in kill_at:
                result.kills += _kill(rng.choice(list(runners)))
            task = asyncio.create_task(image(client, number))
            if rng.random() < cancel:
                await asyncio.wait([task], timeout=rng.expovariate(1 / 0.03))
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled() and task.exception() is not None:
                raise RuntimeError("the load itself failed") from task.exception()

    stats = server.service.stats
    before = (stats.accepted, stats.worker_deaths, stats.requeued)
    started = time.perf_counter()
    async with clients(server.address, users, on_answer) as connected:
        await asyncio.gather(*(lane(c) for c in connected for _ in range(at_a_time)))
        result.seconds = time.perf_counter() - started
        asked = sum(client.asked for client in connected)
        give_up = time.monotonic() + PATIENCE_S
        while arrived.total() < asked and time.monotonic() < give_up:
            await asyncio.sleep(0.01)
        expected = {(u, n) for u, c in enumerate(connected) for n in range(1, c.asked + 1)}
    result.unanswered = len(expected - arrived.keys())
    result.repeated = arrived.total() - len(expected & arrived.keys())
    result.ok, result.cancelled = statuses[Status.OK], statuses[Status.CANCELLED]
    result.busy = statuses[Status.BUSY]
    result.accepted = stats.accepted - before[0]
    result.deaths = stats.worker_deaths - before[1]
    result.requeued = stats.requeued - before[2]
    result.failed = result.accepted - result.ok - result.cancelled
    return result


def _kill(runner: ProcessRunner) -> int:
    """Kill a worker as the kernel would; 0 where it is just being started."""
    if runner.pid is None:
        return 0
    os.kill(runner.pid, signal.SIGKILL)
    return 1
