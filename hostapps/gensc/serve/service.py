"""The heart of the service, without sockets: who is accepted, in which order, in which batch.

Every accepted request gets exactly one answer, whatever happens to workers, to other users'
requests or to the service short of its own death.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress

from gensc.serve.answer import Answer, Source, Status, Times
from gensc.serve.cache import ByteCache
from gensc.serve.decoder import Result
from gensc.serve.fair_queue import FairQueue
from gensc.serve.limits import RECENT_S, ServiceConfig, retry_after_s
from gensc.serve.runner import Runner, WorkerDied, WorkerStartError
from gensc.serve.section import Request
from gensc.serve.stats import ServiceStats
from gensc.serve.ticket import Job, Refused, Ticket


class Service:
    """Takes requests, answers them from the cache or by batches run on its runners.

    Used on one asyncio event loop.

    Args:
        runners: places where the model runs, each working on one batch at a time; all have the
            same codecs.
        config: limits.
        log: takes one line about what an operator should know.
    """

    def __init__(
        self,
        runners: Sequence[Runner],
        config: ServiceConfig | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        if not runners:
            raise ValueError("a service needs at least one runner")
        self.config = config or ServiceConfig()
        self.stats = ServiceStats()
        self.cache = ByteCache(self.config.cache_bytes)
        self._runners, self._log = list(runners), log
        self._queue: FairQueue[Job] = FairQueue()
        self._jobs: dict[bytes, Job] = {}
        self._pending: Counter[str] = Counter()
        # When each user of late last asked, in that order.
        self._recent: OrderedDict[str, float] = OrderedDict()
        self._dispatchers: list[asyncio.Task[None]] = []
        # Runners that are alive, and those of them without a batch.
        self._working = self._free = 0
        self._stopping = False
        self._broken = ""
        self._work, self._full, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._idle.set()
        # Seconds per pixel and worker, a running mean; for telling the busy when to come back.
        self._pace = 1e-6

    @property
    def models(self) -> dict[int, str]:
        """Wire ids and names of the codecs served."""
        return self._runners[0].models

    @property
    def working(self) -> int:
        """Runners that are alive."""
        return self._working

    @property
    def pending(self) -> int:
        """Accepted requests without an answer so far."""
        return self._pending.total()

    @property
    def users(self) -> int:
        """Users with pending requests."""
        return len(self._pending)

    async def start(self) -> None:
        """Start the runners.

        Raises:
            WorkerStartError: one cannot be started.
        """
        try:
            await asyncio.gather(*(runner.start() for runner in self._runners))
        except BaseException:
            await asyncio.gather(*(runner.close() for runner in self._runners))
            raise
        self._working = len(self._runners)
        self._dispatchers = [asyncio.create_task(self._dispatch(r)) for r in self._runners]

    async def stop(self, drain: bool = True) -> None:
        """Accept nothing more, answer what is accepted, end the runners.

        Args:
            drain: finish the accepted work first; False answers it with STOPPING at once.
        """
        self._stopping = True
        self._signal()
        if not drain:
            self._abandon(Status.STOPPING, "the service was stopped")
        await self._idle.wait()
        for task in self._dispatchers:
            task.cancel()
        for outcome in await asyncio.gather(*self._dispatchers, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        await asyncio.gather(*(runner.close() for runner in self._runners))

    def accept(self, request: Request) -> Ticket:
        """Take a request on, at once.

        Raises:
            Refused: it is not taken on; says why and, when busy, when to ask again.
        """
        try:
            self._check(request)
            cached = self.cache.get(request.key)
            if cached is None:
                self._check_room(request)
        except Refused as refused:
            self.stats.turned_away[refused.status] += 1
            raise
        ticket = Ticket(request)
        self.stats.accepted += 1
        self._pending[request.user] += 1
        self._recent[request.user] = ticket.accepted_at
        self._recent.move_to_end(request.user)
        self._idle.clear()
        if cached is not None:
            self._finish(ticket, cached, Source.CACHED, Times())
        else:
            self._file(ticket)
        return ticket

    def cancel(self, ticket: Ticket) -> bool:
        """Answer a request with CANCELLED; False where it has its answer already.

        What is queued for it alone is never computed; what a worker is computing is discarded.
        """
        if ticket.done:
            return False
        job = ticket.job
        assert job is not None  # an unanswered ticket has one
        job.tickets.remove(ticket)
        if job.started_at is None:
            self._refile(job)
        self._answer(
            ticket, Answer(ticket.request.request_id, Status.CANCELLED, reason="cancelled")
        )
        return True

    async def decode(self, request: Request) -> Answer:
        """The answer to a request; cancelling the caller cancels the request.

        Raises:
            Refused: it was not accepted.
        """
        ticket = self.accept(request)
        try:
            return await ticket
        except asyncio.CancelledError:
            self.cancel(ticket)
            raise

    # -- accepting

    def _check(self, request: Request) -> None:
        section = request.section
        if self._stopping:
            raise Refused(Status.STOPPING, "the service is stopping")
        if self._broken:
            raise Refused(Status.REFUSED, self._broken)
        if section.weights not in self.models:
            known = ", ".join(
                f"{number:04x} {name}" for number, name in sorted(self.models.items())
            )
            raise Refused(
                Status.REFUSED, f"no codec with weights {section.weights:04x} (there is {known})"
            )
        if section.pixels > self.config.max_pixels:
            raise Refused(
                Status.REFUSED,
                f"{section.width}x{section.height} is more than {self.config.max_pixels} pixels",
            )

    def _check_room(self, request: Request) -> None:
        if self._pending[request.user] >= self.config.queue_per_user:
            reason = f"{self.config.queue_per_user} requests of this user are waiting"
        elif self.pending >= self.config.queue_total:
            reason = f"{self.config.queue_total} requests are waiting"
        else:
            return
        work = self._queue.cost * self._pace / max(self._working, 1)
        raise Refused(Status.BUSY, reason, retry_after_s(work))

    def _file(self, ticket: Ticket) -> None:
        """Join the computation of an identical request, or begin one."""
        request = ticket.request
        job = self._jobs.get(request.key)
        if job is None:
            job = Job(request, request.user, [ticket], self.config.max_attempts)
            self._jobs[request.key] = job
            self._queue.put(request.user, job)
        else:
            job.tickets.append(ticket)
            if job.started_at is None:
                self._refile(job)
        ticket.job = job
        self._signal()

    def _refile(self, job: Job) -> None:
        """Keep a queued job with the one of its askers who waits least; with none drop it."""
        users = {ticket.request.user for ticket in job.tickets}
        if not users:
            self._queue.remove(job.owner, job)
            del self._jobs[job.request.key]
        else:
            best = min(users, key=lambda u: (self._queue.ahead(u, job), u != job.owner))
            if best != job.owner:
                self._queue.remove(job.owner, job)
                job.owner = best
                self._queue.put(best, job)
        self._signal()

    # -- computing

    async def _dispatch(self, runner: Runner) -> None:
        """Keep one runner busy."""
        while True:
            self._free += 1
            await self._work.wait()
            if not self._full.is_set() and self.config.max_wait_ms:
                # With what has come by then; another runner may even have taken it.
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._full.wait(), self.config.max_wait_ms / 1e3)
            limit = self.config.share(len(self._queue), self._queue.cost, self._free)
            self._free -= 1
            batch = self._queue.take(limit, self.config.max_batch_pixels)
            self._signal()
            if batch and not await self._run(runner, batch):
                return

    async def _run(self, runner: Runner, batch: list[Job]) -> bool:
        """Compute a batch and answer it; False when the runner is lost for good."""
        now = time.monotonic()
        for job in batch:
            job.started_at = now
            job.attempts += 1
        try:
            seconds, results = await runner.run([job.request for job in batch])
        except WorkerDied as death:
            self.stats.worker_deaths += 1
            self._log(f"worker lost ({death}): {len(batch)} images are computed again")
            self._retry(batch, str(death))
            return await self._restart(runner)
        except Exception as error:
            # A fault of ours; even then nobody waits for an answer that never comes.
            self._log(f"batch failed: {type(error).__name__}: {error}")
            for job in batch:
                self._conclude(job, ValueError("internal error of the service"), 0.0, len(batch))
            return await self._restart(runner)
        self.stats.batches += 1
        self.stats.images += len(batch)
        pace = seconds / sum(job.cost for job in batch)
        self._pace += 0.1 * (pace - self._pace)
        for job, result in zip(batch, results, strict=True):
            self._conclude(job, result, seconds, len(batch))
        return True

    def _retry(self, batch: list[Job], reason: str) -> None:
        """Queue the jobs of a dead worker again, at the head of their owners' queues."""
        for job in reversed(batch):
            if not job.tickets:
                del self._jobs[job.request.key]
            elif job.attempts >= self.config.max_attempts:
                text = f"{reason}, {job.attempts} times"
                self._conclude(job, ValueError(text), 0.0, len(batch))
            else:
                self.stats.requeued += 1
                job.started_at = None
                self._queue.put_back(job.owner, job)
                self._refile(job)
        self._signal()

    async def _restart(self, runner: Runner) -> bool:
        """Start a runner again; False when it is given up."""
        wait = self.config.restart_wait_s
        self._working -= 1
        for attempt in range(self.config.max_restarts + 1):
            try:
                await runner.start()
            except WorkerStartError as error:
                self._log(f"worker cannot be started: {error}")
                if attempt < self.config.max_restarts:
                    await asyncio.sleep(wait)
                    wait *= 2
            else:
                self._working += 1
                return True
        if not self._working and all(t.done() for t in self._dispatchers if not _current(t)):
            self._broken = "no worker can be started"
            self._log(f"{self._broken}: requests are refused from now on")
            self._abandon(Status.FAILED, self._broken)
        return False

    def _conclude(self, job: Job, result: Result, seconds: float, size: int) -> None:
        """Answer all who asked for a job."""
        del self._jobs[job.request.key]
        if isinstance(result, bytes):
            self.cache.put(job.request.key, result)
        if not job.tickets:
            self.stats.discarded += 1
        for i, ticket in enumerate(job.tickets):
            if isinstance(result, bytes):
                started = job.started_at or ticket.accepted_at
                times = Times(max(started - ticket.accepted_at, 0.0), seconds, 0.0, size)
                self._finish(ticket, result, Source.SHARED if i else Source.COMPUTED, times)
            else:
                identity = ticket.request.request_id
                self._answer(ticket, Answer(identity, Status.FAILED, reason=str(result)))

    # -- answering

    def _finish(self, ticket: Ticket, image: bytes, source: Source, times: Times) -> None:
        request, section = ticket.request, ticket.request.section
        total = time.monotonic() - ticket.accepted_at
        self.stats.sources[source] += 1
        self._answer(
            ticket,
            Answer(
                request.request_id,
                Status.OK,
                image,
                request.format,
                section.height,
                section.width,
                source=source,
                times=Times(times.queued, times.decode, total, times.batch),
            ),
        )

    def _answer(self, ticket: Ticket, answer: Answer) -> None:
        """The one place where a request ends."""
        ticket.future.set_result(answer)
        self.stats.answered[answer.status] += 1
        user = ticket.request.user
        self._pending[user] -= 1
        if not self._pending[user]:
            del self._pending[user]
        if not self._pending:
            self._idle.set()

    def _abandon(self, status: Status, reason: str) -> None:
        """Answer everything that is accepted without computing it."""
        while self._queue.take(self.config.max_batch, float("inf")):
            pass
        for job in list(self._jobs.values()):
            tickets, job.tickets = job.tickets, []
            for ticket in tickets:
                self._answer(ticket, Answer(ticket.request.request_id, status, reason=reason))
            if job.started_at is None:
                del self._jobs[job.request.key]
        self._signal()

    def _signal(self) -> None:
        """Wake the dispatchers as the queue's state asks for."""
        waiting = len(self._queue)
        # No need to wait for others, nobody to wait for, or a share left by one for the next.
        enough = (
            waiting >= self.config.max_batch
            or self._stopping
            or self._everyone_is_here()
            or (self._full.is_set() and self._free)
        )
        for event, state in ((self._work, waiting), (self._full, waiting and enough)):
            if state:
                event.set()
            else:
                event.clear()

    def _everyone_is_here(self) -> bool:
        """Whether all users of late have something pending."""
        horizon = time.monotonic() - RECENT_S
        while self._recent and next(iter(self._recent.values())) < horizon:
            self._recent.popitem(last=False)
        return len(self._pending) >= len(self._recent)


def _current(task: asyncio.Task[None]) -> bool:
    return task is asyncio.current_task()
