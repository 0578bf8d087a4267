"""`gensc bench cie`: Figures 7, 9a, 9b, 10, 11a and 11b of GVIF-CIE, regenerated.

Codec bank, filtering, Algorithm 1, inpainting and the closed loop, beside JPEG 2000 at the same
bytes, the codec without filtering and, where its pipelines can be had, text alone. Every row says
whether its bits travelled over the burst waveform or were counted at the capacity (Eq. 8).

What cannot be had is left out, and `settings["left_out"]` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gensc.adapt.measure import measure
from gensc.adapt.system import CieSystem, load_system
from gensc.bench.cie import (
    adaptation,
    bank,
    distance,
    filtering,
    link,
    loop,
    pictures,
    terms,
)
from gensc.bench.cie.plan import QUICK, Photos, Plan, Work
from gensc.data.images import display_names, expand, load_image, scale_to_area, spread
from gensc.experiment.base import BenchResult
from gensc.experiment.schemes.generative import load_text_only
from gensc.system.errors import UserError
from gensc.system.progress import progress

#: Photos that take turns in the closed loop.
LOOP_IMAGES = 4


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
        inpainter: of `gensc.adapt.system.load_system`.
        text_to_image: pipeline of the baseline that sends text alone.

    Raises:
        UserError: images, weights or pipelines that were named and cannot be had.
    """
    from gensc_models.metrics.distances import load_distances

    plan = QUICK if quick else Plan()
    paths = expand(list(images or ["skimage:"]))
    paths = paths[: limit or len(paths)]
    system = load_system(model, importance, inpainter)
    text, no_text = load_text_only(text_to_image)
    result = BenchResult("cie", settings=_settings(plan, system))
    left_out = result.settings["left_out"] = {} if text else {"text only": no_text}
    with progress("bench cie", plan.steps(len(paths))) as bar:
        photos = _load(paths, plan.rate_images)
        named = f"{len(photos)} " + ("photos" if images else "scikit-image's photos")
        result.add(bank.run(system.bank, photos, plan, named, bar.step))
        photos = _load(paths, plan.images, plan.side)
        result.settings["adaptation images"] = [name for name, _ in photos]
        family = measure(system.bank, system.importance, photos, plan.points, plan.alphas, bar.step)
        work = Work(plan, system, family, photos, text, bar.step)
        for experiment in (adaptation.run, filtering.gvif_map, link.run, pictures.run,
                           filtering.inpainting):  # fmt: skip
            result.add(experiment(work))
        metrics, no_metrics = load_distances()
        left_out |= no_metrics
        for metric in metrics:
            result.settings["weights"] |= _weights_of(getattr(metric, "classifier", None))
        if metrics:
            photos = _load(paths, plan.distance_images, plan.side)
            result.add(distance.run(work, photos, metrics))
        result.add(bank.damaged(system.bank, plan.fuzzed, plan.seed))
        bar.step("damaged streams")
    # Last, as the flowgraph takes half of torch's threads away.
    try:
        walk = loop.QUICK if quick else loop.FULL
        result.add(loop.run(walk, spread(paths, LOOP_IMAGES), model, importance))
    except UserError as error:
        left_out["closed loop"] = str(error)
    return result


def _load(paths: Sequence[str], count: int, side: int = 0) -> Photos:
    """So many of the photos, evenly spread; scaled to the area of side×side unless that is 0."""
    some = spread(paths, count)
    loaded = zip(display_names(some), map(load_image, some), strict=True)
    return [(name, scale_to_area(photo, side * side) if side else photo) for name, photo in loaded]


def _settings(plan: Plan, system: CieSystem) -> dict[str, Any]:
    import torch

    codec, inpainter = system.bank, system.inpainter
    return {
        "transport": "capacity: error-free bits at B log2(1 + SNR), Eq. 8, B = 1 MHz; burst: LDPC, "
        "QAM and OFDM of the waveform at 1 MHz, with all its overhead, in NumPy",
        "psnr": "uint8, per image, then averaged; mask PSNR of a family: of the mean squared error",
        "importance": system.importance.name,
        "inpainting": inpainter.name if inpainter else "none",
        "nothing received": "middle grey, GVIF 0",
        "JPEG 2000": "Pillow, bare codestream, 9/7 wavelet, colour transform (mct=1)",
        "alpha_th": terms.ALPHA_MAX,
        "size": f"rate and distortion: as they are; else scaled to the area of {plan.side}×"
        f"{plan.side} pixels",
        "threads": torch.get_num_threads(),
        "seed": plan.seed,
        "weights": {codec.name: codec.sha256, **_weights_of(inpainter)},
    }


def _weights_of(model: object) -> dict[str, str]:
    """Name and SHA-256 of what has weights of this project; nothing of anything else."""
    sha256 = getattr(model, "sha256", "")
    return {getattr(model, "name", ""): sha256} if sha256 else {}
