"""The classifier on a pack of JPEG files: `python -m gensc_models.training.evaluation.classifier`.

Accuracy, and where the pack has a box around each object, whether the class activation maps point
at it (Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016): the share of
the images whose map is largest inside of the box, beside the share whose middle lies in it. Boxes
of more than half of the image are left out, nobody could miss them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.data.jpeg_pack import JpegPack, read_boxes, read_pack
from gensc_models.metrics.accuracy import accuracy
from gensc_models.semantics.importance.classifier import DEFAULT, Classifier
from gensc_models.semantics.importance.pixels import on_pixels

LARGEST_BOX = 0.5


@dataclass(frozen=True)
class Pointing:
    """Shares of the ``images`` in whose box lies the largest value of a map, or the middle."""

    of_label: float
    of_first_guess: float
    middle: float
    images: int


def mask_of(box: NDArray[np.integer], height: int, width: int) -> NDArray[np.bool_]:
    """Pixels inside of a box x0, y0, x1, y1 (both corners included), ``height x width``."""
    inside = np.zeros((height, width), dtype=bool)
    x0, y0, x1, y1 = (int(edge) for edge in box)
    inside[y0 : y1 + 1, x0 : x1 + 1] = True
    return inside


@torch.inference_mode()
def pointing(network: Classifier, pack: JpegPack, boxes: NDArray[np.integer]) -> Pointing:
    """The pointing game with the maps of the true class and of the first guess.

    Raises
    ------
    ValueError
        No box is small enough to be missed.
    """
    hits = []
    height, width = pack.images.shape[1:3]
    for image, label, box in zip(pack.images, pack.labels, boxes, strict=True):
        inside = mask_of(box, height, width)
        if inside.mean() > LARGEST_BOX:
            continue
        pixels = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255.0
        maps, scores = network.activation(pixels)
        found = [_points_inside(maps[0, k], inside) for k in (int(label), int(scores.argmax()))]
        hits.append([*found, bool(inside[height // 2, width // 2])])
    if not hits:
        raise ValueError("no box is small enough to be missed")
    of_label, of_first_guess, middle = np.mean(hits, axis=0).tolist()
    return Pointing(of_label, of_first_guess, middle, len(hits))


def _points_inside(values: Tensor, inside: NDArray[np.bool_]) -> bool:
    return bool(inside.ravel()[on_pixels(values, *inside.shape).argmax()])


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.classifier", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="pack of JPEG files (.npz)")
    parser.add_argument("--classifier", default=DEFAULT, help="name or folder of weights")
    parser.add_argument("--limit", type=int, help="the first so many images only")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        network = Classifier.from_pretrained(options.classifier)
        pack, boxes = read_pack(options.data, options.limit), read_boxes(options.data)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    found = accuracy(network, pack)
    print(f"top-1 {found['top1']:.3f}, top-5 {found['top5']:.3f} of {len(pack.images)} images")
    if boxes is not None:
        game = pointing(network, pack, boxes[: options.limit])
        print(
            f"points into the box: map of the true class {game.of_label:.3f}, of the first guess "
            f"{game.of_first_guess:.3f}, the middle {game.middle:.3f}, of {game.images} images"
        )


if __name__ == "__main__":
    main()
