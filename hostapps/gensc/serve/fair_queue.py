"""A queue that serves its users in turn, each turn weighted by what it costs.

Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): every user has a meter of the cost
served so far and the user with the lowest meter is next; one who comes (back) starts at the
meter of the user now being served, so that idling earns no credit. With equal costs this is
round robin. A batch is led by the user whose turn it is and filled up with what fits to it from
the others, in the same order; those pay for it, so their own turn comes later.

Every operation takes O(log users), however many wait: the order of service is a heap that is kept
from batch to batch, in which entries that no longer hold are skipped.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Item(Protocol):
    """What can be queued."""

    @property
    def group(self) -> Hashable:
        """Items of equal group may share a batch."""

    @property
    def cost(self) -> float:
        """Cost of serving it, > 0."""


T = TypeVar("T", bound=Item)
#: Cost served, turn when last served, user: the order of service.
Standing = tuple[float, int, str]
#: Users whose items fit a batch badly that it looks at before it goes as it is.
MISFITS = 64
#: Entries that no longer hold may be as many as the others and these.
SLACK = 64


class FairQueue(Generic[T]):
    """Items of many users; `len()` counts them all.

    Attributes:
        cost: of all items together.
    """

    def __init__(self) -> None:
        self._queues: dict[str, deque[T]] = {}
        # (cost served, turn when last served), of idle users as well while it counts.
        self._meters: dict[str, tuple[float, int]] = {}
        # Where those who wait stand; an entry of the heap that is not this very one is stale.
        self._standing: dict[str, Standing] = {}
        self._order: list[Standing] = []
        # Meters from which on it is looked for those that no longer count.
        self._most = SLACK
        self._now = 0.0
        self._turn = 0
        self._length = 0
        self.cost = 0.0

    def __len__(self) -> int:
        return self._length

    def ahead(self, user: str, item: T) -> int:
        """Items of the user that come before this one, or would if it were put there now."""
        queue = self._queues.get(user, ())
        return next((i for i, other in enumerate(queue) if other is item), len(queue))

    def put(self, user: str, item: T) -> None:
        """Append to the user's queue."""
        self._queue(user).append(item)
        self._length += 1
        self.cost += item.cost

    def put_back(self, user: str, item: T) -> None:
        """Return an item that was taken in vain: it is the user's next one, and not paid again."""
        self._queue(user).appendleft(item)
        # Before all whose meters stand equal.
        self._stand(user, self._meters[user][0] - item.cost, -1)
        self._length += 1
        self.cost += item.cost

    def remove(self, user: str, item: T) -> bool:
        """Take an item out of the user's queue; False where it is not in it."""
        queue = self._queues.get(user)
        if queue is None or not any(item is other for other in queue):
            return False
        kept = deque(other for other in queue if other is not item)
        self._length -= 1
        self.cost -= item.cost
        if kept:
            self._queues[user] = kept
        else:
            del self._queues[user], self._standing[user]
        return True

    def take(self, limit: int, max_cost: float) -> list[T]:
        """The next batch: at most `limit` items of one group that cost `max_cost` together.

        The first item is taken whatever it costs; empty when nothing waits.
        """
        batch: list[T] = []
        passed: list[Standing] = []
        spent = 0.0
        while self._order and len(batch) < limit and len(passed) < MISFITS:
            if batch and spent >= max_cost:
                break
            entry = heapq.heappop(self._order)
            served, _, user = entry
            if self._standing.get(user) is not entry:
                continue
            if not batch:
                self._now = max(self._now, served)
                item = self._queues[user][0]
            else:
                group = batch[0].group
                found = next((other for other in self._queues[user] if other.group == group), None)
                if found is None or spent + found.cost > max_cost:
                    passed.append(entry)
                    continue
                item = found
            self.remove(user, item)
            batch.append(item)
            spent += item.cost
            self._turn += 1
            self._stand(user, served + item.cost, self._turn)
        for entry in passed:
            heapq.heappush(self._order, entry)
        self._forget()
        return batch

    def _queue(self, user: str) -> deque[T]:
        if user not in self._queues:
            self._queues[user] = deque()
            served, turn = self._meters.get(user, (0.0, 0))
            # One who is not ahead of the others begins behind those who stand equal.
            self._stand(user, *((served, turn) if served > self._now else (self._now, self._turn)))
        return self._queues[user]

    def _stand(self, user: str, served: float, turn: int) -> None:
        """Set a user's meter, and with it the place among those who wait."""
        self._meters[user] = (served, turn)
        if user in self._queues:
            self._standing[user] = entry = (served, turn, user)
            heapq.heappush(self._order, entry)
            if len(self._order) > 2 * len(self._queues) + SLACK:
                self._order = list(self._standing.values())
                heapq.heapify(self._order)

    def _forget(self) -> None:
        """Drop meters that no longer mean anything, so that users who left cost no memory."""
        if not self._queues:
            # Nobody waits, so nobody is behind.
            self._now = max((served for served, _ in self._meters.values()), default=self._now)
            self._meters.clear()
            self._order.clear()
        elif len(self._meters) > self._most:
            self._meters = {
                user: meter
                for user, meter in self._meters.items()
                if user in self._queues or meter[0] > self._now
            }
            self._most = 2 * len(self._meters) + SLACK
