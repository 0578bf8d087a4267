"""What the service's tests share: sections, decoders for worker processes, a runner by hand."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from gensc.serve.runner import WorkerDied, WorkerStartError
from gensc.serve.section import Request, Section

PATIENCE_S = 20.0


def section(number: int, height: int = 2, width: int = 3, rate: int = 1) -> Section:
    """A section that differs from others in its side information."""
    return Section(1, rate, height, width, number, np.ones(4), np.full(4, 0.1))


def request(user: str, number: int, request_id: int = 1, **shape: int) -> Request:
    return Request(user, request_id, section(number, **shape))


def picture(request: Request) -> bytes:
    """What the fake decoders make of a request."""
    s = request.section
    return np.full((s.height, s.width, 3), s.aux % 251, np.uint8).tobytes()


class Painter:
    """Answers at once."""

    models: ClassVar = {1: "painter"}

    def decode(self, batch: Sequence[Request]) -> list[bytes | ValueError]:
        return [picture(r) for r in batch]


class Moody(Painter):
    """Kills its own process on side information 666, refuses 13, hangs on 99."""

    def decode(self, batch: Sequence[Request]) -> list[bytes | ValueError]:
        numbers = [r.section.aux for r in batch]
        if 666 in numbers:
            os.kill(os.getpid(), signal.SIGKILL)
        if 99 in numbers:
            signal.pause()
        return [
            ValueError("thirteen is not decoded") if n == 13 else picture(r)
            for n, r in zip(numbers, batch, strict=True)
        ]


class DiesOnce(Painter):
    """Kills its process on the first batch that any process with this marker file sees."""

    def __init__(self, marker: str) -> None:
        self.marker = Path(marker)

    def decode(self, batch: Sequence[Request]) -> list[bytes | ValueError]:
        if not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().decode(batch)


class NoModel:
    def __init__(self) -> None:
        raise ValueError("no weights called 'nothing'")


class HandRunner:
    """A runner whose batches the test finishes, or kills, when it wants to."""

    models: ClassVar = {1: "by hand"}

    def __init__(self) -> None:
        self.batches: asyncio.Queue[list[Request]] = asyncio.Queue()
        self.outcome: asyncio.Future[bool] | None = None
        self.batch: list[Request] = []
        self.can_start = True
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        if not self.can_start:
            raise WorkerStartError("no more workers")

    async def run(self, batch: Sequence[Request]) -> tuple[float, list[bytes | ValueError]]:
        self.batch = list(batch)
        self.outcome = asyncio.get_running_loop().create_future()
        self.batches.put_nowait(self.batch)
        alive = await self.outcome
        self.outcome = None
        if not alive:
            raise WorkerDied("killed by the test")
        return 0.001, [picture(r) for r in batch]

    async def close(self) -> None:
        self.outcome = None

    @property
    def running(self) -> bool:
        return self.outcome is not None and not self.outcome.done()

    async def next(self) -> list[int]:
        """Numbers of the next batch, as soon as it is being computed."""
        batch = await asyncio.wait_for(self.batches.get(), PATIENCE_S)
        return [r.section.aux for r in batch]

    def finish(self) -> None:
        assert self.outcome is not None
        self.outcome.set_result(True)

    def die(self) -> None:
        assert self.outcome is not None
        self.outcome.set_result(False)


async def settle() -> None:
    """Let every task run until it waits for something only the test can give."""
    for _ in range(20):
        await asyncio.sleep(0)
