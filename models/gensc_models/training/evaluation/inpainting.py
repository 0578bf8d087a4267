"""Inpainters beside each other: ``python -m gensc_models.training.evaluation.inpainting``.

Photos keep the blocks of 16x16 whose importance, by maps of the same names, is at or above a
threshold. Prints JSON lines, one per threshold and inpainter, then the same as a Markdown table.
PSNR is a mean over the images, texture and border (:mod:`gensc_models.restore.inpainting.measures`)
are medians: of a clear sky almost nothing is many times too much. The Frechet distance is that of
the classifier's features over patches of the whole images
(:mod:`gensc_models.metrics.patch_distance`).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from gensc_models.catalogue.inpainters import DEFAULT, load_inpainter
from gensc_models.metrics.patch_distance import PatchDistance
from gensc_models.restore.inpainting.inpainter import Image, Inpainter, Keep, keep_of_blocks
from gensc_models.restore.inpainting.measures import measure
from gensc_models.semantics.filtering import on_blocks
from gensc_models.semantics.importance import Classifier
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from gensc_models.weights.store import WeightsError


@dataclass(frozen=True)
class Score:
    """One inpainter at one threshold; ``kept`` is the share of pixels, ``seconds`` per image.

    ``distance`` is the Frechet distance, None without a classifier.
    """

    alpha: float
    inpainter: str
    kept: float
    psnr: float
    texture: float
    border: float
    distance: float | None
    seconds: float
    images: int


def masks(pairs: Sequence[MappedPhoto], alpha: float) -> list[tuple[Image, Keep]]:
    """The photos of which something is kept and something not at a threshold, with their masks."""
    found = []
    for pair in pairs:
        height, width = pair.photo.shape[:2]
        blocks = on_blocks(pair.map.astype(np.float64), height, width) >= alpha
        keep = keep_of_blocks(blocks, height, width)
        if keep.any() and not keep.all():
            found.append((pair.photo, keep))
    return found


def score(
    inpainter: Inpainter,
    shown: Sequence[tuple[Image, Keep]],
    alpha: float,
    distance: PatchDistance | None,
    seed: int = 0,
) -> Score:
    """Figures of one inpainter on photos with masks.

    Raises
    ------
    ValueError
        No photo, or the inpainter changed a kept pixel.
    """
    if not shown:
        raise ValueError(f"at alpha {alpha:g} no photo has both kept and missing blocks")
    start = time.process_time()
    filled = [
        inpainter.inpaint(photo, keep, seed=seed + n) for n, (photo, keep) in enumerate(shown)
    ]
    seconds = (time.process_time() - start) / len(shown)
    found = [measure(photo, keep, f) for (photo, keep), f in zip(shown, filled, strict=True)]
    originals = [photo for photo, _ in shown]
    apart = None if distance is None else round(distance(originals, filled), 4)
    return Score(
        alpha,
        inpainter.name,
        round(float(np.mean([keep.mean() for _, keep in shown])), 3),
        round(float(np.mean([m.psnr for m in found])), 2),
        round(float(np.nanmedian([m.texture for m in found])), 3),
        round(float(np.nanmedian([m.border for m in found])), 3),
        apart,
        round(seconds, 2),
        len(shown),
    )


def markdown_table(scores: Iterable[Score]) -> str:
    """One row per threshold and inpainter."""
    lines = [
        "| alpha | kept | inpainter | PSNR in the holes | texture | border | distance | s/image |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for s in scores:
        apart = "" if s.distance is None else f"{s.distance:.3f}"
        lines.append(
            f"| {s.alpha:g} | {100 * s.kept:.0f} % | {s.inpainter} | {s.psnr:.2f} dB | "
            f"{s.texture:.2f} | {s.border:.2f} | {apart} | {s.seconds:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.inpainting", description=__doc__
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument("--maps", type=Path, required=True, help="folder of their maps (.png)")
    parser.add_argument("--prefixes", nargs="+", default=[""], help="of file names")
    parser.add_argument("--limit", type=int, default=None, help="only N photos, evenly spread")
    parser.add_argument("--alphas", type=float, nargs="+", default=[0.2, 0.4, 0.6])
    parser.add_argument(
        "--inpainters", nargs="+", default=["mean", "smooth", "biharmonic", DEFAULT]
    )
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    pairs = load_mapped(options.images, options.maps, tuple(options.prefixes))
    pairs = pairs[:: max(1, len(pairs) // (options.limit or len(pairs)))][: options.limit]
    inpainters = [load_inpainter(name) for name in options.inpainters]
    try:
        distance = PatchDistance(Classifier.from_pretrained())
    except WeightsError as error:
        print(f"no distance: {error}")
        distance = None
    scores = []
    for alpha in options.alphas:
        shown = masks(pairs, alpha)
        for inpainter in inpainters:
            scores.append(score(inpainter, shown, alpha, distance))
            print(json.dumps(asdict(scores[-1])), flush=True)
    print(markdown_table(scores))


if __name__ == "__main__":
    main()
