"""Loads: what users ask of the service, what they got, and the plain loop to compare with."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.serve.answer import Answer, Source
from gensc.serve.client import AsyncClient
from gensc.serve.limits import ServiceConfig
from gensc.serve.runner import ProcessRunner
from gensc.serve.section import Section
from gensc.serve.server import Server
from gensc.serve.service import Service
from gensc.system.processor import busy_s
from gensc_models.codecs.codec import Codec

#: How long the last answers of a run may take.
PATIENCE_S = 60.0


@dataclass
class Load:
    """What one run gave.

    Attributes:
        seconds: it took.
        images: answered in that time.
        latency_s: of every image, from asking to having it; without each user's first one, for
            which all of them ask in the same moment.
        sources: images by where they came from.
        batch: mean images in a pass of the model.
        cpu_s: processor time of everything that took part, clients included; unlike `seconds`
            it hardly depends on what else the machine does.
        busy_s: processor time of the whole machine meanwhile, others included.
    """

    seconds: float = 0.0
    images: int = 0
    latency_s: list[float] = field(default_factory=list)
    sources: Counter[Source] = field(default_factory=Counter)
    batch: float = 1.0
    cpu_s: float = 0.0
    busy_s: float = 0.0

    @property
    def others(self) -> float:
        """Processors that had something else to do, on average: what was not ours to have."""
        return max(self.busy_s - self.cpu_s, 0.0) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of an image."""
        return 1e3 * self.cpu_s / self.images

    @property
    def images_per_s(self) -> float:
        """Images answered per second."""
        return self.images / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Latency that so many per cent of the images stay within."""
        return 1e3 * float(np.percentile(self.latency_s, percent))

    def as_row(self) -> dict[str, Any]:
        """What a table says of it."""
        return {
            "images": self.images,
            "seconds": self.seconds,
            "images_per_s": self.images_per_s,
            "p50_ms": self.percentile_ms(50),
            "p95_ms": self.percentile_ms(95),
            "p99_ms": self.percentile_ms(99),
            "batch": self.batch,
            "cpu_ms": self.cpu_ms,
            "others": self.others,
        }

    def add(self, other: Load) -> None:
        """Pool another run of the same kind."""
        self.images += other.images
        self.batch += other.images / self.images * (other.batch - self.batch)
        self.seconds += other.seconds
        self.cpu_s += other.cpu_s
        self.busy_s += other.busy_s
        self.latency_s += other.latency_s
        self.sources += other.sources


@dataclass(frozen=True)
class Pool:
    """Receptions to ask for, and the images they decode to one at a time.

    No two requests made of a pool are alike: the noise variance of the first symbol differs in
    its last bits, which changes the content and with it the cache key, and the image by less
    than one grey level.
    """

    sections: list[Section]
    images: list[NDArray[np.uint8]]

    def section(self, number: int) -> Section:
        """Request number `number`, unlike every other one below 1000 times the pool's size."""
        base = self.sections[number % len(self.sections)]
        noise_var = base.noise_var.copy()
        noise_var[:1].view(np.int32)[0] += number // len(self.sections)
        return replace(base, noise_var=noise_var)

    def right(self, number: int, answer: Answer) -> bool:
        """Whether an answer is the image of request `number`, to 1 LSB."""
        expected = self.images[number % len(self.images)]
        return bool(np.abs(answer.image.astype(np.int16) - expected).max() <= 1)


def levels_apart(payload: bytes, expected: bytes) -> int:
    """The largest difference of two raw images in levels; 256 for images of different sizes."""
    if len(payload) != len(expected):
        return 256
    first, second = (np.frombuffer(b, np.uint8).astype(np.int16) for b in (payload, expected))
    return int(np.abs(first - second).max(initial=0))


def decode_alone(codec: Codec, section: Section) -> NDArray[np.uint8]:
    """What a user without the service would write."""
    return codec.decode_image(section.received)


def one_at_a_time(codec: Codec, pool: Pool, users: int, seconds: float) -> Load:
    """Users who ask again as soon as they have their image, served by a plain loop in turn."""
    load = Load()
    started, cpu, busy = time.perf_counter(), time.process_time(), busy_s()
    asked_at = [started] * users
    number = 0
    while time.perf_counter() - started < seconds or number < 2 * users:
        decode_alone(codec, pool.section(number))
        now = time.perf_counter()
        if number >= users:
            load.latency_s.append(now - asked_at[number % users])
        asked_at[number % users] = now
        number += 1
    load.seconds, load.images = time.perf_counter() - started, number
    load.cpu_s, load.busy_s = time.process_time() - cpu, busy_s() - busy
    return load


@asynccontextmanager
async def serving(
    config: ServiceConfig, model: str, workers: int
) -> AsyncIterator[tuple[Server, list[ProcessRunner]]]:
    """A server as `gensc serve` would make it, on a free port; its workers are warm."""
    options = {"models": [model], "threads": 1}
    runners = [ProcessRunner(options=options) for _ in range(workers)]
    server = Server(Service(runners, config), "tcp://127.0.0.1:*")
    await server.start()
    try:
        yield server, runners
    finally:
        await server.stop()


@asynccontextmanager
async def clients(
    address: str, users: int, on_answer: Callable[[int, Answer], None] = lambda user, answer: None
) -> AsyncIterator[list[AsyncClient]]:
    """So many users' connections."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                AsyncClient(address, f"user {u}", PATIENCE_S, partial(on_answer, u))
            )
            for u in range(users)
        ]


async def closed_loop(
    server: Server,
    runners: Sequence[ProcessRunner],
    users: int,
    section: Callable[[int], Section],
    more: Callable[[int], bool],
) -> Load:
    """Users who ask again as soon as they have their image, served by the service.

    Args:
        server, runners: running.
        users: so many, each with a connection of its own.
        section: what request number n asks for.
        more: whether request number n is made at all.
    """
    load, number = Load(), 0
    stats = server.service.stats
    batches, images = stats.batches, stats.images

    async def user(client: AsyncClient) -> None:
        nonlocal number
        first = True
        while more(number):
            wanted = section(number)
            number += 1
            asked = time.perf_counter()
            answer = await client.decode(wanted)
            if not first:
                load.latency_s.append(time.perf_counter() - asked)
            first = False
            load.images += 1
            load.sources[answer.source] += 1

    async with clients(server.address, users) as connected:
        started, cpu, busy = time.perf_counter(), _cpu_s(runners), busy_s()
        await asyncio.gather(*(user(client) for client in connected))
        load.seconds, load.cpu_s = time.perf_counter() - started, _cpu_s(runners) - cpu
        load.busy_s = busy_s() - busy
    load.batch = (stats.images - images) / max(stats.batches - batches, 1)
    return load


def _cpu_s(runners: Sequence[ProcessRunner]) -> float:
    """Processor time of this process and of the workers, as Linux counts it."""
    ticks = 0
    for runner in runners:
        # Fields 14 and 15, user and system; the second is a name that may hold anything.
        fields = Path(f"/proc/{runner.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")
