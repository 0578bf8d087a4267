"""Sources of importance against maps of people: ``python -m
gensc_models.training.evaluation.importance``.

Three figures, each the mean over the images:

- F, the F-measure (1 + b²) P R / (b² P + R) with b² = 0.3, precision P and recall R of the pixels
  above a threshold; the threshold is the one (of 255, the same for all images) with the largest F;
- IoU, intersection over union at the threshold that is best for it;
- MAE, the mean absolute difference of the maps.

What people mark counts as marked from half of the full value on; where nothing reaches that, F
and IoU do not exist and the image counts for MAE alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gensc_models.catalogue.importance import load_importance
from gensc_models.metrics.foreground import f_measure_curve, iou_curve, map_error
from gensc_models.semantics.importance.classical import CentrePrior, SpectralResidual
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from gensc_models.semantics.importance.sources import ImageImportance


@dataclass(frozen=True)
class Scores:
    """Figures of one source; ``images`` says of how many F and IoU are."""

    name: str
    f_measure: float
    iou: float
    mae: float
    images: int


def evaluate(source: ImageImportance, pairs: Sequence[MappedPhoto]) -> Scores:
    """Figures of a source on photos with maps.

    Raises
    ------
    ValueError
        No photos, or nothing marked in any.
    """
    f_measures, ious, errors = [], [], []
    for pair in pairs:
        found = source(pair.photo)
        target = pair.map.astype(np.float32) / 255.0
        errors.append(map_error(found, target))
        marked = target >= 0.5
        if marked.any():
            # At threshold 0 everything would be marked.
            f_measures.append(f_measure_curve(found, marked)[1:])
            ious.append(iou_curve(found, marked)[1:])
    if not f_measures:
        raise ValueError("no photo with anything marked in its map")
    return Scores(
        source.name,
        float(np.mean(f_measures, axis=0).max()),
        float(np.mean(ious, axis=0).max()),
        float(np.mean(errors)),
        len(f_measures),
    )


def table(rows: Sequence[Scores]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| importance | F ↑ | IoU ↑ | MAE ↓ |", "|---|---|---|---|"]
    lines += [f"| {r.name} | {r.f_measure:.3f} | {r.iou:.3f} | {r.mae:.3f} |" for r in rows]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.importance", description=__doc__
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument("--maps", type=Path, required=True, help="folder of their maps (.png)")
    parser.add_argument("--prefix", default="test_", help="of the names of the photos")
    parser.add_argument("--limit", type=int, help="the first so many photos only")
    parser.add_argument("--importance", nargs="+", default=["learned", "cam"], help="sources")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        pairs = load_mapped(options.images, options.maps, (options.prefix,), options.limit)
        sources = [*map(load_importance, options.importance), CentrePrior(), SpectralResidual()]
        rows = [evaluate(source, pairs) for source in sources]
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(table(rows))
    print(f"\n{len(pairs)} photos, F and IoU of the {rows[0].images} with something marked")


if __name__ == "__main__":
    main()
