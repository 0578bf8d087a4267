"""`gensc bench gened`: Figures 6 to 12 and Tables I and II of GenED-SC, regenerated.

The dual-branch code, coarse and edited, beside its single-branch variant, SwinJSCC, DeepJSCC and
SoftCast at the same number of channel symbols, header section and caption included. The sweeps run
over the torch-only channels with perfect channel knowledge, as in the paper; a part of them runs
through GNU Radio beside it. What cannot be had is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gensc.bench.gened import costs, figures, importance, quality, strips
from gensc.bench.gened.checks import PUBLISHED, all_checks, losses
from gensc.bench.gened.quality import SNR_DB
from gensc.bench.gened.schemes import EDITED, GENED, SINGLE, SWIN, Schemes, load_schemes
from gensc.data.images import spread
from gensc.experiment.base import BenchResult
from gensc.experiment.figures import draw_all, ratio
from gensc.experiment.grid import Grid, Point, collect
from gensc.experiment.marked import MarkedSet, load
from gensc.experiment.rows import Row, of
from gensc.experiment.scheme import Mask, Photo
from gensc.experiment.ways import load_way
from gensc.results.quality import metrics_of
from gensc.results.result import Result
from gensc.system import codecs
from gensc.system.progress import Reporter, progress

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


QUICK = Plan(
    photos=1, rates=(16, 32), snrs_db=(0.0, 4.0), importance=4, timings=1, base=False,
    air=replace(AIR, rates=(32,), snrs_db=(10,)), air_photos=1,
)  # fmt: skip


@dataclass
class _Run:
    """What has been measured so far: rows of photos, result lines, and what strips show."""

    plan: Plan
    bar: Reporter
    rows: list[Row] = field(default_factory=list)
    lines: list[Result] = field(default_factory=list)
    kept: dict[tuple[strips.Place, str, str], tuple[Photo, Mask | None]] = field(
        default_factory=dict
    )

    def add(self, photos: MarkedSet, grid: Grid, via: str) -> None:
        """All points of a grid on some photos."""
        way = load_way(via)
        for done in collect(grid, photos.photos, way, self.bar.step):
            self.rows.append(quality.row(done, way, photos.title))
            if via != "torch" or "ssim" in done.metrics:
                self.lines.append(done.result(way))
            if done.received.image is not None and done.sent is not None:
                key = (done.point.rate, done.point.snr_db), done.point.scheme, done.picture.name
                self.kept[key] = done.received.image, done.sent.mask


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
        model: dual-branch weights by name or folder; "" for the shipped ones.
        ablations: folder of weights folders, named as the variants.
        edit: editor behind the receiver, as `gensc.editing.choose.choose_editor` takes it.
        generator: pipeline of the generative baselines, as `gensc_models.baselines` takes it.

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
    first, *others = sets = [photos.first(plan.photos) for photos in whole]
    left_out = dict(schemes.missing)
    done = BenchResult("gened", settings=_settings(plan, schemes, sets, edit, left_out))
    some, dual = first.first(plan.air_photos), schemes.dual()
    steps = sum(len(s.photos) for s in (*sets, some)) + 5 + len(dual)
    with progress("bench gened", steps) as bar:
        for name, reason in left_out.items():
            bar.say(f"left out: {name}: {reason}")
        measured = _Run(plan, bar)
        _sweeps(measured, schemes, first, others)
        done.rows += importance.measure(whole[0].first(plan.importance), dual, left_out, bar.step)
        counted = schemes.found.get(EDITED, schemes.found.get(GENED))
        done.rows += costs.counts(first, counted) if counted else ()
        timed = costs.cut(first.photos[0], plan.timed_side)
        done.rows += costs.measure(timed, schemes, plan.timings, plan.base)
        bar.step("counted and timed")
        # Last, as the flowgraph takes half of torch's threads away.
        aired = [schemes.found[name] for name in (GENED, SWIN, SINGLE) if name in schemes.found]
        measured.add(some, replace(plan.air, schemes=aired, seeds=(plan.seed,)), "flowgraph")
    points = quality.points(measured.rows)
    done.rows += quality.tables(points, first.title, ablations, plan.rate)
    done.rows += [
        {"experiment": "published", "scheme": SWIN, "snr_db": p["snr_db"], "rate": p["rate"],
         "psnr": p["psnr"], "published": PUBLISHED[p["snr_db"]]}
        for p in of(points, via="torch", dataset=first.title, scheme=SWIN, channel="awgn",
                    rate=quality.RATE, snr_db=tuple(PUBLISHED))
    ]  # fmt: skip
    done.checks += all_checks(points, done.rows, first.title, len(first.photos))
    done.tables += figures.all_tables(points, done.rows)
    drawn = [*figures.curves(sets, schemes, plan.rates, plan.rate),
             figures.flowgraph(f"{some.said}\n{losses(points)}")]  # fmt: skip
    done.figures |= draw_all(drawn, points)
    left_out |= _not_computed(measured.rows)
    left_out |= {w.name: "no metric of whole images could be computed"
                 for w in drawn if w.name not in done.figures}  # fmt: skip
    if not schemes.drawn:
        left_out["figure 8"] = "no generative baseline could be had"
    if GENED in schemes.found:
        done.strips |= _strips(measured, first, schemes)
    done.rows, done.lines = [*points, *done.rows], measured.lines
    return done


def _settings(
    plan: Plan, schemes: Schemes, sets: Sequence[MarkedSet], edit: str, left_out: dict[str, str]
) -> dict[str, Any]:
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
        "left_out": left_out,
    }


def _sweeps(
    run: _Run, schemes: Schemes, first: MarkedSet, others: Sequence[MarkedSet]
) -> None:  # fmt: skip
    """All that runs over the torch channels; the data set of Figure 7 at one bandwidth ratio."""
    plan, every = run.plan, metrics_of("perceptual")
    grid = Grid(
        list(schemes.all().values()), plan.channels, (*plan.rates, plan.overhead_rate),
        plan.snrs_db, (plan.seed,), lambda p: every if plan.judged(p) else ("psnr",),
        lambda p: plan.wanted(p, schemes), lambda p, _: plan.looked_at(p),
    )  # fmt: skip
    run.add(first, grid, "torch")
    compared = list(schemes.found.values())
    for photos in others:
        again = replace(grid, schemes=compared, rates=(plan.rate,), metrics=every,
                        kept=lambda p, _: False)  # fmt: skip
        run.add(photos, again, "torch")


def _not_computed(rows: Sequence[Row]) -> dict[str, str]:
    """Why a metric is missing everywhere."""
    judged = [r for r in rows if r["ssim"] is not None]
    return {
        metric: judged[0]["not_computed"].get(metric, "")
        for metric in ("lpips", "clip_score", "brisque")
        if judged and all(r[metric] is None for r in judged)
    }


def _strips(run: _Run, photos: MarkedSet, schemes: Schemes) -> dict[str, Any]:
    """Figures 10, 11 and 12."""
    plan, marked, kept = run.plan, photos.photos, run.kept
    at = f"bandwidth ratio {ratio(plan.rate)}; PSNR of the foreground"
    compared = {key: found for key, found in kept.items() if key[1] in schemes.found}
    places = [(plan.rate, s) for s in STRIP_SNRS_DB if s in plan.snrs_db]
    rate, snr_db = plan.worst
    return {
        "figure10_schemes": strips.by_scheme(
            compared, spread(marked, plan.schemes_shown), (plan.rate, SNR_DB),
            f"Figure 10: AWGN, {SNR_DB:g} dB, {at}"),
        "figure11_snrs": strips.by_snr(kept, marked, places, f"Figure 11: AWGN, {at}"),
        "figure12_failures": strips.failures(
            kept, marked, plan.worst, plan.failures,
            f"Figure 12: the worst of {len(marked)} photos at {snr_db:g} dB, bandwidth ratio "
            f"{ratio(rate)}; PSNR of the foreground"),
    }  # fmt: skip
