"""`gensc bench gsc`: Figures 4, 5, 6, 7 and Table I of the GSC paper, regenerated.

GSC (Swin JSCC and the refiner), NGF (the same without the refiner), DeepJSCC, SoftCast and JPEG +
LDPC + QAM get the same number of channel symbols and meet the same gains and noise. The sweeps run
over the torch-only channels with perfect channel knowledge, as in the paper; a part of them runs
through GNU Radio beside it, where the receiver estimates its channel.

A scheme whose weights are not installed is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gensc.bench.gsc import complexity, shown, sweeps, training
from gensc.bench.gsc.checks import all_checks
from gensc.bench.gsc.schemes import NGF, Systems, cifar_systems, photo_systems
from gensc.bench.gsc.strip import strip
from gensc.bench.gsc.sweeps import Plan
from gensc.data.images import display_name, expand, fit, load_image, spread
from gensc.experiment.base import BenchResult
from gensc.experiment.figures import draw_all, ratio
from gensc.experiment.rows import Row
from gensc.experiment.scheme import Picture
from gensc.system.errors import UserError
from gensc.system.progress import Reporter, progress

if TYPE_CHECKING:
    from gensc_models.data.cifar import ImageSet
    from gensc_models.metrics.lpips import Distance

#: Pictures in the strips of Figure 6.
STRIP_IMAGES, STRIP_PHOTOS = 3, 2
QUICK = Plan(
    images=100, snrs_db=(0, 7, 15), user_images=60, user_snrs_db=(0, 15), air_images=3,
    air_snrs_db=(0, 15), slots=1, slot_snrs_db=(15,), photos=1, cases=(("awgn", 32),),
    photo_snrs_db=(0, 15), timings=5,
)  # fmt: skip


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
    score = sweeps.scored_by(perceptual)
    test = None if cifar_path is None else _load(cifar_path, limit or plan.images)
    photos = _photos(images, plan)
    # Read first: a log that cannot be read must not cost the sweep.
    trained = [row for name in training.REFINERS for row in training.read_log(name)]
    source = "CIFAR-10"
    small: list[Picture] = []
    every: list[Row] = []
    result = BenchResult("gsc", settings=_settings(plan, lpips))
    if test is not None:
        source = test.source
        small = [Picture(f"cifar-{i}", image) for i, image in enumerate(test.images)]
        result.settings |= {"cifar": source, "cifar images": len(small)}
        result.settings["cifar images of all users"] = min(plan.user_images, len(small))
    with progress("bench gsc", plan.steps(len(small), len(photos))) as bar:
        systems = photo_systems()
        _note(result, systems, "photos", bar)
        codec = systems.found[NGF].weights[0].id if NGF in systems.found else "missing"
        if small:
            cifar = cifar_systems()
            _note(result, cifar, "CIFAR-10", bar)
            todo = (small, cifar, plan, score, bar.step)
            result.rows += sweeps.cifar(*todo)
            rows, every = sweeps.users(*todo)
            result.rows += rows
            if cifar.refined():
                title = f"{source}, AWGN, bandwidth ratio {ratio(plan.rate)}"
                result.figures["figure6_strip"] = strip(
                    small[:STRIP_IMAGES], cifar.refined(), plan.rate, plan.seed, title
                )
                result.rows += complexity.measure(
                    cifar.refined()[0], small, plan.rate, plan.timings
                )
        result.rows += sweeps.photos(photos, systems, plan, score, bar.step)
        if len(systems.refined()) > 1:
            rate = min(rate for _, rate in plan.cases)
            title = f"{codec}, AWGN, bandwidth ratio {ratio(rate)}"
            result.figures["figure6_strip_photos"] = strip(
                photos[:STRIP_PHOTOS], systems.refined(), rate, plan.seed, title
            )
        # Last, as the flowgraph takes half of torch's threads away.
        if small and cifar.refined():
            result.rows += sweeps.through_gnuradio(*todo, result.lines)
    result.rows += trained
    if not trained:
        missing = f"no {training.LOG} beside a refiner's weights"
        result.settings["left_out"]["figure 7"] = missing
    result.checks = list(all_checks(result.rows))
    result.tables = list(shown.tables(result.rows, source))
    metrics = {"psnr": "PSNR, dB", "ms_ssim": result.settings["ms_ssim"].split("; ")[0]}
    result.figures |= shown.figures(
        result.rows,
        every,
        metrics | ({} if perceptual is None else {"lpips": f"{lpips}, lower is better"}),
        f"{len(small)} images, {source}, bandwidth ratio {ratio(plan.rate)}",
        f"{len(photos)} photos of {plan.side}×{plan.side}; codec of GSC and NGF: {codec}",
    )
    result.figures |= draw_all([complexity.BARS], result.rows)
    result.figures |= draw_all([training.FIGURE], list(training.curves(trained)))
    return result


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


def _photos(images: Sequence[str] | None, plan: Plan) -> list[Picture]:
    """Photos cropped to squares; at most as many as planned, evenly spread."""
    paths = spread(expand(list(images or ["skimage:"])), plan.photos)
    return [Picture(display_name(p), fit(load_image(p), plan.side, plan.side)) for p in paths]


def _settings(plan: Plan, lpips: str) -> dict[str, Any]:
    from gensc_models.metrics.fidelity import ms_ssim_name

    return {
        "cifar": "not measured: no --cifar",
        "psnr": "uint8, per image, then averaged; psnr_of_mean_mse: of the mean squared error",
        "exact images": "an image without any error counts as of mean squared error 1/12",
        "ms_ssim": f"CIFAR-10: {ms_ssim_name(32, 32)}; "
        f"photos: {ms_ssim_name(plan.side, plan.side)}",
        "lpips": lpips,
        "csi": "perfect in torch (the paper's assumption), estimated in GNU Radio",
        "encoder": "told the mean SNR; the refiner is told that of its image behind the equaliser",
        "jpeg, CIFAR-10": "abbreviated JPEG (one byte, then the entropy-coded data; tables known "
        "to both ends), 4:2:0, quality searched to fit; the LDPC and QAM scheme of the best mean "
        "PSNR at each mean SNR; scaled: best of sizes 1, 1/2, 1/4; images that were stored as JPEG "
        "favour it",
        "jpeg, photos": "Pillow, 4:2:0, optimised tables; best fixed margin at each mean SNR",
        "users": f"{sweeps.USERS} users, as many antennas; awgn: identity matrix; rayleigh: "
        "CN(0,1) entries, one matrix per image slot",
        "seed": plan.seed,
        "left_out": {},
        "weights": {},
    }


def _note(result: BenchResult, systems: Systems, part: str, bar: Reporter) -> None:
    """Which weights are used, and which schemes are left out and why."""
    result.settings["weights"] |= systems.weights()
    for scheme, reason in systems.missing.items():
        result.settings["left_out"][f"{part}: {scheme}"] = reason
        bar.say(f"left out of {part}: {scheme}: {reason}")
