"""`gensc bench gened`: Figures 6 to 12 and Tables I and II of GenED-SC, regenerated.

The dual-branch code, coarse and edited, beside its single-branch variant, SwinJSCC, DeepJSCC and
SoftCast at the same number of channel symbols, header section and caption included. The sweeps run
over the torch-only channels with perfect channel knowledge, as in the paper; a part of them runs
through GNU Radio beside it. What cannot be had is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gensc.bench.gened import costs, figures, importance, quality, strips
from gensc.bench.gened.checks import all_checks, losses
from gensc.bench.gened.quality import SNR_DB
from gensc.bench.gened.schemes import EDITED, GENED, SINGLE, SWIN, Schemes, load_schemes
from gensc.data.images import spread
from gensc.experiment.base import BenchResult
from gensc.experiment.figures import draw_all, ratio
from gensc.experiment.grid import Grid, Point, collect
from gensc.experiment.marked import MarkedSet, load
from gensc.experiment.rows import Row
from gensc.experiment.scheme import Mask, Photo
from gensc.experiment.tables import why_missing
from gensc.experiment.ways import load_way
from gensc.results.quality import metrics_of
from gensc.results.result import Result
from gensc.system import codecs
from gensc.system.progress import progress

STRIP_SNRS_DB = (1.0, 4.0, 10.0)
GENERATIVE_SNRS_DB = (1.0, 4.0, 7.0, 10.0)
AIR = Grid((), ("awgn", "fading"), (16, 32, 64), (0, 5, 10, 15))


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        photos: of each data set.
        rate: of the paper's figures but the ninth.
        fading_snrs_db: those of the SNRs that are run over other channels than AWGN.
        overhead_rate: one more for Figure 9, over AWGN at 4 dB alone.
        importance: photos by which importance is judged.
        schemes_shown, failures: photos in Figures 10 and 12.
        timed_side, timings: of the photo that is timed, pixels, and repetitions.
        base: whether SwinJSCC in the size of its paper is timed as well.
        air, air_photos: what runs through GNU Radio, and how many photos of it.
    """

    photos: int = 10
    rate: int = quality.RATE
    channels: Sequence[str] = ("awgn", "rayleigh")
    rates: Sequence[int] = (16, 32, 64)
    snrs_db: Sequence[float] = (0.0, 1.0, 4.0, 7.0, 10.0, 15.0)
    fading_snrs_db: Sequence[float] = (0.0, 4.0, 10.0, 15.0)
    overhead_rate: int = 128
    importance: int = 200
    schemes_shown: int = 4
    failures: int = 3
    timed_side: int = costs.SIDE
    timings: int = 7
    base: bool = True
    air: Grid = AIR
    air_photos: int = 6
    seed: int = 1

    @property
    def worst(self) -> strips.Place:
        """Where failures are looked for."""
        return min(self.rates), min(self.snrs_db)

    def judged(self, p: Point) -> bool:
        """Where all metrics are computed; elsewhere both PSNRs alone."""
        return p.rate == self.rate or (p.channel == "awgn" and p.snr_db == SNR_DB)

    def looked_at(self, p: Point) -> bool:
        """Where pictures are kept for the strips."""
        shown = p.rate == self.rate and p.snr_db in (*STRIP_SNRS_DB, SNR_DB)
        return p.channel == "awgn" and (shown or (p.rate, p.snr_db) == self.worst)

    def wanted(self, p: Point, schemes: Schemes) -> bool:
        """Where a scheme is run at all."""
        steady = p.channel == "awgn"
        if p.scheme in schemes.drawn:
            return steady and p.rate == self.rate and p.snr_db in GENERATIVE_SNRS_DB
        if p.scheme not in schemes.found:
            return steady and p.rate == self.rate and p.snr_db == SNR_DB
        if p.rate not in self.rates:
            return steady and p.snr_db == SNR_DB
        # The editor is the slowest part: it works where its pictures are looked at.
        worth = p.scheme != EDITED or self.judged(p) or self.looked_at(p)
        return worth and (steady or p.snr_db in self.fading_snrs_db)

    def grid(self, schemes: Schemes) -> Grid:
        """All that runs over the torch channels."""
        every = metrics_of("perceptual")
        return Grid(
            list(schemes.all().values()), self.channels, (*self.rates, self.overhead_rate),
            self.snrs_db, (self.seed,), lambda p: every if self.judged(p) else ("psnr",),
            lambda p: self.wanted(p, schemes), lambda p, _: self.looked_at(p),
        )  # fmt: skip

    def again(self, schemes: Schemes) -> Grid:
        """The same on the data set of Figure 7: at one bandwidth ratio, without the variants."""
        compared = list(schemes.found.values())
        return replace(self.grid(schemes), schemes=compared, rates=(self.rate,),
                       kept=lambda p, _: False)  # fmt: skip


QUICK = Plan(
    photos=1, rates=(16, 32), snrs_db=(0.0, 4.0), importance=4, timings=1, base=False,
    air=replace(AIR, rates=(32,), snrs_db=(10,)), air_photos=1,
)  # fmt: skip


def run(
    quick: bool,
    datasets: Sequence[str] | None = None,
    images: Sequence[str] | None = None,
    limit: int = 0,
    model: str = "",
    ablations: Path | None = None,
    edit: str = "",
    generator: str = "",
) -> BenchResult:
    """All experiments.

    Args:
        quick: a fraction of the work.
        datasets: spellings of `gensc_models.data.datasets`; the second is Figure 7's.
        images: photos in place of a data set; without either scikit-image's.
        limit: at most so many photos in everything; 0: as planned.
        model, ablations, edit, generator: see `gensc.bench.gened.schemes.load_schemes`.

    Raises:
        UserError: photos, weights, an editor or a pipeline that were named and cannot be had.
    """
    plan = QUICK if quick else Plan()
    if limit:
        plan = replace(plan, photos=min(limit, plan.photos),
                       importance=min(limit, plan.importance))  # fmt: skip
    most = max(plan.photos, plan.importance)
    whole = [load(spec, images, most) for spec in (datasets or [""])[:2]]
    schemes = load_schemes(model, ablations, edit, generator)
    sets = [photos.first(plan.photos) for photos in whole]
    first, aired = sets[0], sets[0].first(plan.air_photos)
    done = BenchResult("gened", settings=_settings(plan, schemes, sets, edit))
    left_out = done.settings["left_out"]
    rows: list[Row] = []
    lines: list[Result] = []
    kept: dict[tuple[strips.Place, str, str], tuple[Photo, Mask | None]] = {}
    with progress("bench gened", sum(len(s.photos) for s in (*sets, aired)) + 1) as bar:

        def through(photos: MarkedSet, grid: Grid, via: str) -> None:
            """All points of a grid on some photos."""
            way = load_way(via)
            for outcome in collect(grid, photos.photos, way, bar.step):
                rows.append(quality.row(outcome, way, photos.title))
                if via != "torch" or "ssim" in outcome.metrics:
                    lines.append(outcome.result(way))
                if outcome.received.image is not None and outcome.sent is not None:
                    p = outcome.point
                    place = (p.rate, p.snr_db), p.scheme, outcome.picture.name
                    kept[place] = outcome.received.image, outcome.sent.mask

        for name, reason in left_out.items():
            bar.say(f"left out: {name}: {reason}")
        through(first, plan.grid(schemes), "torch")
        for second in sets[1:]:
            through(second, plan.again(schemes), "torch")
        judged = whole[0].first(plan.importance)
        done.rows += importance.measure(judged, schemes.dual(), left_out)
        counted = schemes.found.get(EDITED, schemes.found.get(GENED))
        done.rows += costs.counts(first, counted) if counted else ()
        timed = costs.cut(first.photos[0], plan.timed_side)
        done.rows += costs.measure(timed, schemes, plan.timings, plan.base)
        bar.step("counted and timed")
        # Last, as the flowgraph takes half of torch's threads away.
        coded = [schemes.found[name] for name in (GENED, SWIN, SINGLE) if name in schemes.found]
        through(aired, replace(plan.air, schemes=coded, seeds=(plan.seed,)), "flowgraph")
    points = quality.points(rows)
    done.rows += quality.tables(points, first.title, ablations, plan.rate)
    done.rows += quality.published(points, first.title)
    done.checks += all_checks(points, done.rows, first.title, len(first.photos))
    done.tables += figures.all_tables(points, done.rows)
    through_air = f"{aired.said}\n{losses(points)}"
    drawn = list(figures.curves(sets, schemes, plan.rates, plan.rate, through_air))
    done.figures |= draw_all(drawn, points)
    left_out |= why_missing([r for r in rows if r["ssim"] is not None], figures.MADE_ELSEWHERE)
    left_out |= {f.name: "nothing of it was measured" for f in drawn if f.name not in done.figures}
    if GENED in schemes.found:
        done.strips |= _strips(plan, kept, first, schemes)
    done.rows, done.lines = [*points, *done.rows], lines
    return done


def _settings(plan: Plan, schemes: Schemes, sets: Sequence[MarkedSet], edit: str) -> dict[str, Any]:
    drawn = {} if schemes.drawn else {"figure 8": "no generative baseline could be had"}
    return {
        "data sets": {
            s.title: {"foreground marked by": s.marked_by, "photos": [p.name for p in s.photos]}
            for s in sets
        },
        "psnr": "uint8, per image, then averaged; foreground: pixels marked with half or more",
        "symbols": "equal for all schemes at a point; header section and, where edited, caption "
        "are taken from the image's",
        "csi": "perfect in torch, where the header section is counted and taken to arrive; "
        "estimated in GNU Radio, where it is sent",
        "caption": "layout, 16-QAM, LDPC 1/2",
        "editor": edit or codecs.DEFAULT_EDITOR,
        "lost images": "middle grey, for every scheme alike",
        "swinjscc": "swin-photo, trained here; published figures: Kodak, base network, other "
        "training",
        "seed": plan.seed,
        "weights": {w.id: w.sha256 for s in schemes.all().values() for w in s.weights},
        "left_out": schemes.missing | drawn,
    }


def _strips(plan: Plan, kept: strips.Kept, photos: MarkedSet, schemes: Schemes) -> dict[str, Any]:
    """Figures 10, 11 and 12."""
    every = strips.Strips(kept, photos.photos)
    some = strips.Strips(kept, spread(photos.photos, plan.schemes_shown))
    at = f"bandwidth ratio {ratio(plan.rate)}; PSNR of the foreground"
    places = [(plan.rate, s) for s in STRIP_SNRS_DB if s in plan.snrs_db]
    worst = f"Figure 12: the worst of {len(photos.photos)} photos at {plan.worst[1]:g} dB, "
    worst += f"bandwidth ratio {ratio(plan.worst[0])}; PSNR of the foreground"
    return {
        "figure10_schemes": some.by_scheme(schemes.found, (plan.rate, SNR_DB),
                                           f"Figure 10: AWGN, {SNR_DB:g} dB, {at}"),
        "figure11_snrs": every.by_snr(places, f"Figure 11: AWGN, {at}"),
        "figure12_failures": every.failures(plan.worst, plan.failures, worst),
    }  # fmt: skip
