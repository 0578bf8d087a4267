"""How much of GVIF-CIE is run, and what its experiments share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gensc.adapt.bank import Photo
from gensc.adapt.problem import Family
from gensc.adapt.system import CieSystem
from gensc.experiment.schemes.generative import Generative

Row = dict[str, Any]
Photos = list[tuple[str, Photo]]


@dataclass(frozen=True)
class Plan:
    """How much is run; numbers of images are the most that are taken.

    Attributes:
        seed: of everything.
        side: photos are scaled to the area of side×side, which in the paper all images have; but
            for rate and distortion.
        rate_images, rate_points: of rate and distortion, with operating points of the bank.
        jpeg, webp: qualities.
        repeats: runs of which each time is the median.
        images, points, alphas: of what is adapted, with operating points and thresholds.
        limits_s: latency limits of Figure 9b.
        link_images, link_snrs_db: over the burst waveform.
        pictures: those that Figure 10 shows.
        inpainted, inpainted_alphas: photos whose holes are filled in, each at all thresholds.
        distance_images, distance_alphas: Figure 11.
        maps: GVIF maps.
        fuzzed: damaged streams.
    """

    seed: int = 1
    side: int = 512
    rate_images: int = 10
    rate_points: Sequence[int] = (1, 4, 7, 10, 13, 16, 19)
    jpeg: Sequence[int] = (2, 5, 10, 25, 50, 75, 90)
    webp: Sequence[int] = (0, 10, 35, 70, 85, 95)
    repeats: int = 5
    images: int = 3
    points: Sequence[int] = (1, 5, 8, 11, 13, 15, 18)
    alphas: Sequence[float] = (0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
    limits_s: Sequence[float] = (0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08)
    link_images: int = 2
    link_snrs_db: Sequence[float] = (-0.5, 3, 6, 9, 12, 16, 20)
    pictures: int = 2
    inpainted: int = 3
    inpainted_alphas: Sequence[float] = (0.2, 0.4, 0.6)
    distance_images: int = 4
    distance_alphas: Sequence[float] = (0.0, 0.1, 0.4, 0.8)
    maps: int = 3
    fuzzed: int = 10_000

    def steps(self, photos: int) -> int:
        """How often progress is told, of so many photos."""
        rate, adapted, distance = (
            min(n, photos) for n in (self.rate_images, self.images, self.distance_images)
        )
        inpainted = min(self.inpainted, adapted) * len(self.inpainted_alphas)
        choices = adapted * (len(self.points) + 1) + len(self.link_snrs_db)
        return rate + choices + inpainted + distance * len(self.distance_alphas) + 1


QUICK = Plan(
    side=256, rate_images=1, rate_points=(4, 10, 16), jpeg=(10, 50, 90), webp=(10, 60, 90),
    repeats=1, images=1, points=(1, 7, 13, 19), alphas=(0, 0.1, 0.5, 0.95),
    limits_s=(0.01, 0.02, 0.06), link_images=1, link_snrs_db=(5, 17), pictures=1, inpainted=1,
    inpainted_alphas=(0.4,), distance_images=1, distance_alphas=(0.0, 0.5), maps=1, fuzzed=300,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Work:
    """What the experiments are told.

    Attributes:
        plan: how much is run.
        system: the two ends, with inpainting.
        family: what the bank does to `photos`, in their order.
        photos: name and pixels of what is adapted.
        text: the system that sends text alone; None leaves it out.
        step: called after each step of `Plan.steps`.
    """

    plan: Plan
    system: CieSystem
    family: Family
    photos: Photos
    text: Generative | None
    step: Callable[[str], None]
