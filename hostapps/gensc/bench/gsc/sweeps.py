"""The sweeps: CIFAR-10 and photos over torch, several users, and both through GNU Radio."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gensc.bench.gsc.schemes import SOFTCAST, Systems
from gensc.experiment.grid import PER_BLOCK, Grid, Outcome, Score, run
from gensc.experiment.means import means
from gensc.experiment.rows import Row
from gensc.experiment.scheme import Photo, Picture
from gensc.experiment.ways import Way, load_way
from gensc.experiment.ways.uplink import UplinkWay
from gensc.results.result import Result
from gensc_phy.mimo.equalise import SEPARATIONS

if TYPE_CHECKING:
    from gensc_models.metrics.lpips import Distance

CIFAR, PHOTOS, MU = "cifar", "photos", "mu"
FLOWGRAPH, MU_FLOWGRAPH = "flowgraph", "mu flowgraph"
CHANNELS = ("awgn", "rayleigh")
USERS = 3
#: Pictures in one pass of a network, a multiple of the users.
BATCH = 99
#: Pictures on which JPEG tries its margins.
TRIAL = 2 * BATCH
#: Mean squared error below which an image counts as exact: that of rounding to 8 bits. Without a
#: floor one image that comes back exactly would make the mean PSNR infinite.
EXACT_MSE = 1.0 / 12.0
METRICS = ("psnr", "mse", "ms_ssim", "lpips")
POINT = ("scheme", "channel", "rate", "snr_db")
Step = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is run; rates are channel symbols per 16×16 block, 128 is CBR 1/6.

    Attributes:
        images, snrs_db, rate: of CIFAR-10.
        user_images, user_snrs_db: shared out among the users.
        air_images, air_snrs_db: through GNU Radio.
        slots, slot_snrs_db: of three users' images each, through GNU Radio.
        photos, side, cases, photo_snrs_db: photos of side×side at (channel, rate) of the cases.
        timings: repetitions of each time that is taken.
        seed: of all channels and noise.
    """

    images: int = 2000
    snrs_db: Sequence[float] = (0, 1, 3, 4, 5, 7, 10, 13, 15)
    rate: int = 128
    user_images: int = 600
    user_snrs_db: Sequence[float] = (0, 3, 7, 10, 13, 15)
    air_images: int = 32
    air_snrs_db: Sequence[float] = (0, 4, 7, 10, 15)
    slots: int = 10
    slot_snrs_db: Sequence[float] = (5, 15)
    photos: int = 24
    side: int = 256
    cases: Collection[tuple[str, int]] = (("awgn", 32), ("awgn", 64), ("rayleigh", 32))
    photo_snrs_db: Sequence[float] = (0, 5, 10, 15)
    timings: int = 30
    seed: int = 1

    def steps(self, images: int, photos: int) -> int:
        """Steps of progress: pictures in all sweeps."""
        small = min(images, TRIAL) + images + 3 * (min(self.user_images, images) // USERS * USERS)
        air = min(self.air_images, images) + 2 * (min(USERS * self.slots, images) // USERS * USERS)
        return photos + (small + air if images else 0)


def scored_by(perceptual: Distance | None) -> Score:
    """PSNR with its mean squared error, MS-SSIM and LPIPS of many pictures of one size at once."""
    from gensc_models.metrics.fidelity import mse_each, reduced_ms_ssim_each

    def scored(
        pictures: Sequence[Picture], images: Sequence[Photo], wanted: Collection[str]
    ) -> list[tuple[dict[str, float], dict[str, str]]]:
        originals, shown = np.stack([p.pixels for p in pictures]), np.stack(images)
        mse = np.maximum(mse_each(originals, shown), EXACT_MSE)
        values = {"psnr": 10 * np.log10(255.0**2 / mse), "mse": mse}
        if "ms_ssim" in wanted:
            values["ms_ssim"] = reduced_ms_ssim_each(originals, shown)
        if "lpips" in wanted and perceptual is not None:
            values["lpips"] = perceptual(originals, shown)
        return [({k: float(v[i]) for k, v in values.items()}, {}) for i in range(len(pictures))]

    return scored


def swept(
    grid: Grid, pictures: Sequence[Picture], way: Way, step: Step, lines: list[Result] | None = None
) -> list[Row]:
    """The rows of a grid, with no more than is averaged: there may be hundreds of thousands."""
    found: list[tuple[tuple[int, int], Row]] = []

    def emit(o: Outcome) -> None:
        row: Row = {
            "image": o.picture.name,
            "scheme": o.point.scheme,
            "setting": o.point.setting,
            "channel": o.point.channel,
            "rate": o.point.rate,
            "cbr": o.point.rate / PER_BLOCK,
            "snr_db": o.point.snr_db,
            "snr_measured_db": o.carried.snr_db,
            "received": o.shown,
            "symbols": o.sent.symbols.as_dict() if o.sent else {},
            "mcs": o.sent.facts.get("mcs") if o.sent else None,
            **o.metrics,
        }
        if o.beside and o.shown:
            row["psnr_torch"] = o.beside["psnr"]
            row["difference"] = row["psnr"] - row["psnr_torch"]
        found.append((o.order, row))
        if lines is not None:
            lines.append(o.result(way))

    run(grid, pictures, way, emit, step=step)
    return [row for _, row in sorted(found, key=lambda f: f[0])]


def quality(rows: Iterable[Row], experiment: str, by: Sequence[str] = POINT) -> list[Row]:
    """Means over the pictures, with PSNR of the mean squared error: what DeepJSCC's authors say."""
    points = means(rows, METRICS, by, keep=("mcs",))
    for point in points:
        point["psnr_of_mean_mse"] = float(10 * np.log10(255.0**2 / point["mse"]))
        point["failed"] = point["lost"]
    return [{"experiment": experiment} | point for point in points]


def cifar(
    pictures: Sequence[Picture], systems: Systems, plan: Plan, score: Score, step: Step
) -> list[Row]:
    """Figures 4 and 5, one user.

    The digital sender knows the mean SNR. Which margin is best on average there it knows from
    trying all on the first pictures: the benefit of the doubt is the baseline's.
    """
    place = (CHANNELS, (plan.rate,), plan.snrs_db, (plan.seed,))
    way = load_way("torch")
    trial = Grid(systems.digital, *place, batch=BATCH, score=score)
    tried = means(swept(trial, pictures[:TRIAL], way, step), ("psnr",), POINT)
    best = {(p["scheme"], p["channel"], p["snr_db"]): p["setting"] for p in tried}
    grid = Grid(
        [*systems.found.values(), *systems.digital],
        *place,
        metrics=METRICS,
        wanted=lambda p: best.get((p.scheme, p.channel, p.snr_db), p.setting) == p.setting,
        batch=BATCH,
        score=score,
    )
    return quality(swept(grid, pictures, way, step), CIFAR)


def photos(
    pictures: Sequence[Picture], systems: Systems, plan: Plan, score: Score, step: Step
) -> list[Row]:
    """The same comparison on photos; JPEG as the ordinary file."""
    grid = Grid(
        [*systems.found.values(), *systems.digital],
        tuple(dict.fromkeys(channel for channel, _ in plan.cases)),
        sorted({rate for _, rate in plan.cases}),
        plan.photo_snrs_db,
        (plan.seed,),
        METRICS,
        wanted=lambda p: (p.channel, p.rate) in plan.cases,
        score=score,
    )
    return quality(swept(grid, pictures, load_way("torch"), step), PHOTOS)


def users(
    pictures: Sequence[Picture], systems: Systems, plan: Plan, score: Score, step: Step
) -> tuple[list[Row], list[Row]]:
    """Figures 4 and 5, three users and as many antennas: points of every user, and of all.

    Every slot carries one image of every user; images are dealt out in turn. Over `awgn` the users
    do not meet, over `rayleigh` every slot has a matrix of its own.
    """
    learned = [s for name, s in systems.found.items() if name != SOFTCAST]
    pictures = _dealt(pictures[: plan.user_images])
    rows = []
    ways: list[tuple[Way, str, str]] = [(load_way("torch"), "awgn", "mmse")]
    ways += [(UplinkWay("torch", separation), "rayleigh", separation) for separation in SEPARATIONS]
    for way, channel, separation in ways:
        grid = Grid(
            learned or list(systems.found.values()),
            (channel,),
            (plan.rate,),
            plan.user_snrs_db,
            (plan.seed,),
            METRICS,
            batch=BATCH,
            score=score,
        )
        rows += [row | {"separation": separation} for row in swept(grid, pictures, way, step)]
    user = {p.name: number % USERS for number, p in enumerate(pictures)}
    rows = [row | {"user": user[row["image"]]} for row in rows]
    by = (*POINT, "separation")
    return quality(rows, MU, (*by, "user")), quality(rows, MU, by)


def _dealt(pictures: Sequence[Picture]) -> Sequence[Picture]:
    """As many pictures as fill slots of all users."""
    return pictures[: len(pictures) // USERS * USERS]


def through_gnuradio(
    pictures: Sequence[Picture],
    systems: Systems,
    plan: Plan,
    score: Score,
    step: Step,
    lines: list[Result],
) -> list[Row]:
    """GSC and NGF through GNU Radio, beside the torch-only channel at the SNR measured.

    The receiver estimates its channel from the bursts; the torch channel is AWGN of the SNR that it
    measured for the very image behind its equaliser, so that the comparison is as fair over
    `rayleigh` as over `awgn`.
    """
    way = load_way("flowgraph")
    place = ((plan.rate,), plan.air_snrs_db, (plan.seed,))
    grid = Grid(systems.refined(), CHANNELS, *place, score=score, beside=True)
    rows = [
        row | {"experiment": FLOWGRAPH}
        for row in swept(grid, pictures[: plan.air_images], way, step, lines)
    ]
    slots = _dealt(pictures[: USERS * plan.slots])
    place = ((plan.rate,), plan.slot_snrs_db, (plan.seed,))
    grid = Grid(systems.refined(), ("rayleigh",), *place, batch=USERS, score=score, beside=True)
    for separation in SEPARATIONS:
        named = {"experiment": MU_FLOWGRAPH, "separation": separation}
        rows += [
            row | named for row in swept(grid, slots, UplinkWay("flowgraph", separation), step)
        ]
    for row in rows:
        row["psnr"] = row["psnr"] if row["received"] else None
    metrics = ("snr_measured_db", "psnr", "psnr_torch", "difference")
    return means(rows, metrics, ("experiment", *POINT, "separation"))
