"""The benchmark's own loads: requests that differ, and an account that notices what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np

from gensc.serve import ProcessRunner, Request, Server, Service, ServiceConfig, Source
from gensc.serve.chaos import chaos
from gensc.serve.load import Load, Pool, closed_loop, levels_apart
from serve_fakes import picture, request, section

POOL = Pool(
    [section(n) for n in range(10)],
    [np.frombuffer(picture(request("u", n)), np.uint8).reshape(2, 3, 3) for n in range(10)],
)


@asynccontextmanager
async def painting(**limits: int) -> AsyncIterator[tuple[Server, Sequence[ProcessRunner]]]:
    runners = [ProcessRunner("serve_fakes:Painter") for _ in range(2)]
    server = Server(Service(runners, ServiceConfig(**limits)), "tcp://127.0.0.1:*")
    await server.start()
    yield server, runners
    await server.stop()


def run_chaos(pool: Pool, kills: int) -> tuple[int, int, int, int]:
    async def story() -> tuple[int, int, int, int]:
        async with painting(cache_bytes=0, queue_per_user=3) as (server, runners):
            account = await chaos(
                server,
                runners,
                pool,
                requests=300,
                users=4,
                at_a_time=5,
                cancel=0.2,
                kills=kills,
                seed=1,
            )
            assert account.accepted == account.ok + account.cancelled
            assert account.busy > 0
            return account.violations, account.wrong, account.deaths, account.kills

    return asyncio.run(asyncio.wait_for(story(), 60))


def test_no_two_requests_of_a_pool_have_the_same_content() -> None:
    keys = {Request("u", 0, POOL.section(n)).key for n in range(2000)}
    assert len(keys) == 2000
    change = POOL.section(9999).noise_var / POOL.section(9).noise_var
    assert np.abs(change - 1).max() < 1e-3


def test_nothing_is_violated_under_cancellations_and_killed_workers() -> None:
    violations, _, deaths, kills = run_chaos(POOL, kills=2)
    assert violations == 0
    assert 1 <= deaths <= kills


def test_a_wrong_image_is_a_violation() -> None:
    off = Pool(POOL.sections, [image + 2 for image in POOL.images])
    violations, wrong, _, _ = run_chaos(off, kills=0)
    assert violations == wrong > 200


def test_a_closed_loop_counts_each_image_and_where_it_came_from() -> None:
    async def story() -> Load:
        async with painting() as (server, runners):
            return await closed_loop(
                server, runners, 4, lambda n: POOL.section(n % 40), lambda n: n < 120
            )

    load = asyncio.run(asyncio.wait_for(story(), 60))
    assert load.images == load.sources.total() == 120
    assert load.sources[Source.COMPUTED] == 40
    assert len(load.latency_s) == 120 - 4
    assert load.cpu_ms > 0
    assert load.percentile_ms(50) <= load.percentile_ms(99) <= 1e3 * load.seconds


def test_pooled_runs_weigh_by_their_images() -> None:
    load = Load()
    load.add(Load(1.0, 10, [0.1] * 10, batch=1.0))
    load.add(Load(1.0, 30, [0.2] * 30, batch=5.0))
    assert (load.images_per_s, load.batch, load.percentile_ms(50)) == (20.0, 4.0, 200.0)


def test_answers_are_compared_level_by_level():
    image = bytes([0, 100, 255])
    assert levels_apart(image, image) == 0
    assert levels_apart(image, bytes([1, 100, 254])) == 1
    assert levels_apart(image, bytes([0, 160, 255])) == 60
    assert levels_apart(image, image[:2]) == 256
