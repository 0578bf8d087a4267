"""The limits of a service."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: A user who asked within this time is expected to ask again.
RECENT_S = 1.0


def retry_after_s(work_s: float) -> float:
    """When one who is told "busy" shall ask again, of so many seconds of work that wait.

    Half of it will be done by then.
    """
    return min(max(work_s / 2, 0.01), 10.0)


@dataclass(frozen=True)
class ServiceConfig:
    """Limits of the service.

    Attributes:
        max_batch: most images in one pass of the model.
        max_batch_pixels: most pixels in one pass. Small images gain from company; large ones
            fill a core by themselves and would only wait for each other.
        min_share_pixels: idle workers share what waits, unless a share is less than this: a pass
            of the model costs the same for one small image as for several.
        max_wait_ms: how long an idle worker waits for a batch to fill up; not at all once every
            user of late has something pending.
        queue_per_user: accepted and unanswered requests of one user; one more is told "busy".
        queue_total: the same for all users together.
        cache_bytes: for images already computed; 0 keeps none.
        max_pixels: of an image; larger ones are refused.
        max_attempts: a request whose worker died so often is answered as failed. The last attempt
            it makes alone, so that a section that kills workers takes no other with it.
        restart_wait_s: before a worker that could not be started is tried again; doubles.
        max_restarts: failed starts in a row after which a worker is given up.
    """

    max_batch: int = 32
    max_batch_pixels: int = 1 << 17
    min_share_pixels: int = 1 << 13
    max_wait_ms: float = 2.0
    queue_per_user: int = 64
    queue_total: int = 4096
    cache_bytes: int = 256 << 20
    max_pixels: int = 1 << 22
    max_attempts: int = 3
    restart_wait_s: float = 0.5
    max_restarts: int = 5

    def __post_init__(self) -> None:
        for name in (
            "max_batch",
            "max_batch_pixels",
            "min_share_pixels",
            "queue_per_user",
            "queue_total",
            "max_pixels",
            "max_attempts",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if min(self.max_wait_ms, self.cache_bytes, self.restart_wait_s, self.max_restarts) < 0:
            raise ValueError("times, cache_bytes and max_restarts must not be negative")

    def share(self, waiting: int, cost: float, free: int) -> int:
        """Images for one of `free` idle workers: equal shares of what waits, if worth it.

        Args:
            waiting: images that wait, and their `cost` in pixels.
            free: idle workers, at least this one.
        """
        if not waiting:
            return 0
        worth = math.ceil(self.min_share_pixels * waiting / cost)
        return min(max(math.ceil(waiting / free), worth), self.max_batch)
