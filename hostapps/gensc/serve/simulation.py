"""The service on paper: users, front, fair queue, batches and replicas as a discrete-event model.

The queue and the rule by which batches are made are the service's own (`FairQueue`,
`ServiceConfig`); what sockets, codecs and processors do is replaced by the processor time that
each stage was measured to take. So a load that no machine at hand could carry, or make, is seen in
seconds::

    users ── ask ──► front (one process: takes requests, hands out answers) ── answer ──► users
                        │  FairQueue, busy, retry                       ▲
                        └──► replicas, each one batch at a time ────────┘

Where front, replicas and clients share the processors of one machine, the front, which works in
short bursts and is let in at once, goes first, and the replicas share what is left of `cores`
evenly (processor sharing). Otherwise every replica has a core of its own.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gensc.serve.fair_queue import FairQueue
from gensc.serve.limits import RECENT_S, ServiceConfig, retry_after_s
from gensc.serve.scenario import Outcome, Scenario, Stages, jain

#: Kinds of event.
_ASK, _FRONT, _REPLICA, _WAITED = range(4)


@dataclass(eq=False)
class _Image:
    """An image that somebody wants; `group` and `cost` as the queue asks for them."""

    user: int
    asked: float
    cost: float
    group: int = 0


@dataclass(eq=False)
class _Replica:
    """What it works on, the processor time that is left of it, and how much of one it has.

    `version` tells the event of its end from those of times when it had another `rate`.
    """

    batch: list[_Image] = field(default_factory=list)
    left: float = 0.0
    rate: float = -1.0
    version: int = 0


class Simulation:
    """One run of a scenario; `run` gives its outcome, the same for the same seed."""

    def __init__(
        self, stages: Stages, scenario: Scenario, config: ServiceConfig | None = None, seed: int = 0
    ) -> None:
        self.stages, self.scenario = stages, scenario
        self.config = config or ServiceConfig()
        self._rng = random.Random(seed)
        self._events: list[tuple[float, int, int, Any]] = []
        self._order = itertools.count(1)
        self._now = 0.0
        self._queue: FairQueue[_Image] = FairQueue()
        self._replicas = [_Replica() for _ in range(scenario.replicas)]
        self._idle = list(self._replicas)
        # What the front has still to do: seconds, what then happens, and to which image.
        self._inbox: deque[tuple[float, Callable[[_Image], None], _Image]] = deque()
        # Images accepted and not answered so far, by user and together.
        self._pending: dict[int, int] = {}
        self._accepted = 0
        self._recent: OrderedDict[int, float] = OrderedDict()
        # Whether replicas have waited for company; the event that ends it, 0 for none.
        self._waited, self._timer = False, 0
        # Processors that each busy replica has.
        self._rate = 1.0
        self._open: dict[_Image, None] = {}
        people = scenario.users + scenario.floods
        self._asked, self._had = [0] * people, [0] * people
        self.outcome = Outcome(scenario.seconds)

    def run(self) -> Outcome:
        """Simulate all of it."""
        s = self.scenario
        for user in range(s.users):
            self._at(self._think(), _ASK, self._want(user))
        for flood in range(s.users, s.users + s.floods):
            for _ in range(s.at_a_time):
                self._at(0.0, _ASK, self._want(flood))
        handlers: tuple[Callable[[Any], None], ...]
        handlers = (self._arrive, self._front_done, self._replica_done, self._wait_over)
        while self._events and self._events[0][0] <= s.seconds:
            time, _, kind, what = heapq.heappop(self._events)
            self._work_until(time)
            handlers[kind](what)
            self._share_out()
        self._work_until(s.seconds)
        for image in self._open:
            self._count(image, s.seconds)
        shares = [h / a for h, a in zip(self._had, self._asked, strict=True) if a]
        self.outcome.fairness = jain(shares)
        return self.outcome

    # -- users

    def _want(self, user: int) -> _Image:
        return _Image(user, -1.0, float(self.scenario.pixels))

    def _think(self) -> float:
        mean = self.scenario.think_s
        return self._rng.expovariate(1 / mean) if mean else 0.0

    def _arrive(self, image: _Image) -> None:
        if image.asked < 0:
            image.asked = self._now
            self._asked[image.user] += 1
            self._open[image] = None
        self._to_front(self.stages.request, self._accept, image)

    def _count(self, image: _Image, until: float) -> None:
        if image.user < self.scenario.users:
            self.outcome.latency_s.append(until - image.asked)

    # -- front

    def _to_front(self, seconds: float, then: Callable[[_Image], None], image: _Image) -> None:
        self._inbox.append((seconds, then, image))
        if len(self._inbox) == 1:
            self._at(self._now + seconds, _FRONT, None)

    def _front_done(self, _: None) -> None:
        _seconds, then, image = self._inbox.popleft()
        if self._inbox:
            self._at(self._now + self._inbox[0][0], _FRONT, None)
        then(image)
        self._dispatch()

    def _accept(self, image: _Image) -> None:
        config, user = self.config, image.user
        mine = self._pending.get(user, 0)
        if mine >= config.queue_per_user or self._accepted >= config.queue_total:
            self.outcome.busy += 1
            pace = self.stages.decode(1) / self.scenario.pixels
            work = self._queue.cost * pace / len(self._replicas)
            self._at(self._now + retry_after_s(work), _ASK, image)
            return
        self._pending[user] = mine + 1
        self._accepted += 1
        self._recent[user] = self._now
        self._recent.move_to_end(user)
        self._queue.put(str(user), image)

    def _hand_out(self, image: _Image) -> None:
        user = image.user
        del self._open[image]
        self._had[user] += 1
        self.outcome.images += 1
        self._count(image, self._now)
        floods = user >= self.scenario.users
        self._at(self._now + (0.0 if floods else self._think()), _ASK, self._want(user))

    # -- replicas

    def _dispatch(self) -> None:
        """Give idle replicas what waits, at once or when they have waited for company."""
        patient = bool(self.config.max_wait_ms) and not (self._waited or self._enough())
        if self._idle and len(self._queue) and patient:
            if not self._timer:
                self._timer = next(self._order)
                self._at(self._now + self.config.max_wait_ms / 1e3, _WAITED, self._timer)
            return
        while self._idle and len(self._queue):
            limit = self.config.share(len(self._queue), self._queue.cost, len(self._idle))
            replica = self._idle.pop()
            replica.batch = self._queue.take(limit, self.config.max_batch_pixels)
            replica.left = self.stages.decode(len(replica.batch))
            self.outcome.batches += 1
            if self.scenario.cores is None:
                self._at(self._now + replica.left, _REPLICA, (replica, replica.version))
        self._waited, self._timer = False, 0

    def _enough(self) -> bool:
        """Whether nobody else is expected, as `Service` has it."""
        while self._recent and next(iter(self._recent.values())) < self._now - RECENT_S:
            self._recent.popitem(last=False)
        return len(self._queue) >= self.config.max_batch or len(self._pending) >= len(self._recent)

    def _wait_over(self, timer: int) -> None:
        if timer == self._timer:
            self._waited = True
            self._dispatch()

    def _replica_done(self, what: tuple[_Replica, int]) -> None:
        replica, version = what
        if version != replica.version:
            return
        replica.version += 1
        replica.rate = -1.0
        batch, replica.batch = replica.batch, []
        self._idle.append(replica)
        for image in batch:
            self._accepted -= 1
            self._pending[image.user] -= 1
            if not self._pending[image.user]:
                del self._pending[image.user]
            self._to_front(self.stages.answer, self._hand_out, image)
        self._dispatch()

    # -- time

    def _at(self, time: float, kind: int, what: object) -> None:
        heapq.heappush(self._events, (time, next(self._order), kind, what))

    def _work_until(self, time: float) -> None:
        """Let all who have work go on until then."""
        elapsed, busy = time - self._now, len(self._replicas) - len(self._idle)
        self.outcome.front_s += elapsed * bool(self._inbox)
        self.outcome.replica_s += elapsed * busy
        self._now = time
        if self.scenario.cores is not None and busy:
            for replica in self._replicas:
                replica.left -= elapsed * self._rate

    def _share_out(self) -> None:
        """Where cores are shared: when busy replicas will be done, as things stand now."""
        if self.scenario.cores is None:
            return
        busy = [replica for replica in self._replicas if replica.batch]
        left_over = max(self.scenario.cores - bool(self._inbox), 0.0)
        self._rate = min(1.0, left_over / max(len(busy), 1))
        for replica in busy:
            if replica.rate != self._rate:
                replica.rate = self._rate
                replica.version += 1
                if replica.rate:
                    done = self._now + max(replica.left, 0.0) / replica.rate
                    self._at(done, _REPLICA, (replica, replica.version))
