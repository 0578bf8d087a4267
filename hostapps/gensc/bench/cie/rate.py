"""Rate and distortion of the codec bank beside JPEG, JPEG 2000 and WebP: real bytes, real pixels.

JPEG 2000 gets, image by image and point by point, the bytes that the bank has used, so that both
spread their bits over the images alike; the two others run through their qualities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.bench.cie.rows import Row, of
from gensc.data.images import fit
from gensc.experiment.base import Check
from gensc.experiment.baselines import jpeg, jpeg2000, modern

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

EXPERIMENT, TIMING = "rate-distortion", "codec time"
BANK, JPEG, JPEG2000, WEBP = "hyperprior", "jpeg", "jpeg2000", "webp"
#: Balle et al. 2018, optimised for MSE, on the 24 images of Kodak: bits per pixel, PSNR in dB.
PUBLISHED = (
    (0.131, 27.58), (0.209, 29.20), (0.320, 30.97), (0.478, 32.84),
    (0.669, 34.53), (0.939, 36.74), (1.259, 38.58), (1.660, 40.56),
)  # fmt: skip
#: Of those the two that are aimed at.
AIMS = ((0.32, 31.0), (0.67, 34.5))
SIZES = ((256, 256), (512, 768))

Photo = NDArray[np.uint8]


@dataclass(frozen=True)
class RatePlan:
    """How much is run.

    Attributes:
        images: photos at most.
        points: operating points of the bank.
        jpeg, webp: qualities.
        repeats: runs of which each time is the median; its operating point is `timed_point`.
    """

    images: int = 10
    points: Sequence[int] = (1, 4, 7, 10, 13, 16, 19)
    jpeg: Sequence[int] = (2, 5, 10, 25, 50, 75, 90)
    webp: Sequence[int] = (0, 10, 35, 70, 85, 95)
    repeats: int = 5
    timed_point: int = 10


def measure(
    bank: HyperpriorCodec,
    photos: Sequence[Photo],
    plan: RatePlan,
    step: Callable[[str], None] = lambda note: None,
) -> list[Row]:
    """One row per scheme and level: means over the photos.

    Args:
        bank: the codec.
        photos: uint8 H×W×3.
        plan: levels.
        step: called after each photo.
    """
    found: dict[tuple[str, int], list[Row]] = {}
    for number, photo in enumerate(photos, 1):
        for scheme, level, row in _levels(bank, photo, plan):
            found.setdefault((scheme, level), []).append(row)
        step(f"rate and distortion of photo {number}")
    return [
        {
            "experiment": EXPERIMENT,
            "scheme": scheme,
            "level": level,
            "images": len(rows),
            **{key: mean(row[key] for row in rows) for key in rows[0]},
        }
        for (scheme, level), rows in sorted(found.items())
    ]


def _levels(bank: HyperpriorCodec, photo: Photo, plan: RatePlan) -> Iterable[tuple[str, int, Row]]:
    """Scheme, level, and the figures of one photo there."""
    for point in plan.points:
        sent = bank.encode(photo, point)
        likelihood = bank.estimate_bits(photo, point).total
        row = _figures(photo, sent.data, bank.decode(sent.data).image)
        yield BANK, point, row | {"excess": sent.bits.total / likelihood - 1.0}
        data = jpeg2000.encode(photo, len(sent.data))
        yield JPEG2000, point, _figures(photo, data, jpeg2000.decode(data))
    for quality in plan.jpeg:
        data = jpeg.encode(photo, quality)
        yield JPEG, quality, _figures(photo, data, jpeg.decode(data, *photo.shape[:2]))
    for quality in plan.webp:
        data = modern.encode(WEBP, photo, quality)
        yield WEBP, quality, _figures(photo, data, modern.decode(WEBP, data))


def _figures(photo: Photo, data: bytes, decoded: Photo | None) -> Row:
    from gensc_models.metrics.fidelity import psnr

    assert decoded is not None
    pixels = photo.shape[0] * photo.shape[1]
    return {"bpp": 8.0 * len(data) / pixels, "psnr": psnr(photo, decoded)}


def times(bank: HyperpriorCodec, photo: Photo, plan: RatePlan) -> list[Row]:
    """One row per size of `SIZES`: milliseconds of encoder and decoder, medians."""
    import torch

    from gensc_models.codecs.bank.rate_distortion import evaluate

    rows = []
    for height, width in SIZES:
        shown = fit(photo, height, width)
        runs = [evaluate(bank, [shown], [plan.timed_point])[0] for _ in range(plan.repeats + 1)][1:]
        rows.append(
            {
                "experiment": TIMING,
                "scheme": BANK,
                "size": f"{height}x{width}",
                "level": plan.timed_point,
                "threads": torch.get_num_threads(),
                "encode_ms": median(r.encode_ms for r in runs),
                "decode_ms": median(r.decode_ms for r in runs),
            }
        )
    return rows


def curve(rows: Sequence[Row], scheme: str) -> list[tuple[float, float]]:
    """Bits per pixel and PSNR of a scheme, rising."""
    return sorted((r["bpp"], r["psnr"]) for r in of(rows, EXPERIMENT, scheme=scheme))


def psnr_at(points: Sequence[tuple[float, float]], bpp: float) -> float:
    """PSNR of a curve at that many bits per pixel, linear in their logarithm; NaN outside it."""
    if not points or not points[0][0] <= bpp <= points[-1][0]:
        return math.nan
    rates, quality = zip(*points, strict=True)
    return float(np.interp(math.log(bpp), np.log(rates), quality))


def leads(rows: Sequence[Row]) -> dict[int, float]:
    """By how many dB the bank leads JPEG 2000 at the same bytes, by operating point."""
    theirs = {r["level"]: r["psnr"] for r in of(rows, EXPERIMENT, scheme=JPEG2000)}
    ours = of(rows, EXPERIMENT, scheme=BANK)
    return {r["level"]: r["psnr"] - theirs[r["level"]] for r in ours}


def checks(rows: Sequence[Row], images: str) -> Iterable[Check]:
    """The first line of the acceptance list."""
    yield Check(
        "codec bank over JPEG 2000 at the same bytes, least lead over the operating points",
        min(leads(rows).values(), default=math.nan),
        "dB",
        ">=",
        0.0,
        f"real bytes, {images}",
    )
    ours = curve(rows, BANK)
    for bpp, aim in AIMS:
        yield Check(
            f"codec bank at {bpp:g} bit per pixel, PSNR",
            psnr_at(ours, bpp),
            "dB",
            ">=",
            aim,
            f"published hyperprior on Kodak; here {images}",
        )
    excess = [100 * abs(r["excess"]) for r in of(rows, EXPERIMENT, scheme=BANK)]
    yield Check(
        "measured bits against the likelihood's, largest difference",
        max(excess, default=math.nan),
        "%",
        "<=",
        1.0,
        "whole containers, mean over the images of every point",
    )
