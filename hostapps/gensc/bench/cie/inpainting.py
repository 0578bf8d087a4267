"""Inpainting at several thresholds: what each inpainter makes of the holes of whole photos.

The photo itself is what is kept of it, not what a codec leaves of that.
"""

from __future__ import annotations

import numpy as np

from gensc.adapt.bank import Mask, Photo
from gensc.adapt.system import pixels_of
from gensc.bench.cie.plan import Row, Work
from gensc.experiment.base import BenchResult, Check
from gensc.figures.picture_grid import Cell, sheet

TITLES = {
    "mean": "mean colour",
    "smooth": "smooth continuation",
    "biharmonic": "biharmonic (scikit-image)",
}


def run(work: Work) -> BenchResult:
    """Every photo at every threshold at which something is kept, and not all."""
    from gensc_models.restore.inpainting import Biharmonic, Inpainter, MeanFill
    from gensc_models.semantics.filtering import on_blocks
    from gensc_models.semantics.overlays import blanked

    plan, system = work.plan, work.system
    inpainters: list[Inpainter] = [MeanFill(), Biharmonic()]
    inpainters += [system.inpainter] if system.inpainter else []
    rows: list[Row] = []
    lines: list[list[Cell]] = []
    for seed, (name, photo) in enumerate(work.photos[: plan.inpainted], plan.seed):
        blocks = on_blocks(system.importance(photo, name), *photo.shape[:2])
        for alpha in plan.inpainted_alphas:
            keep = pixels_of(blocks >= alpha, photo)
            if keep.any() and not keep.all():
                note = f"α {alpha:g}: {100 * keep.mean():.0f} % kept"
                lines.append([Cell(photo, name), Cell(blanked(photo, keep), note)])
                for inpainter in inpainters:
                    filled = inpainter.inpaint(photo, keep, seed=seed)
                    row = {"image": name, "alpha": alpha, "inpainter": inpainter.name}
                    row |= _quality(photo, keep, filled)
                    note = f"texture {row['texture']:.2f}, border {row['border']:.2f}"
                    lines[-1].append(Cell(filled, note))
                    rows.append({"experiment": "inpainting"} | row)
            work.step(f"inpainting of {name}")
    if not rows:
        return BenchResult("inpainting")
    names = [TITLES.get(inpainter.name, inpainter.name) for inpainter in inpainters]
    title = f"Inpainting, importance: {system.importance.name}; texture and border steps relative "
    shown = sheet(lines, f"{title}to the original's", ["original", "what is kept", *names], 2.9)
    changes = [row["change_of_kept"] for row in rows]
    check = Check.worst("inpainting, largest change of a kept pixel", changes, "levels", "<=", 0.0,
                        f"{len(rows)} inpainted images")  # fmt: skip
    return BenchResult("inpainting", rows, [check], figures={"inpainting": shown})


def _quality(photo: Photo, keep: Mask, filled: Photo) -> Row:
    from gensc_models.restore.inpainting.measures import measure

    change = np.abs(filled[keep].astype(int) - photo[keep].astype(int))
    found = measure(photo, keep, np.where(keep[..., None], photo, filled))
    return {
        "kept": float(keep.mean()), "change_of_kept": int(change.max()), "hole_psnr": found.psnr,
        "texture": found.texture, "border": found.border,
    }  # fmt: skip
