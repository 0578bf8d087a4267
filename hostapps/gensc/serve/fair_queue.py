"""A queue that serves its users in turn, each turn weighted by what it costs.

Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): every user has a meter of the cost
served so far and the user with the lowest meter is next; one who comes (back) starts at the
meter of the user now being served, so that idling earns no credit. With equal costs this is
round robin. A batch is led by the user whose turn it is and filled up with what fits to it from
the others, in the same order; those pay for it, so their own turn comes later.
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


class FairQueue(Generic[T]):
    """Items of many users; `len()` counts them all.

    Attributes:
        cost: of all items together.
    """

    def __init__(self) -> None:
        self._queues: dict[str, deque[T]] = {}
        # (cost served, turn when last served): the order of service.
        self._meters: dict[str, tuple[float, int]] = {}
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
        self._meters[user] = (self._meters[user][0] - item.cost, -1)
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
            del self._queues[user]
        return True

    def take(self, limit: int, max_cost: float) -> list[T]:
        """The next batch: at most `limit` items of one group that cost `max_cost` together.

        The first item is taken whatever it costs; empty when nothing waits.
        """
        order = [(*self._meters[user], user) for user in self._queues]
        heapq.heapify(order)
        batch: list[T] = []
        spent = 0.0
        while order and len(batch) < limit:
            served, _, user = heapq.heappop(order)
            queue = self._queues[user]
            if not batch:
                self._now = max(self._now, served)
                item = queue[0]
            else:
                group = batch[0].group
                found = next((other for other in queue if other.group == group), None)
                if found is None or spent + found.cost > max_cost:
                    continue
                item = found
            self.remove(user, item)
            batch.append(item)
            spent += item.cost
            self._turn += 1
            self._meters[user] = (served + item.cost, self._turn)
            if user in self._queues:
                heapq.heappush(order, (*self._meters[user], user))
        self._forget_idle()
        return batch

    def _queue(self, user: str) -> deque[T]:
        if user not in self._queues:
            self._queues[user] = deque()
            served, turn = self._meters.get(user, (0.0, self._turn))
            self._meters[user] = (max(served, self._now), turn)
        return self._queues[user]

    def _forget_idle(self) -> None:
        """Drop meters that no longer mean anything, so that users who left cost no memory."""
        if not self._queues:
            # Nobody waits, so nobody is behind.
            self._now = max((served for served, _ in self._meters.values()), default=0.0)
        self._meters = {
            user: meter
            for user, meter in self._meters.items()
            if user in self._queues or meter[0] > self._now
        }
