"""The codec bank by itself: rate and distortion beside other codecs, times, damaged streams.

JPEG 2000 gets, image by image and point by point, the bytes that the bank has used, so that both
spread their bits over the images alike; the two others run through their qualities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gensc.adapt.bank import Photo
from gensc.bench.cie.plan import Photos, Plan, Row
from gensc.data.images import fit
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.baselines import jpeg, jpeg2000, modern
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.means import lead, means
from gensc.experiment.rows import of
from gensc.experiment.tables import Listing, columns, listed

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

EXPERIMENT, TIMING = "rate-distortion", "codec time"
BANK, JPEG, JPEG2000, WEBP = "hyperprior", "jpeg", "jpeg2000", "webp"
KODAK = "published hyperprior, on Kodak (other images)"
#: Curves in their order, as the figure says them.
CURVES = {
    BANK: "codec bank (ours)",
    JPEG2000: "JPEG 2000, same bytes",
    WEBP: "WebP",
    JPEG: "JPEG 4:2:0",
    KODAK: KODAK,
}
#: Balle et al. 2018, optimised for MSE, on the 24 images of Kodak: bits per pixel, PSNR in dB.
PUBLISHED = (
    (0.131, 27.58), (0.209, 29.20), (0.320, 30.97), (0.478, 32.84),
    (0.669, 34.53), (0.939, 36.74), (1.259, 38.58), (1.660, 40.56),
)  # fmt: skip
#: Of those the two that are aimed at.
AIMS = ((0.32, 31.0), (0.67, 34.5))
#: Of the times: sizes of the image, and the operating point.
SIZES, TIMED_POINT = ((256, 256), (512, 768)), 10
#: No damaged stream of the small images should take longer, or memory grow by more over all.
SLOWEST_MS, GROWN_MIB = 2000.0, 64.0
SAME_BYTES = columns("level bpp psnr jpeg2000 excess_percent", level="point", bpp="bit/pixel",
                     jpeg2000="JPEG 2000", excess_percent="over the likelihood %")  # fmt: skip
TIMES = Listing("Codec, one image, CPU", columns("size threads encode_ms decode_ms"), digits=0)


def run(
    bank: HyperpriorCodec, photos: Photos, plan: Plan, images: str, step: Callable[[str], None]
) -> BenchResult:
    """Means over the photos, which are `images` in words, and times of the first one."""
    found: list[Row] = []
    for name, photo in photos:
        found += [row | {"image": name} for row in _levels(bank, photo, plan)]
        step(f"rate and distortion of {name}")
    points = means(found, ("bpp", "psnr", "excess"), ("scheme", "level"))
    points = [{"experiment": EXPERIMENT} | row for row in points]
    timed = list(_times(bank, photos[0][1], plan))
    ours, theirs = of(points, scheme=BANK), of(points, scheme=JPEG2000)
    beside = [
        mine | {"jpeg2000": its["psnr"], "excess_percent": 100 * mine["excess"]}
        for mine, its in zip(ours, theirs, strict=True)
    ]
    title = f"Codec bank and JPEG 2000 at the same bytes, {images}"
    tables = listed([Listing(title, SAME_BYTES)], beside) + listed([TIMES], timed)
    # As far as the bank reaches.
    most = 1.05 * max(r["bpp"] for r in ours)
    shown = [r["psnr"] for r in points if r["bpp"] <= most]
    figure = Figure(
        "rate_distortion", "bpp", "psnr", title=f"Rate and distortion, real bytes, {images}",
        names=tuple(CURVES), labels={**CURVES, "bpp": "bits per pixel"}, interval=False,
        limits={"bpp": (0, most), "psnr": (min(shown) - 1, max(shown) + 1)}, width=7.0, height=4.8,
    )  # fmt: skip
    published = [{"scheme": KODAK, "bpp": bpp, "psnr": psnr} for bpp, psnr in PUBLISHED]
    drawn = draw_all([figure], [*points, *published])
    settings = {"rate images": [name for name, _ in photos]}
    return BenchResult(EXPERIMENT, [*points, *timed], list(checks(points, images)), tables, drawn,
                       settings=settings)  # fmt: skip


def _levels(bank: HyperpriorCodec, photo: Photo, plan: Plan) -> Iterable[Row]:
    """Every scheme at every level."""
    for point in plan.rate_points:
        sent = bank.encode(photo, point)
        likelihood = bank.estimate_bits(photo, point).total
        row = _row(BANK, point, photo, sent.data, bank.decode(sent.data).image)
        yield row | {"excess": sent.bits.total / likelihood - 1.0}
        data = jpeg2000.encode(photo, len(sent.data))
        yield _row(JPEG2000, point, photo, data, jpeg2000.decode(data))
    for quality in plan.jpeg:
        data = jpeg.encode(photo, quality)
        yield _row(JPEG, quality, photo, data, jpeg.decode(data, *photo.shape[:2]))
    for quality in plan.webp:
        data = modern.encode(WEBP, photo, quality)
        yield _row(WEBP, quality, photo, data, modern.decode(WEBP, data))


def _row(scheme: str, level: int, photo: Photo, data: bytes, decoded: Photo | None) -> Row:
    from gensc_models.metrics.fidelity import psnr

    assert decoded is not None
    bpp = 8.0 * len(data) / (photo.shape[0] * photo.shape[1])
    return {"scheme": scheme, "level": level, "bpp": bpp, "psnr": psnr(photo, decoded)}


def _times(bank: HyperpriorCodec, photo: Photo, plan: Plan) -> Iterable[Row]:
    """One row per size of `SIZES`: milliseconds of encoder and decoder."""
    import torch

    from gensc_models.codecs.bank.rate_distortion import times

    for height, width in SIZES:
        encode_ms, decode_ms = times(bank, fit(photo, height, width), TIMED_POINT, plan.repeats)
        yield {"experiment": TIMING, "scheme": BANK, "size": f"{height}x{width}",
               "level": TIMED_POINT, "threads": torch.get_num_threads(), "encode_ms": encode_ms,
               "decode_ms": decode_ms}  # fmt: skip


def psnr_at(points: Sequence[tuple[float, float]], bpp: float) -> float:
    """PSNR of a curve at that many bits per pixel, linear in their logarithm; NaN outside it."""
    rates, quality = np.log([r for r, _ in points]), [q for _, q in points]
    return float(np.interp(math.log(bpp), rates, quality, math.nan, math.nan))


def checks(rows: Sequence[Row], images: str) -> Iterable[Check]:
    """The first line of the acceptance list."""
    ours, leads = of(rows, scheme=BANK), lead(rows, BANK, JPEG2000, by=("level",)).values()
    name = "codec bank over JPEG 2000 at the same bytes, least lead over the operating points"
    yield Check.worst(name, leads, "dB", ">=", 0.0, f"real bytes, {images}")
    curve = sorted((r["bpp"], r["psnr"]) for r in ours)
    for bpp, aim in AIMS:
        yield Check(f"codec bank at {bpp:g} bit per pixel, PSNR", psnr_at(curve, bpp), "dB", ">=",
                    aim, f"published hyperprior on Kodak; here {images}")  # fmt: skip
    name = "measured bits against the likelihood's, largest difference"
    excess = [100 * r["excess"] for r in ours]
    where = "whole containers, mean over the images of every point"
    yield Check.worst(name, excess, "%", "<=", 1.0, where)


def damaged(bank: HyperpriorCodec, count: int, seed: int) -> BenchResult:
    """One row: outcomes of `count` damaged streams, or the error that ended it."""
    from gensc_models.codecs.bank.fuzz import fuzz

    row: Row = {"experiment": "fuzz", "streams": count, "survived": 0}
    told = ""
    try:
        result = fuzz(bank, count, seed)
        told = ", ".join(f"{n} {name}" for name, n in sorted(result.outcomes.items()))
        row |= {"survived": sum(result.outcomes.values()), **result.outcomes,
                "slowest_ms": 1e3 * result.slowest, "grown_mib": result.grown_mib}  # fmt: skip
    # Whatever it is: a stream that ends in any other error than the codec's own is a crash.
    except Exception as error:
        told = row["crash"] = f"{type(error).__name__}: {error}"
    checks = [
        Check("damaged containers and masks without a crash", row["survived"], "", ">=", 10_000,
              told),
        Check("slowest of them", row.get("slowest_ms", math.nan), "ms", "<=", SLOWEST_MS,
              "no hang; images of at most 128×128 pixels"),
        Check("growth of memory over all of them", row.get("grown_mib", math.nan), "MiB", "<=",
              GROWN_MIB, "bounded memory"),
    ]  # fmt: skip
    return BenchResult("fuzz", [row], checks)
