"""`gensc bench gened`: Figures 6 to 12 and Tables I and II of GenED-SC, regenerated.

The dual-branch code, coarse and edited, beside its single-branch variant, SwinJSCC, DeepJSCC and
SoftCast at the same number of channel symbols, header section and caption included. The sweeps run
over the torch-only channels with perfect channel knowledge, as in the paper; a part of them runs
through GNU Radio beside it.

What cannot be had is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gensc.bench.gened import (
    ablation,
    baselines,
    counts,
    data,
    flowgraph,
    importance,
    plots,
    speed,
    strips,
)
from gensc.bench.gened.checks import PUBLISHED, PUBLISHED_RATE, all_checks
from gensc.bench.gened.data import MarkedSet
from gensc.bench.gened.points import Place, Points, Sweep, sweep
from gensc.bench.gened.schemes import (
    DEFAULT_EDITOR,
    EDITED,
    GENED,
    SINGLE,
    SWIN,
    DualBranch,
    Scheme,
    Schemes,
    load_schemes,
)
from gensc.bench.gened.tables import all_tables
from gensc.experiment.base import BenchResult
from gensc.system.progress import Reporter, progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BENCH = "gened"
#: The paper's figures but the ninth are at this bandwidth ratio, the tenth at this SNR.
RATE, SNR_DB = 32, 4.0
STRIP_SNRS_DB = (1.0, 4.0, 10.0)
GENERATIVE_SNRS_DB = (1.0, 4.0, 7.0, 10.0)
PERCEPTUAL = ("clip_score", "lpips", "brisque", "ms_ssim")


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        photos: of each data set.
        fading_snrs_db: those of the SNRs that are run over other channels than AWGN.
        overhead_rate: one more for Figure 9, over AWGN at 4 dB alone.
        importance: photos by which importance is judged.
        schemes_shown, failures: photos in Figures 10 and 12.
        timings: repetitions.
        base: whether SwinJSCC in the size of its paper is timed as well.
    """

    photos: int = 10
    channels: Sequence[str] = ("awgn", "rayleigh")
    rates: Sequence[int] = (16, 32, 64)
    snrs_db: Sequence[float] = (0.0, 1.0, 4.0, 7.0, 10.0, 15.0)
    fading_snrs_db: Sequence[float] = (0.0, 4.0, 10.0, 15.0)
    overhead_rate: int = 128
    importance: int = 200
    schemes_shown: int = 4
    failures: int = 3
    timings: int = 7
    base: bool = True
    flowgraph: flowgraph.FlowgraphPlan = field(default_factory=flowgraph.FlowgraphPlan)
    seed: int = 1


QUICK = Plan(
    photos=1,
    rates=(16, 32),
    snrs_db=(0.0, 4.0),
    importance=4,
    timings=1,
    base=False,
    flowgraph=flowgraph.FlowgraphPlan(1, rates=(32,), snrs_db=(10,)),
)


@dataclass
class _Run:
    """What has been measured so far."""

    plan: Plan
    schemes: Schemes
    bar: Reporter
    points: Points = field(default_factory=Points)
    through_gnuradio: Points = field(default_factory=lambda: Points(flowgraph.FLOWGRAPH))
    rows: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    strips: dict[str, Figure] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


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
    sets = [_load(spec, images, most) for spec in (datasets or [""])[:2]]
    schemes = load_schemes(model, ablations, edit)
    drawn, missing = baselines.load(generator)
    schemes.missing |= missing
    with progress("bench gened", _steps(plan, sets, schemes, len(drawn))) as bar:
        state = _Run(plan, schemes, bar)
        state.settings = _settings(state, sets, edit)
        first, *others = [photos.first(plan.photos) for photos in sets]
        _main_sweep(state, first)
        _generative(state, first, drawn)
        for second in others:
            _second_sweep(state, second)
        _strips(state, first)
        _side_figures(state, sets[0], first)
        # Last, as the flowgraph takes half of torch's threads away.
        _flowgraph(state, first)
    rows = [p.as_row() for what in (state.points, state.through_gnuradio) for p in what.of()]
    rows += state.rows
    return BenchResult(
        bench=BENCH,
        rows=rows,
        checks=list(
            all_checks(state.points, state.through_gnuradio, rows, first.title, len(first.photos))
        ),
        tables=list(all_tables(state.points, state.through_gnuradio, rows)),
        figures=state.figures,
        strips=state.strips,
        settings=state.settings,
        lines=[*state.points.lines, *state.through_gnuradio.lines],
    )


def _load(spec: str, images: Sequence[str] | None, count: int) -> MarkedSet:
    if spec:
        return data.of_dataset(spec, count)
    return data.of_images(images, count) if images else data.samples(count)


def _steps(plan: Plan, sets: Sequence[MarkedSet], schemes: Schemes, drawn: int) -> int:
    """Steps of progress."""
    photos = [len(s.first(plan.photos).photos) for s in sets]
    sources = 3 + sum(isinstance(s, DualBranch) for s in _own_scores(schemes))
    sweeps = 3 + (drawn > 0)
    return sweeps * photos[0] + sum(photos[1:]) + 2 + sources + plan.flowgraph.steps(
        len(_models(schemes))
    )  # fmt: skip


def _settings(state: _Run, sets: Sequence[MarkedSet], edit: str) -> dict[str, Any]:
    plan = state.plan
    for name, reason in state.schemes.missing.items():
        state.bar.say(f"left out: {name}: {reason}")
    return {
        "data sets": {
            s.title: {
                "foreground marked by": s.marked_by,
                "photos": [m.name for m in s.first(plan.photos).photos],
            }
            for s in sets
        },
        "psnr": "uint8, per image, then averaged; foreground: pixels marked with half or more",
        "symbols": "equal for all schemes at a point; header section and, where edited, caption "
        "are taken from the image's",
        "csi": "perfect in torch, where the header section is counted and taken to arrive; "
        "estimated in GNU Radio, where it is sent",
        "caption": "layout, 16-QAM, LDPC 1/2",
        "editor": edit or DEFAULT_EDITOR,
        "lost images": "middle grey, for every scheme alike",
        "swinjscc": "swin-photo, trained here; published figures: Kodak, base network, other "
        "training",
        "seed": plan.seed,
        "weights": state.schemes.weights(),
        "left_out": dict(state.schemes.missing),
    }


def _main_sweep(state: _Run, photos: MarkedSet) -> None:
    """All schemes at all points, the variants and one more rate at 4 dB; Figures 6 and 9."""
    plan, schemes = state.plan, state.schemes

    def kept(place: Place) -> bool:
        worst = place.rate == min(plan.rates) and place.snr_db == min(plan.snrs_db)
        shown = place.rate == RATE and place.snr_db in (*STRIP_SNRS_DB, SNR_DB)
        return place.channel == "awgn" and (worst or shown)

    def judged(place: Place) -> bool:
        return place.rate == RATE or (place.channel == "awgn" and place.snr_db == SNR_DB)

    def runs(place: Place, scheme: str) -> bool:
        # The editor is the slowest part: it works where its pictures are looked at.
        wanted = scheme != EDITED or judged(place) or kept(place)
        return wanted and _faded(plan, place)

    everything = Sweep(plan.channels, plan.rates, plan.snrs_db, judged, kept, runs)
    _sweep(state, photos, schemes.found.values(), everything)
    more = Sweep(("awgn",), (plan.overhead_rate,), (SNR_DB,))
    _sweep(state, photos, schemes.found.values(), more)
    variants = [v for name, v in schemes.variants.items() if name not in schemes.found]
    _sweep(state, photos, variants, Sweep(("awgn",), (ablation.RATE,), (ablation.SNR_DB,)))
    _note_metrics(state)
    where = _photos(photos)
    shown = _without_variants(state)
    state.figures["foreground_psnr"] = plots.foreground_figure(
        shown, plan.channels, plan.rates, photos.title, where
    )
    _quality_figure(state, "figure6", photos, shown)
    metrics = plots.known_metrics(
        shown.of(dataset=photos.title, snr_db=SNR_DB),
        ("foreground_psnr", "clip_score", "lpips", "brisque"),
    )
    state.figures["figure9_overhead"] = plots.overhead_figure(
        shown, metrics, SNR_DB, photos.title, f"Figure 9: AWGN, {SNR_DB:g} dB, {where}"
    )


def _generative(state: _Run, photos: MarkedSet, drawn: Sequence[Scheme]) -> None:
    """Figure 8."""
    if not drawn:
        state.settings["left_out"]["figure 8"] = "no generative baseline could be had"
        return
    snrs = [s for s in GENERATIVE_SNRS_DB if s in state.plan.snrs_db]
    _sweep(state, photos, drawn, Sweep(("awgn",), (RATE,), snrs))
    names = {GENED, EDITED, *(scheme.name for scheme in drawn)}
    shown = _only(state, names)
    metrics = plots.known_metrics(shown.of(dataset=photos.title, rate=RATE), PERCEPTUAL)
    state.figures["figure8_generative"] = plots.quality_figure(
        shown, metrics, ("awgn",), RATE, photos.title,
        f"Figure 8: bandwidth ratio 1/{768 // RATE} or less, {_photos(photos)}",
    )  # fmt: skip


def _second_sweep(state: _Run, photos: MarkedSet) -> None:
    """Figure 7."""
    plan = state.plan
    everything = Sweep(
        plan.channels, (RATE,), plan.snrs_db, runs=lambda place, scheme: _faded(plan, place)
    )
    _sweep(state, photos, state.schemes.found.values(), everything)
    _quality_figure(state, "figure7", photos, _without_variants(state))


def _faded(plan: Plan, place: Place) -> bool:
    """Whether the plan has that SNR for that channel."""
    return place.channel == "awgn" or place.snr_db in plan.fading_snrs_db


def _sweep(state: _Run, photos: MarkedSet, schemes: Iterable[Scheme], plan: Sweep) -> None:
    sweep(photos, schemes, plan, state.plan.seed, state.points, state.bar.step)


def _without_variants(state: _Run) -> Points:
    """The points of the schemes that are compared at all points."""
    return _only(state, state.schemes.found)


def _only(state: _Run, schemes: Collection[str]) -> Points:
    scored = [one for one in state.points.scored if one.scheme in schemes]
    return replace(state.points, scored=scored)


def _photos(photos: MarkedSet) -> str:
    """How many of what, for titles."""
    count = len(photos.photos)
    return f"{count} photo{'s' if count != 1 else ''} of {photos.title}"


def _quality_figure(state: _Run, name: str, photos: MarkedSet, shown: Points) -> None:
    metrics = plots.known_metrics(shown.of(dataset=photos.title, rate=RATE), PERCEPTUAL)
    if not metrics:
        state.settings["left_out"][name] = "no metric of whole images could be computed"
        return
    title = f"Figure {name[-1]}: bandwidth ratio 1/{768 // RATE}, {_photos(photos)}"
    state.figures[name] = plots.quality_figure(
        shown, metrics, state.plan.channels, RATE, photos.title, title
    )


def _note_metrics(state: _Run) -> None:
    """Why a metric is missing everywhere."""
    for metric in ("lpips", "clip_score", "brisque"):
        judged = [one for one in state.points.scored if one.reasons.get("ssim") is None]
        if judged and not any(metric in one.metrics for one in judged):
            state.settings["left_out"][metric] = judged[0].reasons.get(metric, "")


def _strips(state: _Run, photos: MarkedSet) -> None:
    """Figures 10, 11 and 12."""
    plan, points = state.plan, state.points
    if GENED not in state.schemes.found:
        return
    marked = photos.photos
    here = Place(photos.title, "awgn", RATE, SNR_DB)
    state.strips["figure10_schemes"] = strips.by_scheme(
        _without_variants(state), data.spread(marked, plan.schemes_shown), here,
        f"Figure 10: AWGN, {SNR_DB:g} dB, bandwidth ratio 1/{768 // RATE}; PSNR of the foreground",
    )  # fmt: skip
    places = [replace(here, snr_db=s) for s in STRIP_SNRS_DB if s in plan.snrs_db]
    state.strips["figure11_snrs"] = strips.by_snr(
        points, marked, places,
        f"Figure 11: AWGN, bandwidth ratio 1/{768 // RATE}; PSNR of the foreground",
    )  # fmt: skip
    worst = replace(here, rate=min(plan.rates), snr_db=min(plan.snrs_db))
    state.strips["figure12_failures"] = strips.failures(
        points, marked, worst, plan.failures,
        f"Figure 12: the worst of {len(marked)} photos at {worst.snr_db:g} dB, bandwidth ratio "
        f"1/{768 // worst.rate}; PSNR of the foreground",
    )  # fmt: skip


def _side_figures(state: _Run, whole: MarkedSet, photos: MarkedSet) -> None:
    """Tables I and II, published figures, importance, counts and times."""
    schemes, left_out = state.schemes, state.settings["left_out"]
    state.rows += ablation.rows(state.points, photos.title, schemes.folder)
    state.rows += _published(state.points, photos.title)
    judged = whole.first(state.plan.importance)
    found, missing = importance.measure(judged, _own_scores(schemes), state.bar.step)
    state.rows += found
    left_out |= missing
    counted = schemes.found.get(EDITED, schemes.found.get(GENED))
    if isinstance(counted, DualBranch):
        state.rows += counts.measure(photos, counted)
    state.bar.step("symbols counted")
    state.rows += speed.measure(photos.photos[0], schemes, state.plan.timings, state.plan.base)
    state.bar.step("timed")


def _published(points: Points, dataset: str) -> Iterable[dict[str, Any]]:
    """SwinJSCC trained here beside what its authors report."""
    for snr_db, theirs in PUBLISHED.items():
        for p in points.of(scheme=SWIN, dataset=dataset, channel="awgn", rate=PUBLISHED_RATE,
                           snr_db=snr_db):  # fmt: skip
            yield {"experiment": "published", "scheme": SWIN, "snr_db": snr_db,
                   "rate": PUBLISHED_RATE, "psnr": p.psnr, "published": theirs}  # fmt: skip


def _own_scores(schemes: Schemes) -> list[DualBranch]:
    """The schemes whose score map is judged beside the sources of importance."""
    scheme = schemes.found.get(GENED)
    return [scheme] if isinstance(scheme, DualBranch) else []


def _models(schemes: Schemes) -> dict[str, str]:
    """Schemes that go through GNU Radio → their weights."""
    return {name: schemes.models[name] for name in (GENED, SWIN, SINGLE) if name in schemes.found}


def _flowgraph(state: _Run, photos: MarkedSet) -> None:
    plan = state.plan.flowgraph
    state.through_gnuradio, missing = flowgraph.through_gnuradio(
        photos, _models(state.schemes), plan, state.plan.seed, state.bar.step
    )
    state.settings["left_out"] |= missing
    state.figures["flowgraph"] = plots.foreground_figure(
        state.through_gnuradio, plan.channels, plan.rates, photos.title,
        f"Through GNU Radio: {_photos(photos.first(plan.photos))}\n"
        f"{flowgraph.losses(state.through_gnuradio)}",
    )  # fmt: skip
