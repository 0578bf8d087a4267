"""Figure 11: how far the sets of recovered images are from the originals, over α at 10 dB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gensc.adapt.problem import Family
from gensc.adapt.transport import CapacityTransport
from gensc.bench.cie.adaptation import BANDWIDTH_HZ, CAPACITY, FLOOR_DB
from gensc.bench.cie.rows import Row, of
from gensc.bench.cie.system import CieSystem
from gensc.bench.cie.text_only import TextOnly
from gensc.experiment.base import Check
from gensc.experiment.baselines import jpeg2000

EXPERIMENT = "distance"
CIE, UNFILLED, JPEG2000, TEXT = (
    "GVIF-CIE",
    "not filled in (what the codec predicts)",
    "JPEG 2000, same bytes",
    "text only",
)

Photo = NDArray[np.uint8]


class SetDistance(Protocol):
    """How far two sets of images are apart."""

    @property
    def name(self) -> str:
        """For plots and rows."""

    def __call__(self, originals: Sequence[Photo], shown: Sequence[Photo]) -> float:
        """The distance; 0 for equal sets."""


@dataclass(frozen=True)
class DistancePlan:
    """How much is run.

    Attributes:
        images: photos at most.
        alphas: thresholds.
        snr_db: Es/N0 of the latencies.
    """

    images: int = 4
    alphas: Sequence[float] = (0.0, 0.1, 0.4, 0.8)
    snr_db: float = 10.0

    def steps(self, photos: int) -> int:
        """How often progress is told."""
        return min(self.images, photos) * len(self.alphas)


@dataclass(frozen=True, eq=False)
class Recovery:
    """One set of recovered images: of a scheme at a threshold.

    Attributes:
        shown: the images.
        bits: spent on each.
        gvif: of each; empty where the scheme has none.
    """

    shown: list[Photo]
    bits: list[float]
    gvif: list[float]


def operating_point(family: Family) -> int:
    """The coarsest point that meets the floor of the mask PSNR with everything sent."""
    good = [p for p, db in zip(family.points, family.mask_psnr_db[:, 0], strict=True)
            if db >= FLOOR_DB]  # fmt: skip
    return max(good, default=min(family.points))


def measure(
    system: CieSystem,
    photos: Sequence[tuple[str, Photo]],
    point: int,
    plan: DistancePlan,
    metrics: Sequence[SetDistance],
    text: TextOnly | None,
    seed: int,
    step: Callable[[str], None] = lambda note: None,
) -> list[Row]:
    """One row per metric, scheme and threshold.

    Args:
        system: with its inpainting.
        photos: name and pixels.
        point: operating point at all thresholds.
        plan: thresholds.
        metrics: distances of sets.
        text: the system that sends text alone; None leaves it out.
        seed: of inpainting and text to image.
        step: called after each image and threshold.
    """
    originals = [photo for _, photo in photos]
    sets: dict[tuple[str, float | None], Recovery] = {}
    for alpha in plan.alphas:
        for number, (name, photo) in enumerate(photos):
            sent = system.extract(photo, name, point, alpha)
            got = system.recover(sent.data, seed=seed + number)
            _add(sets, (CIE, alpha), got.image, sent.bits, sent.gvif)
            _add(sets, (UNFILLED, alpha), got.decoded, sent.bits, sent.gvif)
            data = jpeg2000.fit(photo, len(sent.data))
            shown = None if data is None else jpeg2000.decode(data)
            if shown is not None:
                _add(sets, (JPEG2000, alpha), shown, sent.bits)
            step(f"distance at alpha {alpha:g}")
    for number, (_, photo) in enumerate(photos if text is not None else ()):
        assert text is not None
        drawn, bits = text.transfer(photo, seed + number)
        _add(sets, (TEXT, None), drawn, bits)
    rate = CapacityTransport(1.0, BANDWIDTH_HZ).rate(plan.snr_db)
    return [
        {
            "experiment": EXPERIMENT,
            "scheme": scheme,
            "transport": CAPACITY,
            "snr_db": plan.snr_db,
            "level": point if scheme in (CIE, UNFILLED) else None,
            "alpha": alpha,
            "images": len(found.shown),
            "metric": metric.name,
            "distance": metric(originals, found.shown),
            "latency_ms": 1e3 * mean(found.bits) / rate,
            "gvif": mean(found.gvif) if found.gvif else None,
        }
        for metric in metrics
        for (scheme, alpha), found in sets.items()
        if len(found.shown) == len(originals)
    ]


def _add(
    sets: dict[tuple[str, float | None], Recovery],
    key: tuple[str, float | None],
    shown: Photo,
    bits: float,
    gvif: float | None = None,
) -> None:
    found = sets.setdefault(key, Recovery([], [], []))
    found.shown.append(shown)
    found.bits.append(bits)
    if gvif is not None:
        found.gvif.append(gvif)


def checks(rows: Sequence[Row]) -> Iterable[Check]:
    """Figure 11b: the distance falls where GVIF rises."""
    for metric in dict.fromkeys(r["metric"] for r in of(rows, EXPERIMENT)):
        line = sorted(
            (r["gvif"], r["distance"]) for r in of(rows, EXPERIMENT, scheme=CIE, metric=metric)
        )
        rises = int((np.diff([distance for _, distance in line]) > 0).sum())
        yield Check(
            "Figure 11b: thresholds at which the distance rises with GVIF",
            float(rises),
            "",
            "<=",
            0,
            f"{len(line)} thresholds, {metric}",
        )
