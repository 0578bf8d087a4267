"""The sweeps: CIFAR-10 and photos over torch, several users, and both through GNU Radio."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.bench.gsc.schemes import SOFTCAST, Systems
from gensc.experiment.figures import CHANNELS as SAID
from gensc.experiment.figures import ratio
from gensc.experiment.grid import PER_BLOCK, Grid, Score
from gensc.experiment.means import means
from gensc.experiment.rows import Row, measured
from gensc.experiment.scheme import Photo, Picture, Scheme
from gensc.experiment.ways import Way, load_way
from gensc.experiment.ways.uplink import UplinkWay
from gensc_phy.mimo.equalise import SEPARATIONS

if TYPE_CHECKING:
    from gensc_models.metrics.lpips import Distance

CIFAR, PHOTOS, MU, ALL_USERS = "cifar", "photos", "mu", "mu, all users"
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
METRICS = ("psnr", "ms_ssim", "lpips")
POINT = ("scheme", "channel", "rate", "snr_db")
#: Kept of the rows: there may be hundreds of thousands.
COLUMNS = ("image", *POINT, "setting", "received", "symbols", "mcs", *METRICS)


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
    """PSNR, MS-SSIM and LPIPS of many pictures of one size at once."""
    from gensc_models.metrics.fidelity import mse_each, reduced_ms_ssim_each

    def scored(
        pictures: Sequence[Picture], images: Sequence[Photo], wanted: Collection[str]
    ) -> list[tuple[dict[str, float], dict[str, str]]]:
        originals, shown = np.stack([p.pixels for p in pictures]), np.stack(images)
        mse = np.maximum(mse_each(originals, shown), EXACT_MSE)
        values = {"psnr": 10 * np.log10(255.0**2 / mse)}
        if "ms_ssim" in wanted:
            values["ms_ssim"] = reduced_ms_ssim_each(originals, shown)
        if "lpips" in wanted and perceptual is not None:
            values["lpips"] = perceptual(originals, shown)
        return [({k: float(v[i]) for k, v in values.items()}, {}) for i in range(len(pictures))]

    return scored


def quality(rows: Iterable[Row], experiment: str, by: Sequence[str] = POINT) -> list[Row]:
    """Means over the pictures, with PSNR of the mean squared error: what DeepJSCC's authors say."""
    errors = (row | {"mse": 255.0**2 / 10 ** (row["psnr"] / 10)} for row in rows)
    return [
        {"experiment": experiment} | point | {
            "psnr_of_mean_mse": 10 * math.log10(255.0**2 / point["mse"]),
            "cbr": point["rate"] / PER_BLOCK, "failed": point["lost"],
            "place": f"{SAID[point['channel']]}, bandwidth ratio {ratio(point['rate'])}",
        }
        for point in means(errors, (*METRICS, "mse"), by, keep=("mcs",))
    ]  # fmt: skip


@dataclass(frozen=True)
class Sweeps:
    """All of them.

    Attributes:
        plan: how much is run.
        score: of pictures.
        step: told of every picture that is finished.
    """

    plan: Plan
    score: Score
    step: Callable[[str], None] = lambda note: None

    def rows(
        self,
        schemes: Sequence[Scheme],
        pictures: Sequence[Picture],
        way: Way,
        place: tuple[Sequence[str], Sequence[int], Sequence[float]],
        columns: Sequence[str] = COLUMNS,
        **more: Any,
    ) -> list[Row]:
        """Rows at these channels, rates and SNRs."""
        seeds = (self.plan.seed,)
        grid = Grid(schemes, *place, seeds, METRICS, score=self.score, **more)
        return measured(grid, pictures, way, self.step, columns)

    def cifar(self, pictures: Sequence[Picture], systems: Systems) -> list[Row]:
        """Figures 4 and 5, one user.

        The digital sender knows the mean SNR. Which margin is best on average there it knows from
        trying all on the first pictures: the benefit of the doubt is the baseline's.
        """
        way, place = load_way("torch"), (CHANNELS, (self.plan.rate,), self.plan.snrs_db)
        trial = self.rows(systems.digital, pictures[:TRIAL], way, place, batch=BATCH)
        best = {
            (p["scheme"], p["channel"], p["snr_db"]): p["setting"]
            for p in means(trial, ("psnr",), POINT)
        }
        schemes = [*systems.found.values(), *systems.digital]
        rows = self.rows(
            schemes, pictures, way, place, batch=BATCH,
            wanted=lambda p: best.get((p.scheme, p.channel, p.snr_db), p.setting) == p.setting,
        )  # fmt: skip
        return quality(rows, CIFAR)

    def photos(self, pictures: Sequence[Picture], systems: Systems) -> list[Row]:
        """The same comparison on photos; JPEG as the ordinary file."""
        channels = list(dict.fromkeys(channel for channel, _ in self.plan.cases))
        rates = sorted({rate for _, rate in self.plan.cases})
        rows = self.rows(
            [*systems.found.values(), *systems.digital], pictures, load_way("torch"),
            (channels, rates, self.plan.photo_snrs_db),
            wanted=lambda p: (p.channel, p.rate) in self.plan.cases,
        )  # fmt: skip
        return quality(rows, PHOTOS)

    def users(self, pictures: Sequence[Picture], systems: Systems) -> list[Row]:
        """Figures 4 and 5, three users and as many antennas: points of every user, and of all.

        Every slot carries one image of every user; images are dealt out in turn. Over `awgn` the
        users do not meet, over `rayleigh` every slot has a matrix of its own.
        """
        learned = [s for name, s in systems.found.items() if name != SOFTCAST]
        pictures = _dealt(pictures[: self.plan.user_images])
        user = {p.name: number % USERS for number, p in enumerate(pictures)}
        cases: list[tuple[Way, str, str]] = [(load_way("torch"), "awgn", "mmse")]
        cases += [(UplinkWay("torch", kind), "rayleigh", kind) for kind in SEPARATIONS]
        rows = [
            row | {"separation": separation, "user": user[row["image"]]}
            for way, channel, separation in cases
            for row in self.rows(
                learned or list(systems.found.values()), pictures, way,
                ((channel,), (self.plan.rate,), self.plan.user_snrs_db), batch=BATCH,
            )
        ]  # fmt: skip
        by = (*POINT, "separation")
        return quality(rows, MU, (*by, "user")) + quality(rows, ALL_USERS, by)

    def through_gnuradio(
        self, pictures: Sequence[Picture], systems: Systems
    ) -> tuple[list[Row], list[Row]]:
        """GSC and NGF through GNU Radio, beside the torch-only channel at the SNR measured: points,
        and the rows of one user.

        The receiver estimates its channel from the bursts; the torch channel is AWGN of the SNR
        that it measured for the very image behind its equaliser, so that the comparison is as fair
        over `rayleigh` as over `awgn`.
        """
        plan, schemes = self.plan, systems.refined()
        lines = self.rows(
            schemes, pictures[: plan.air_images], load_way("flowgraph"),
            (CHANNELS, (plan.rate,), plan.air_snrs_db), (), beside=True,
        )  # fmt: skip
        rows = [line | {"experiment": FLOWGRAPH} for line in lines]
        slots = _dealt(pictures[: USERS * plan.slots])
        place = (("rayleigh",), (plan.rate,), plan.slot_snrs_db)
        for kind in SEPARATIONS:
            way = UplinkWay("flowgraph", kind)
            for row in self.rows(schemes, slots, way, place, (), batch=USERS, beside=True):
                rows.append(row | {"experiment": MU_FLOWGRAPH, "separation": kind})
        for row in rows:
            if row["received"]:
                row["difference"] = row["psnr"] - row["psnr_torch"]
            else:
                row["psnr"] = None
        metrics = ("snr_measured_db", "psnr", "psnr_torch", "difference")
        return means(rows, metrics, ("experiment", *POINT, "separation")), lines


def _dealt(pictures: Sequence[Picture]) -> Sequence[Picture]:
    """As many pictures as fill slots of all users."""
    return pictures[: len(pictures) // USERS * USERS]
