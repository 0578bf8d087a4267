"""`gensc bench gsc`: Figures 4, 5, 6, 7 and Table I of the GSC paper, regenerated.

GSC (Swin JSCC and the refiner), NGF (the same without the refiner), DeepJSCC, SoftCast and JPEG +
LDPC + QAM get the same number of channel symbols and meet the same gains and noise. The sweeps run
over the torch-only channels with perfect channel knowledge, as in the paper; a part of them runs
through GNU Radio beside it, where the receiver estimates its channel.

A scheme whose weights are not installed is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gsc import cifar, complexity, flowgraph, mu, photos, plots, training
from gensc.bench.gsc.checks import all_checks
from gensc.bench.gsc.points import Points
from gensc.bench.gsc.schemes import (
    GSC,
    NGF,
    SOFTCAST,
    System,
    Systems,
    cifar_systems,
    photo_systems,
)
from gensc.bench.gsc.strip import strip_figure, strips
from gensc.bench.gsc.tables import all_tables
from gensc.data.images import display_name, expand, fit, load_image
from gensc.experiment.base import BenchResult
from gensc.results.result import Result
from gensc.system.errors import UserError
from gensc.system.progress import Reporter, progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gensc_models.data.cifar import ImageSet
    from gensc_models.metrics.lpips import Distance

#: Pictures of CIFAR-10 in the strip of Figure 6.
STRIP_IMAGES = 3


@dataclass(frozen=True)
class Plan:
    """How much is run."""

    cifar: cifar.CifarPlan = field(default_factory=cifar.CifarPlan)
    mu: mu.MuPlan = field(default_factory=mu.MuPlan)
    flowgraph: flowgraph.FlowgraphPlan = field(default_factory=flowgraph.FlowgraphPlan)
    photos: photos.PhotoPlan = field(default_factory=photos.PhotoPlan)
    timings: int = 30
    seed: int = 1


QUICK = Plan(
    cifar.CifarPlan(100, (0, 7, 15)),
    mu.MuPlan(60, (0, 15)),
    flowgraph.FlowgraphPlan(3, (0, 15), 1, (15,)),
    photos.PhotoPlan(1, 256, (("awgn", 32),), (0, 15)),
    timings=5,
)


@dataclass
class _Run:
    """What has been measured so far."""

    plan: Plan
    bar: Reporter
    perceptual: Distance | None
    points: Points = field(default_factory=Points)
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Result] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def run(
    quick: bool,
    cifar_path: Path | None = None,
    images: Sequence[str] | None = None,
    limit: int = 0,
) -> BenchResult:
    """All experiments for which data and weights are there.

    Args:
        quick: a fraction of the work.
        cifar_path: CIFAR-10, folder of the official binary files or pack of JPEG files; without it
            only photos are used.
        images: photos; scikit-image's where None.
        limit: at most so many test images of CIFAR-10; 0 is the plan's number.

    Raises:
        UserError: data that cannot be read, damaged weights.
    """
    plan = QUICK if quick else Plan()
    perceptual, lpips = _lpips()
    test = None if cifar_path is None else _load(cifar_path, limit or plan.cifar.images)
    pictures = _photos(images, plan.photos)
    # Read first: a log that cannot be read must not cost the sweep.
    trained = [row for name in training.REFINERS for row in training.read_log(name)]
    steps = len(pictures)
    if test is not None:
        steps += plan.cifar.steps + plan.mu.steps + plan.flowgraph.steps
    with progress("bench gsc", steps) as bar:
        state = _Run(plan, bar, perceptual)
        state.settings = _settings(plan, lpips)
        system = None if test is None else _cifar(state, test)
        _photo_part(state, pictures)
        # Last, as the flowgraph takes half of torch's threads away.
        if test is not None and system is not None:
            _through_gnuradio(state, test.images, system)
    _training(state, trained)
    source = "CIFAR-10" if test is None else test.source
    rows = [*(p.as_row() for p in state.points), *state.rows]
    return BenchResult(
        bench="gsc",
        rows=rows,
        checks=list(all_checks(state.points, rows)),
        tables=list(all_tables(state.points, rows, source)),
        figures=state.figures,
        settings=state.settings,
        lines=state.lines,
    )


def _lpips() -> tuple[Distance | None, str]:
    """LPIPS and what it is; or None and why it cannot be computed here."""
    from gensc_models.metrics.lpips import load_lpips
    from gensc_models.weights.hub import UnavailableError

    try:
        found = load_lpips()
    except UnavailableError as error:
        return None, str(error)
    return found, found.name


def _load(path: Path, limit: int) -> ImageSet:
    from gensc_models.data.cifar import load_cifar

    try:
        return load_cifar(path, "test", limit)
    except (OSError, ValueError) as error:
        raise UserError(f"--cifar {path}: {error}") from error


def _photos(images: Sequence[str] | None, plan: photos.PhotoPlan) -> dict[str, NDArray[np.uint8]]:
    """Photos by name, cropped to squares; at most as many as planned, evenly spread."""
    paths = expand(list(images or ["skimage:"]))
    count = min(plan.photos, len(paths))
    chosen = [paths[i * len(paths) // count] for i in range(count)]
    return {display_name(p): fit(load_image(p), plan.side, plan.side) for p in chosen}


def _settings(plan: Plan, lpips: str) -> dict[str, Any]:
    from gensc_models.metrics.fidelity import ms_ssim_name

    return {
        "cifar": "not measured: no --cifar",
        "psnr": "uint8, per image, then averaged; psnr_of_mean_mse: of the mean squared error",
        "exact images": "an image without any error counts as of mean squared error 1/12",
        "ms_ssim": f"CIFAR-10: {ms_ssim_name(32, 32)}; "
        f"photos: {ms_ssim_name(plan.photos.side, plan.photos.side)}",
        "lpips": lpips,
        "csi": "perfect in torch (the paper's assumption), estimated in GNU Radio",
        "encoder": "told the mean SNR; the refiner is told that of its image behind the equaliser",
        "jpeg, CIFAR-10": "abbreviated JPEG (one byte, then the entropy-coded data; tables known "
        "to both ends), 4:2:0, quality searched to fit; the LDPC and QAM scheme of the best mean "
        "PSNR at each mean SNR; scaled: best of sizes 1, 1/2, 1/4; images that were stored as JPEG "
        "favour it",
        "jpeg, photos": "Pillow, 4:2:0, optimised tables; best fixed margin at each mean SNR",
        "users": f"{mu.USERS} users, as many antennas; awgn: identity matrix; rayleigh: CN(0,1) "
        "entries, one matrix per image slot",
        "seed": plan.seed,
        "left_out": {},
        "weights": {},
    }


def _note_systems(state: _Run, systems: Systems, part: str) -> None:
    state.settings["weights"] |= systems.weights()
    for scheme, reason in systems.missing.items():
        state.settings["left_out"][f"{part}: {scheme}"] = reason
        state.bar.say(f"left out of {part}: {scheme}: {reason}")


def _cifar(state: _Run, test: ImageSet) -> System | None:
    """Everything that is measured on CIFAR-10 over torch; returns GSC, or NGF where it is missing.

    None where both are missing.
    """
    plan, seed = state.plan, state.plan.seed
    state.settings["cifar"] = test.source
    state.settings["cifar images"] = len(test.images)
    state.settings["cifar images of all users"] = min(plan.mu.images, len(test.images))
    systems = cifar_systems()
    _note_systems(state, systems, "CIFAR-10")
    cifar.sweep(test.images, systems.found, plan.cifar, seed, state.points, state.bar,
                state.perceptual)  # fmt: skip
    learned = [s for s in systems.found if s.scheme != SOFTCAST] or systems.found
    mu.sweep(test.images, learned, plan.mu, seed, state.points, state.bar, state.perceptual)
    _cifar_figures(state, test)
    system = systems.of(GSC) or systems.of(NGF)
    if system is None:
        return None
    rate = plan.cifar.rate
    made = strips(list(test.images[:STRIP_IMAGES]), system, rate, seed)
    title = f"{test.source}, AWGN, bandwidth ratio 1/{768 // rate}"
    state.figures["figure6_strip"] = strip_figure(made, title)
    state.rows += complexity.measure(system, test.images, rate, plan.timings)
    if (bars := plots.complexity_figure(state.rows)) is not None:
        state.figures["table1_runtime"] = bars
    return system


def _cifar_figures(state: _Run, test: ImageSet) -> None:
    """Figures 4 and 5."""
    name = state.settings["ms_ssim"].split("; ")[0].removeprefix("CIFAR-10: ")
    where = f"{len(test.images)} images, {test.source}, bandwidth ratio 1/6"
    metrics = {"figure4_psnr": ("psnr", "PSNR, dB", where)}
    if state.perceptual is None:
        instead = f"{where}\nMS-SSIM in place of LPIPS, whose weights are not at hand"
        metrics["figure5_ms_ssim"] = ("ms_ssim", name, instead)
    else:
        metrics["figure5_lpips"] = ("lpips", f"{state.settings['lpips']}, lower is better", where)
        metrics["figure5_ms_ssim"] = ("ms_ssim", name, where)
    for file, (metric, label, title) in metrics.items():
        state.figures[file] = plots.quality_figure(state.points, metric, label, title)
        several = title.replace(f"{len(test.images)} images, ", "")
        state.figures[f"{file}_users"] = plots.users_figure(state.points, metric, label, several)


def _through_gnuradio(state: _Run, test_images: NDArray[np.uint8], system: System) -> None:
    """The comparison with the flowgraphs of one and of three users."""
    plan = state.plan
    rows, lines = flowgraph.single_user(test_images, system, plan.flowgraph, plan.seed, state.bar)
    state.rows += rows
    state.lines += lines
    state.rows += flowgraph.several_users(test_images, system, plan.flowgraph, plan.seed, state.bar)
    if (parity := plots.parity_figure(state.points, state.rows)) is not None:
        state.figures["flowgraph"] = parity


def _photo_part(state: _Run, pictures: dict[str, NDArray[np.uint8]]) -> None:
    """Everything that is measured on photos."""
    plan = state.plan
    systems = photo_systems()
    _note_systems(state, systems, "photos")
    state.settings["photos"] = list(pictures)
    state.settings["photo side"] = plan.photos.side
    photos.sweep(list(pictures.values()), systems.found, plan.photos, plan.seed, state.points,
                 state.bar, state.perceptual)  # fmt: skip
    side = plan.photos.side
    codec = ngf.weights.id if (ngf := systems.of(NGF)) else "missing"
    title = f"{len(pictures)} photos of {side}×{side}; codec of GSC and NGF: {codec}"
    for metric, label, name in (
        ("psnr", "PSNR, dB", "photos_psnr"),
        ("ms_ssim", "MS-SSIM", "photos_ms_ssim"),
    ):
        made = plots.photo_figure(state.points, metric, label, title)
        if made is not None:
            state.figures[name] = made
    system = systems.of(GSC)
    if system is not None:
        rate = plan.photos.cases[0][1]
        chosen = list(pictures.values())[:2]
        title = f"{system.weights.id}, AWGN, bandwidth ratio 1/{768 // rate}"
        state.figures["figure6_strip_photos"] = strip_figure(
            strips(chosen, system, rate, plan.seed), title
        )


def _training(state: _Run, rows: list[dict[str, Any]]) -> None:
    """Figure 7."""
    state.rows += rows
    made = plots.training_figure(rows)
    if made is None:
        state.settings["left_out"]["figure 7"] = f"no {training.LOG} beside a refiner's weights"
    else:
        state.figures["figure7_training"] = made
