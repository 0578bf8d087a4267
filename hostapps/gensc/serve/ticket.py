"""A request on its way through the service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Hashable
from dataclasses import dataclass

from gensc.serve.answer import Answer, Status
from gensc.serve.section import Request


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """A request was not accepted; `status` is BUSY, REFUSED or STOPPING."""

    def __init__(self, status: Status, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.status, self.reason, self.retry_after_s = status, reason, retry_after_s

    def answer(self, request_id: int) -> Answer:
        """What the user is told."""
        return Answer(request_id, self.status, reason=self.reason, retry_after_s=self.retry_after_s)


class Ticket:
    """An accepted request; `await` it for the answer. Cancelling the waiter leaves it valid.

    Attributes:
        request: what was accepted.
        accepted_at: when, on the monotonic clock.
        future, job: the service's own.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.accepted_at = time.monotonic()
        self.future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.job: Job | None = None

    def __await__(self) -> Generator[object, None, Answer]:
        return asyncio.shield(self.future).__await__()

    @property
    def done(self) -> bool:
        """Whether the answer is there."""
        return self.future.done()


@dataclass(eq=False)
class Job:
    """One computation, for all who asked for the same.

    Attributes:
        request: of the first who asked.
        owner: the user in whose queue it stands.
        tickets: those who want it; may become empty.
        last_attempt: number of the attempt after which no other follows.
        attempts: begun so far.
        started_at: when the present attempt began; None while it is queued.
    """

    request: Request
    owner: str
    tickets: list[Ticket]
    last_attempt: int
    attempts: int = 0
    started_at: float | None = None

    @property
    def group(self) -> Hashable:
        """Jobs that may share a batch; a last attempt after others failed is made alone."""
        alone = self.attempts > 0 and self.attempts + 1 >= self.last_attempt
        return (self.request.section.group, id(self) if alone else None)

    @property
    def cost(self) -> float:
        """Pixels."""
        return float(self.request.section.pixels)
