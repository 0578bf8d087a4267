"""What a simulated service is told and what it tells: stages, scenario, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Stages:
    """Processor time of the stages, seconds.

    Attributes:
        request: of the front, to take a request on or to turn it away.
        answer: of the front, for an image from the replica to the user.
        passes: of a replica, for batches of `passes[i][0]` images; between them it is interpolated.
    """

    request: float
    answer: float
    passes: tuple[tuple[int, float], ...]

    def decode(self, images: int) -> float:
        """Seconds of a pass with so many images; beyond the largest measured in proportion."""
        sizes, seconds = zip(*self.passes, strict=True)
        if images > sizes[-1]:
            return float(seconds[-1] * images / sizes[-1])
        return float(np.interp(images, sizes, seconds))


@dataclass(frozen=True)
class Scenario:
    """Who asks, and what there is to serve them.

    Attributes:
        users: each with one image under way at a time.
        think_s: mean time from having an image to asking for the next, exponential; 0 asks at once.
        replicas: of the codec.
        pixels: of an image.
        seconds: simulated; those who still wait at the end count with what they have waited.
        cores: that front, clients and replicas share; None where each has one of its own.
        floods: further users who keep `at_a_time` images under way and never think.
    """

    users: int
    think_s: float
    replicas: int
    pixels: int
    seconds: float
    cores: float | None = None
    floods: int = 0
    at_a_time: int = 64


@dataclass
class Outcome:
    """What users and operator see; latencies are those of the users who do not flood.

    Attributes:
        seconds: simulated.
        images: answered, to all.
        latency_s: of every image, from asking for it first, being told busy included.
        batches: passes of the codec.
        busy: requests told to come back later.
        front_s, replica_s: time that the front, and all replicas together, had work.
        fairness: Jain's index of what share of the images that a user asked for it has, over all
            users who asked: 1 where all fare alike, 1/n where one of n has everything.
    """

    seconds: float
    images: int = 0
    latency_s: list[float] = field(default_factory=list)
    batches: int = 0
    busy: int = 0
    front_s: float = 0.0
    replica_s: float = 0.0
    fairness: float = 1.0

    @property
    def images_per_s(self) -> float:
        """Throughput."""
        return self.images / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Latency that so many per cent of the images stay within."""
        return 1e3 * float(np.percentile(self.latency_s, percent)) if self.latency_s else 0.0


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index (Jain, Chiu and Hawe, 1984), (Σx)² / (n Σx²); 1 of nothing at all."""
    x = np.asarray(shares, np.float64)
    square = float((x**2).sum())
    return float(x.sum() ** 2 / (x.size * square)) if square else 1.0
