"""Stages of the service: measured on the real pieces."""

from __future__ import annotations

import asyncio

import numpy as np

from gensc.bench.serve.run import make_pool
from gensc.serve import ProcessRunner, Server, Service, ServiceConfig
from gensc.serve.load import Pool
from gensc.system import codecs
from gensc.trials.capacity.stages import Front, front, passes, stages
from serve_fakes import picture, request, section

POOL = Pool(
    [section(n) for n in range(10)],
    [np.frombuffer(picture(request("u", n)), np.uint8).reshape(2, 3, 3) for n in range(10)],
)


def test_the_front_is_measured_apart_from_its_clients() -> None:
    async def story() -> tuple[Front, int]:
        service = Service([ProcessRunner("serve_fakes:Painter")], ServiceConfig(cache_bytes=0))
        server = Server(service, "tcp://127.0.0.1:*")
        await server.start()
        try:
            return await front(server, POOL, users=2, images=40), service.stats.images
        finally:
            await server.stop()

    measured, images = asyncio.run(asyncio.wait_for(story(), 60))
    # Those of the warm-up are all alike: one of two is shared with the other one's.
    assert 40 < images <= 40 + 6
    assert min(measured.request, measured.answer, measured.client) > 0
    assert max(measured.request, measured.answer, measured.client) < 0.1


def test_clients_on_the_same_processor_are_a_part_of_the_front() -> None:
    own = Front(request=0.001, answer=0.002, client=0.004)
    apart, together = (stages(own, ((1, 0.1),), clients=c) for c in (False, True))
    assert (apart.request, apart.answer) == (0.001, 0.002)
    assert (together.request, together.answer) == (0.003, 0.004)
    assert apart.decode(1) == together.decode(1) == 0.1


def test_a_pass_takes_longer_with_more_images() -> None:
    codec, _ = codecs.load("softcast")
    (one, first), (many, second) = passes("softcast", make_pool(codec, 32, 16), (1, 16))
    assert (one, many) == (1, 16)
    assert second > first > 0
