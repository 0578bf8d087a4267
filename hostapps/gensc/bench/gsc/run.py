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

from gensc.bench.gsc import complexity, shown, training
from gensc.bench.gsc.checks import all_checks
from gensc.bench.gsc.schemes import CIFAR_SCHEMES, GSC, NGF, PHOTO_SCHEMES, Systems, load_systems
from gensc.bench.gsc.strip import strip
from gensc.bench.gsc.sweeps import FLOWGRAPH, USERS, Plan, Sweeps, scored_by
from gensc.data.images import display_names, expand, fit, load_image, spread
from gensc.experiment.base import BenchResult
from gensc.experiment.figures import draw_all, ratio
from gensc.experiment.rows import melt, of
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
    test = None if cifar_path is None else _load(cifar_path, limit or plan.images)
    photos = _photos(images, plan)
    # Read first: a log that cannot be read must not cost the sweep.
    trained = [row for name in training.REFINERS for row in training.read_log(name)]
    result = BenchResult("gsc", settings=_settings(plan, lpips))
    images_of_cifar = 0 if test is None else len(test.images)
    with progress("bench gsc", plan.steps(images_of_cifar, len(photos))) as bar:
        sweep = Sweeps(plan, scored_by(perceptual), bar.step)
        systems = load_systems(PHOTO_SCHEMES)
        _note(result, systems, "photos", bar)
        result.rows += sweep.photos(photos, systems)
        codec = systems.found[NGF].weights[0].id if NGF in systems.found else "missing"
        if GSC in systems.found:
            rate = min(rate for _, rate in plan.cases)
            made = strip(photos[:STRIP_PHOTOS], systems.refined(), rate, plan.seed, codec)
            result.figures["figure6_strip_photos"] = made
        if test is not None:
            _cifar(result, sweep, test, bar)
    result.rows += trained
    if not trained:
        missing = f"no {training.LOG} beside a refiner's weights"
        result.settings["left_out"]["figure 7"] = missing
    source = "CIFAR-10" if test is None else test.source
    result.checks = list(all_checks(result.rows))
    result.tables = list(shown.tables(result.rows, source))
    metrics = {"psnr": "PSNR, dB", "ms_ssim": result.settings["ms_ssim"].split("; ")[0]}
    if perceptual is not None:
        metrics["lpips"] = f"{lpips}, lower is better"
    figures = shown.figures(
        metrics, f"{images_of_cifar} images, {source}, bandwidth ratio {ratio(plan.rate)}",
        f"{len(photos)} photos of {plan.side}×{plan.side}; codec of GSC and NGF: {codec}",
    )  # fmt: skip
    air = melt(of(result.rows, experiment=FLOWGRAPH), shown.AIR, "how", "value")
    result.figures |= draw_all([*figures, complexity.BARS], result.rows + air)
    result.figures |= draw_all([training.FIGURE], list(training.curves(trained)))
    return result


def _cifar(result: BenchResult, sweep: Sweeps, test: ImageSet, bar: Reporter) -> None:
    """Everything on CIFAR-10."""
    plan, systems = sweep.plan, load_systems(CIFAR_SCHEMES)
    pictures = [Picture(f"cifar-{i}", image) for i, image in enumerate(test.images)]
    _note(result, systems, "CIFAR-10", bar)
    result.settings |= {"cifar": test.source, "cifar images": len(pictures)}
    result.settings["cifar images of all users"] = min(plan.user_images, len(pictures))
    result.rows += sweep.cifar(pictures, systems) + sweep.users(pictures, systems)
    refined = systems.refined()
    if refined:
        made = strip(pictures[:STRIP_IMAGES], refined, plan.rate, plan.seed, test.source)
        result.figures["figure6_strip"] = made
        result.rows += complexity.measure(refined[0], pictures, plan.rate, plan.timings)
        # Last, as the flowgraph takes half of torch's threads away.
        points, result.lines = sweep.through_gnuradio(pictures, systems)
        result.rows += points


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
    return [
        Picture(name, fit(load_image(p), plan.side, plan.side))
        for name, p in zip(display_names(paths), paths, strict=True)
    ]


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
        "PSNR at each mean SNR; scaled: best of sizes 1 to 1/8; images that were stored as JPEG "
        "favour it",
        "jpeg, photos": "Pillow, 4:2:0, optimised tables; best fixed margin at each mean SNR",
        "users": f"{USERS} users, as many antennas; awgn: identity matrix; rayleigh: "
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
