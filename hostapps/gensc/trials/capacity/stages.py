"""Processor time of the stages of the service, as the model of it needs them."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection

from gensc.serve import pipe, wire
from gensc.serve.answer import Answer, Status
from gensc.serve.client import AsyncClient
from gensc.serve.decoder import CodecDecoder
from gensc.serve.load import PATIENCE_S, Pool
from gensc.serve.scenario import Stages
from gensc.serve.section import Request, Section
from gensc.serve.server import Server

#: Times that each piece is gone through; the median counts.
_REPEATS = 7
#: Images of every user before the clock starts.
_WARM = 3


@dataclass(frozen=True)
class Front:
    """Processor time for one image, seconds.

    Attributes:
        request: of the service, for taking the request on.
        answer: of the service, for all that follows but the decoding.
        client: of the client, for both.
    """

    request: float
    answer: float
    client: float


def passes(name: str, pool: Pool, sizes: Sequence[int]) -> tuple[tuple[int, float], ...]:
    """What a worker does with batches of these sizes: reading, decoding, writing."""
    decoder = CodecDecoder([name])
    found = []
    for size in sizes:
        body = pipe.pack_batch([Request("user", n, pool.section(n)) for n in range(size)])
        found.append((size, _median_s(partial(_pass, decoder, body))))
    return tuple(found)


def _pass(decoder: CodecDecoder, body: bytes) -> bytes:
    return pipe.pack_results(0.0, decoder.decode(pipe.unpack_batch(body)))


async def front(server: Server, pool: Pool, users: int, images: int) -> Front:
    """What an image costs the service's own process and its client, which is another process.

    What only requests cost and what only answers cost is measured by itself; what remains, sockets
    and the event loop, goes to both alike.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    sections = [pool.section(n) for n in range(images)]
    asker = context.Process(target=_ask, args=(server.address, users, sections, theirs))
    asker.start()
    try:
        theirs.close()
        await asyncio.to_thread(ours.recv)
        cpu = time.process_time()
        ours.send("go")
        client_s = await asyncio.to_thread(ours.recv)
        service = (time.process_time() - cpu) / images
    finally:
        await asyncio.to_thread(asker.join)
    asking, answering = _alone(pool)
    rest = max(service - asking - answering, 0.0) / 2
    return Front(asking + rest, answering + rest, client_s / images)


def stages(front: Front, passes: tuple[tuple[int, float], ...], *, clients: bool) -> Stages:
    """The stages of a service whose clients work on the same processor, or do not."""
    share = front.client / 2 if clients else 0.0
    return Stages(front.request + share, front.answer + share, passes)


def _alone(pool: Pool) -> tuple[float, float]:
    """What of the front's work is Python's alone: for a request, and for an answer."""
    request = Request("user", 1, pool.section(0))
    frame, image = wire.pack(request), pool.images[0].tobytes()
    height, width = pool.images[0].shape[:2]
    results = pipe.pack_results(0.0, [image])

    def asking() -> None:
        message = wire.unpack(frame)
        assert isinstance(message, Request)
        _ = message.key

    def answering() -> None:
        pipe.pack_batch([request])
        pipe.unpack_results(results)
        wire.pack(Answer(1, Status.OK, image, height=height, width=width))

    return _median_s(asking), _median_s(answering)


def _median_s(work: Callable[[], object]) -> float:
    """Median processor time of a piece of work, which has been done once before."""
    work()
    found = []
    for _ in range(_REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return statistics.median(found)


def _ask(address: str, users: int, sections: list[Section], boss: Connection) -> None:
    """In a process of its own: users who ask in turns for what is to be asked for."""
    boss.send(asyncio.run(_ask_all(address, users, sections, boss)))


async def _ask_all(address: str, users: int, sections: list[Section], boss: Connection) -> float:
    """Processor time of the clients, seconds."""
    left = iter(sections)

    async def lane(client: AsyncClient, most: int) -> None:
        for _, section in zip(range(most), left, strict=False):
            await client.decode(section)

    clients = [AsyncClient(address, f"user {u}", PATIENCE_S) for u in range(users)]
    for client in clients:
        await client.__aenter__()
    try:
        warm = sections[0]
        for _ in range(_WARM):
            await asyncio.gather(*(client.decode(warm) for client in clients))
        boss.send("ready")
        await asyncio.to_thread(boss.recv)
        cpu = time.process_time()
        await asyncio.gather(*(lane(client, len(sections)) for client in clients))
        return time.process_time() - cpu
    finally:
        for client in clients:
            await client.__aexit__()
