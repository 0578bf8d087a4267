"""What shipped weights cost, and how good they are on twelve small images.

The figures of a folder of weights are in ``figures.json`` beside them, written by
``scripts/weights_table.py``: what a change must not make worse unnoticed. The images come with
scikit-image, so that every installation has them; half the size that they have there, three crops
of each of four photos. They are small and few: figures compare with each other alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_models.catalogue import codecs, shared
from gensc_models.codecs.codec import Codec, counted_symbols, encode
from gensc_models.codecs.simulated import receive
from gensc_models.data.photos import Photo
from gensc_models.metrics.cost import macs, processor_ms
from gensc_models.metrics.fidelity import psnr
from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsInfo

FIGURES = "figures.json"
TOLERANCE_DB = 0.05
"""By how much a PSNR may differ from one machine to another."""
RATE_TOLERANCE = 0.01
"""By what share the bits of a bank may."""
SIDE = 128
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")
SNRS_DB = (1.0, 10.0)
RATE = 32
BANK_POINTS = (7, 13, 19)
COSTED_SIDE = 256
"""Of the image that costs are counted with."""


def small_images() -> NDArray[np.uint8]:
    """The twelve images, uint8 ``12 x 128 x 128 x 3``."""
    from skimage import data

    found = []
    for name in PHOTOS:
        photo: Photo = getattr(data, name)()
        half = _reduced(photo[: photo.shape[0] // 2 * 2, : photo.shape[1] // 2 * 2, :3], 2)
        top, most = (half.shape[0] - SIDE) // 2, half.shape[1] - SIDE
        found += [half[top : top + SIDE, x : x + SIDE] for x in (0, most // 2, most)]
    return np.stack(found)


def quality(folder: Path) -> dict[str, float]:
    """Mean PSNR in dB on the twelve images by operating point; empty for what is no codec.

    Codecs over AWGN, the noise of every image its own and always the same; codecs of CIFAR-10 with
    the images at 32x32. A bank's points by their streams, and the code on it.
    """
    kind = weights.read_config(folder)["kind"]
    if not codecs.is_codec(kind):
        return {}
    images, found = small_images(), {}
    if kind == weights.BANK:
        bank = shared.shared_bank(folder)
        for point, streams in _streams(folder).items():
            shown = [bank.decode(data).image for data in streams]
            found[point] = _mean_psnr(images, shown)
    codec = shared.shared_codec(str(folder))
    rate = RATE if RATE in codec.rates else codec.rates[-1]
    if RATE not in codec.rates:
        images = np.stack([_reduced(image, SIDE // 32) for image in images])
    for snr_db in SNRS_DB:
        shown = [_over_awgn(codec, image, rate, snr_db, n) for n, image in enumerate(images)]
        found[f"CBR 1/{768 // rate} at {snr_db:g} dB"] = _mean_psnr(images, shown)
    return {name: round(value, 3) for name, value in found.items()}


def bits_per_pixel(folder: Path) -> dict[str, float]:
    """Of a bank's points on the twelve images, headers included; empty for what is no bank."""
    if weights.read_config(folder)["kind"] != weights.BANK:
        return {}
    lengths = {point: np.mean([len(d) for d in data]) for point, data in _streams(folder).items()}
    return {point: round(float(8.0 * n / SIDE**2), 4) for point, n in lengths.items()}


def _streams(folder: Path) -> dict[str, list[bytes]]:
    bank, images = shared.shared_bank(folder), small_images()
    return {f"Phi_{p}": [bank.encode(image, p).data for image in images] for p in BANK_POINTS}


def cost(folder: Path) -> dict[str, float]:
    """Multiply-accumulates in millions and ms of processor time of one 256x256 image (of codecs of
    CIFAR-10 one of 32x32), encoder and decoder together; and parameters."""
    run = _use_of(folder)
    held = weights.read_tensors(folder, weights.read_config(folder)["sha256"])
    return {
        "parameters": sum(tensor.numel() for tensor in held.values()),
        "million_macs": round(macs(run) / 1e6, 1),
        "processor_ms": round(processor_ms(run, 3), 1),
    }


def figures_of(folder: Path) -> dict[str, Any]:
    """What :data:`FIGURES` holds of a folder of weights, measured now."""
    sha256 = weights.read_config(folder)["sha256"]
    rates = bits_per_pixel(folder)
    found = {"sha256": sha256, "psnr_db": quality(folder), **cost(folder)}
    return found | ({"bits_per_pixel": rates} if rates else {})


def stored_figures(info: WeightsInfo) -> dict[str, Any]:
    """What :data:`FIGURES` beside weights says; empty where there is none."""
    file = info.path / FIGURES
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _use_of(folder: Path) -> Callable[[], Any]:
    """One image through a model, as it is used."""
    photo = np.ascontiguousarray(_photo_for_costs())
    config = weights.read_config(folder)
    kind = config["kind"]
    if codecs.is_codec(kind):
        codec = shared.shared_codec(str(folder))
        small = RATE not in codec.rates
        image = _reduced(photo, COSTED_SIDE // 32) if small else photo
        return lambda: _over_awgn(codec, image, codec.rates[-1] if small else RATE, 10.0, 0)
    if kind == "refiner":
        refiner = shared.shared_refiner(folder)
        small = refiner.config.unshuffle < 4  # type: ignore[union-attr]  # of our own weights
        image = _reduced(photo, COSTED_SIDE // 32) if small else photo
        return lambda: refiner.refine(image, 5.0)
    if kind == "inpainter":
        inpainter = shared.shared_inpainter(str(folder))
        keep = np.ones(photo.shape[:2], bool)
        keep[64:192, 64:192] = False
        return lambda: inpainter.inpaint(photo, keep)
    from gensc_models.catalogue.importance import load_importance

    source = load_importance("cam" if kind == "classifier" else f"learned:{folder}")
    return lambda: source(photo)


def _photo_for_costs() -> Photo:
    from skimage import data

    photo: Photo = _reduced(data.astronaut(), 2)
    return photo


def _over_awgn(codec: Codec, image: Photo, rate: int, snr_db: float, seed: int) -> Photo:
    sent = encode(codec, image, rate, snr_db, counted_symbols)
    return receive(codec, sent, "awgn", snr_db, seed)


def _mean_psnr(images: NDArray[np.uint8], shown: list[Photo]) -> float:
    return float(np.mean([psnr(a, b) for a, b in zip(images, shown, strict=True)]))


def _reduced(image: Photo, factor: int) -> Photo:
    """An image whose sides are multiples of ``factor``, made so much smaller by averaging."""
    height, width = (n // factor for n in image.shape[:2])
    blocks = image.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))
    return blocks.round().astype(np.uint8)
