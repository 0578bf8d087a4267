"""`gensc bench cie`: Figures 7, 9a, 9b, 10, 11a and 11b of GVIF-CIE, regenerated.

Codec bank, filtering, Algorithm 1, inpainting and the closed loop, beside JPEG 2000 at the same
bytes, the codec without filtering and, where its pipelines can be had, text alone. Every row says
whether its bits travelled over the burst waveform or were counted at the capacity (Eq. 8).

What cannot be had is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.adapt.measure import measure as measure_family
from gensc.adapt.problem import Family
from gensc.bench.cie import (
    adaptation,
    distance,
    inpainting,
    link,
    picture_plots,
    pictures,
    plots,
    rate,
)
from gensc.bench.cie import fuzz as cie_fuzz
from gensc.bench.cie import loop as cie_loop
from gensc.bench.cie.system import CieSystem, load_system
from gensc.bench.cie.tables import all_tables
from gensc.bench.cie.text_only import TextOnly, load_text_only
from gensc.data.images import display_name, expand, load_image, scale_to_area
from gensc.experiment.base import BenchResult, Check, Table
from gensc.results.result import Result
from gensc.system.progress import Reporter, progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BENCH = "cie"
#: Photos that take turns in the closed loop.
LOOP_IMAGES = 4

Photos = list[tuple[str, NDArray[np.uint8]]]


@dataclass(frozen=True)
class Plan:
    """How much is run.

    `side` says how large photos are for everything but rate and distortion: scaled to the area of
    side×side, which in the paper all images have.
    """

    rate: rate.RatePlan = field(default_factory=rate.RatePlan)
    adaptation: adaptation.AdaptationPlan = field(default_factory=adaptation.AdaptationPlan)
    link: link.LinkPlan = field(default_factory=link.LinkPlan)
    pictures: pictures.PicturePlan = field(default_factory=pictures.PicturePlan)
    distance: distance.DistancePlan = field(default_factory=distance.DistancePlan)
    fuzzed: int = 10_000
    maps: int = 3
    map_alpha: float = 0.3
    seed: int = 1
    side: int = 512
    inpainting: inpainting.InpaintingPlan = field(default_factory=inpainting.InpaintingPlan)


QUICK = Plan(
    rate.RatePlan(1, (4, 10, 16), (10, 50, 90), (10, 60, 90), 1),
    adaptation.AdaptationPlan(1, (1, 7, 13, 19), (0, 0.1, 0.5, 0.95), limits_s=(0.01, 0.02, 0.06)),
    link.LinkPlan(1, (5, 17)),
    pictures.PicturePlan(1),
    distance.DistancePlan(1, (0.0, 0.5)),
    fuzzed=300,
    maps=1,
    side=256,
    inpainting=inpainting.InpaintingPlan(1, (0.4,)),
)


@dataclass
class _Run:
    """What has been measured so far."""

    plan: Plan
    system: CieSystem
    text: TextOnly | None
    images: str
    bar: Reporter
    rows: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    lines: list[Result] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def run(
    quick: bool,
    images: Sequence[str] | None = None,
    model: str = "",
    limit: int = 0,
    importance: str = "",
    inpainter: str = "",
    text_to_image: str = "",
) -> BenchResult:
    """All experiments.

    Args:
        quick: a fraction of the work.
        images: photos; scikit-image's where None.
        model: codec bank, name or folder of weights.
        limit: at most so many photos; 0: all. Each experiment takes as many of them as planned.
        importance: of `gensc.adapt.importance.importance_source`.
        inpainter: of `gensc.bench.cie.system.load_system`.
        text_to_image: pipeline of the baseline that sends text alone.

    Raises:
        UserError: images, weights or pipelines that were named and cannot be had.
    """
    plan = QUICK if quick else Plan()
    paths = expand(list(images or ["skimage:"]))
    paths = paths[: limit or len(paths)]
    system = load_system(model, importance, inpainter)
    text, text_name = load_text_only(text_to_image)
    counts = [min(n, len(paths)) for n in (plan.rate.images, plan.adaptation.images)]
    steps = counts[0] + counts[1] * (len(plan.adaptation.points) + 1) + len(plan.link.snrs_db)
    steps += plan.inpainting.steps(counts[1]) + plan.distance.steps(len(paths)) + 1
    with progress("bench cie", steps) as bar:
        named = "photos" if images else "scikit-image's photos"
        state = _Run(plan, system, text, named, bar)
        state.settings = _settings(state, text_name)
        # Looked for first: what is missing should be known before minutes of work.
        table = _rate_tables(state, model)
        _rate(state, paths)
        family, photos = _family(state, paths)
        _adaptation(state, family, photos)
        _link(state, family, photos)
        _pictures(state, family, photos)
        _inpainting(state, photos)
        _distance(state, family, paths)
        state.rows += cie_fuzz.measure(system.bank, plan.fuzzed, plan.seed)
        state.checks += cie_fuzz.checks(state.rows)
        bar.step("damaged streams")
    # Last, as the flowgraph takes half of torch's threads away.
    if table:
        _loop(state, quick, paths, model, table, importance)
    return BenchResult(
        bench=BENCH,
        rows=state.rows,
        checks=state.checks,
        tables=[*all_tables(state.rows, state.images), *state.tables],
        figures=state.figures,
        settings=state.settings,
        lines=state.lines,
    )


def _load(paths: Sequence[str], count: int, side: int = 0) -> Photos:
    """So many of the photos, evenly spread; scaled to the area of side×side unless that is 0."""
    loaded = [(display_name(path), load_image(path)) for path in _spread(paths, count)]
    return [(name, scale_to_area(photo, side * side) if side else photo) for name, photo in loaded]


def _spread(paths: Sequence[str], count: int) -> list[str]:
    """So many of the paths, evenly spread; all where there are fewer."""
    count = min(count, len(paths))
    return [paths[i * len(paths) // count] for i in range(count)]


def _settings(state: _Run, text_name: str) -> dict[str, Any]:
    import torch

    bank = state.system.bank
    left_out = {} if state.text else {"text only": text_name}
    inpainter = state.system.inpainter
    return {
        "transport": "capacity: error-free bits at B log2(1 + SNR), Eq. 8, B = 1 MHz; burst: LDPC, "
        "QAM and OFDM of the waveform at 1 MHz, with all its overhead, in NumPy",
        "psnr": "uint8, per image, then averaged; mask PSNR of a family: of the mean squared error",
        "importance": state.system.importance.name,
        "inpainting": inpainter.name if inpainter else "none",
        "nothing received": "middle grey, GVIF 0",
        "JPEG 2000": "Pillow, bare codestream, 9/7 wavelet, colour transform (mct=1)",
        "alpha_th": adaptation.ALPHA_MAX,
        "size": f"rate and distortion: as they are; else scaled to the area of {state.plan.side}×"
        f"{state.plan.side} pixels",
        "threads": torch.get_num_threads(),
        "seed": state.plan.seed,
        "weights": {bank.name: bank.sha256, **_weights_of(inpainter)},
        "left_out": left_out,
    }


def _weights_of(model: object) -> dict[str, str]:
    """Name and SHA-256 of what has weights of this project; nothing of anything else."""
    sha256 = getattr(model, "sha256", "")
    return {getattr(model, "name", ""): sha256} if sha256 else {}


def _rate(state: _Run, paths: Sequence[str]) -> None:
    """Rate and distortion, times."""
    photos = _load(paths, state.plan.rate.images)
    shown = [photo for _, photo in photos]
    state.settings["rate images"] = [name for name, _ in photos]
    state.images = f"{len(photos)} {state.images}"
    state.rows += rate.measure(state.system.bank, shown, state.plan.rate, state.bar.step)
    state.rows += rate.times(state.system.bank, shown[0], state.plan.rate)
    state.checks += rate.checks(state.rows, state.images)
    state.figures["rate_distortion"] = plots.rate_figure(state.rows, state.images)


def _family(state: _Run, paths: Sequence[str]) -> tuple[Family, Photos]:
    """What the bank does to some of the photos, for all that chooses from it."""
    plan = state.plan.adaptation
    photos = _load(paths, plan.images, state.plan.side)
    state.settings["adaptation images"] = [name for name, _ in photos]
    system = state.system
    family = measure_family(
        system.bank, system.importance, photos, plan.points, plan.alphas, state.bar.step
    )
    return family, photos


def _adaptation(state: _Run, family: Family, photos: Photos) -> None:
    """Figures 7, 9a and 9b, Algorithm 1, the GVIF map."""
    plan, seed = state.plan.adaptation, state.plan.seed
    state.rows += adaptation.fidelity_rows(family)
    state.rows += adaptation.solver_rows(family, plan, seed)
    state.rows += adaptation.table_rows(family, plan, seed)
    state.rows += adaptation.latency_rows(family, plan, seed)
    state.checks.append(_undistorted(state, photos))
    state.checks += adaptation.checks(state.rows)
    where = f"{len(photos)} images, importance: {state.system.importance.name}"
    state.figures |= {
        "figure7_gvif": plots.fidelity_figure(state.rows, f"Figure 7: {where}"),
        "figure9a_snr": plots.snr_figure(
            state.rows, f"Figure 9a: T_max 20 ms, 1 MHz, mask PSNR of at least 30 dB, {where}"
        ),
        "figure9b_latency": plots.latency_figure(
            state.rows, f"Figure 9b: Es/N0 {plan.snr_db:g} dB, 1 MHz, capacity (Eq. 8)"
        ),
        "gvif_map": picture_plots.map_figure(
            state.system, photos[: state.plan.maps], state.plan.map_alpha
        ),
    }


def _undistorted(state: _Run, photos: Photos) -> Check:
    """GVIF of images sent whole by the reference codec."""
    import torch

    from gensc_models.semantics.gvif import gvif

    bank = state.system.bank
    scales = [bank.scales(photo, bank.points[0]) for _, photo in photos]
    values = [float(gvif(s, s, torch.ones(1, dtype=torch.bool))[0]) for s in scales]
    distance = max(abs(1.0 - value) for value in values)
    name = "GVIF without distortion, largest distance from 1"
    return Check(name, distance, "", "<=", 0.0, f"{len(values)} images")


def _link(state: _Run, family: Family, photos: Photos) -> None:
    """Images over the burst waveform."""
    plan = state.plan.link
    carried = link.Link(state.system, family, plan, state.plan.seed)
    state.rows += carried.run(photos[: plan.images], state.bar.step)
    state.lines += carried.lines
    state.checks += link.checks(state.rows)
    state.figures["link_burst"] = plots.link_figure(
        state.rows,
        f"Over the burst waveform (LDPC, QAM, OFDM) at 1 MHz, T_max {1e3 * plan.t_max_s:g} ms, "
        f"{min(plan.images, len(photos))} images",
    )


def _pictures(state: _Run, family: Family, photos: Photos) -> None:
    """Figure 10."""
    plan = state.plan.pictures
    panels = pictures.compare(
        state.system, family, photos, plan, state.text, state.plan.seed, state.bar.step
    )
    state.rows += [shown.row for panel in panels for shown in panel.schemes]
    state.checks += pictures.checks(panels)
    names = {name for name, _ in photos[: plan.shown]}
    state.figures["figure10_pictures"] = picture_plots.picture_figure(
        [p for p in panels if p.name in names],
        "Figure 10: T_max 30 ms, 1 MHz, capacity (Eq. 8); mask PSNR over what GVIF-CIE sends",
    )


def _inpainting(state: _Run, photos: Photos) -> None:
    """What inpainters make of the photos themselves at several thresholds."""
    from gensc_models.restore.inpainting import Biharmonic, Inpainter, MeanFill

    plan, ours = state.plan.inpainting, state.system.inpainter
    inpainters: list[Inpainter] = [MeanFill(), Biharmonic(), *([ours] if ours else [])]
    filled = inpainting.fill_in(
        photos[: plan.photos], state.system.importance, plan.alphas, inpainters,
        state.plan.seed, state.bar.step,
    )  # fmt: skip
    if not filled:
        return
    state.rows += [row for item in filled for row in item.rows]
    state.checks += inpainting.checks(filled)
    state.figures["inpainting"] = inpainting.inpainting_figure(
        filled, f"Inpainting, importance: {state.system.importance.name}"
    )


def _distance(state: _Run, family: Family, paths: Sequence[str]) -> None:
    """Figures 11a and 11b, for every distance that can be had."""
    plan, seed = state.plan.distance, state.plan.seed
    metrics = _metrics(state)
    if not metrics:
        return
    photos = _load(paths, plan.images, state.plan.side)
    state.settings["distance images"] = [name for name, _ in photos]
    point = distance.operating_point(family)
    state.rows += distance.measure(
        state.system, photos, point, plan, metrics, state.text, seed, state.bar.step
    )
    state.checks += distance.checks(state.rows)
    where = f"{len(photos)} images, operating point {point}, {state.settings['inpainting']}"
    for metric in metrics:
        found = [r for r in state.rows if r.get("metric") == metric.name]
        suffix = "" if len(metrics) == 1 else f"_{metric.name.split()[0].lower()}"
        for name, key, label in (
            ("figure11a", "latency_ms", f"latency at {plan.snr_db:g} dB, capacity, ms"),
            ("figure11b", "gvif", "GVIF"),
        ):
            title = f"Figure {name.removeprefix('figure')}: {where}"
            figure = plots.distance_figure(found, key, label, title)
            if figure is not None:
                state.figures[f"{name}_distance{suffix}"] = figure


def _metrics(state: _Run) -> list[distance.SetDistance]:
    """FID and the distance by the project's classifier; why one is missing goes to settings."""
    from gensc_models import WeightsError
    from gensc_models.metrics.fid import load_fid
    from gensc_models.metrics.patch_distance import PatchDistance
    from gensc_models.semantics.importance import Classifier
    from gensc_models.weights.hub import UnavailableError

    found: list[distance.SetDistance] = []
    left_out = state.settings["left_out"]
    try:
        found.append(load_fid())
    except UnavailableError as error:
        left_out["FID"] = str(error)
    try:
        classifier = Classifier.from_pretrained()
        state.settings["weights"] |= _weights_of(classifier)
        found.append(PatchDistance(classifier))
    except WeightsError as error:
        left_out["distance by the classifier"] = str(error)
    return found


def _rate_tables(state: _Run, model: str) -> str:
    """The file of rate tables beside the bank's weights; "" where there is none."""
    from gensc.adapt.bank import DEFAULT
    from gnuradio.gensc.codecs import default_rate_tables
    from gnuradio.gensc.errors import GenscError

    try:
        return str(default_rate_tables(model or DEFAULT))
    except GenscError as error:
        state.settings["left_out"]["closed loop"] = str(error)
        return ""


def _loop(
    state: _Run, quick: bool, paths: Sequence[str], model: str, table: str, importance: str
) -> None:
    """The closed loop over the flowgraph, with rows, checks and figure of its own."""
    result = cie_loop.run(quick, _spread(paths, LOOP_IMAGES), model, table, importance)
    state.rows += [{"experiment": "loop", "transport": "burst", **row} for row in result.rows]
    state.checks += result.checks
    state.tables += result.tables
    state.figures |= {f"closed_{name}": made for name, made in result.figures.items()}
    state.settings["loop"] = result.settings
