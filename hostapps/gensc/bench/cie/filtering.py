"""What filtering leaves of photos: where their information is, and what fills the holes.

Inpainters are given what is kept of the photo itself, not what a codec leaves of that.
"""

from __future__ import annotations

import numpy as np

from gensc.adapt.bank import BLOCK, Mask, Photo
from gensc.adapt.system import pixels_of
from gensc.bench.cie.plan import Row, Work
from gensc.experiment.base import BenchResult, Check
from gensc.figures.picture_grid import Cell, sheet

TITLES = {
    "mean": "mean colour",
    "smooth": "smooth continuation",
    "biharmonic": "biharmonic (scikit-image)",
}
#: Threshold of what the GVIF map shows as sent.
ALPHA = 0.3


def gvif_map(work: Work) -> BenchResult:
    """Per photo: importance, what is sent at a threshold, the information there and arriving."""
    import torch

    from gensc_models.semantics import gvif
    from gensc_models.semantics.filtering import on_blocks
    from gensc_models.semantics.overlays import blanked

    bank, importance = work.system.bank, work.system.importance
    finest, middle = bank.points[0], bank.points[len(bank.points) // 2]
    lines = []
    for name, photo in work.photos[: work.plan.maps]:
        height, width = photo.shape[:2]
        blocks = on_blocks(importance(photo, name), height, width)
        sent = blocks >= ALPHA
        kept = torch.from_numpy(sent)[None, None]
        scales = bank.scales(photo, finest), bank.scales(photo, middle)
        arrives, there = gvif.gvif_map(*scales, kept, (height, width))[0].numpy()
        fidelity = float(gvif.gvif(*scales, kept)[0])
        large = blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:height, :width]
        lines.append([
            Cell(photo, name),
            Cell(large, f"importance: {importance.name}"),
            Cell(blanked(photo, pixels_of(sent, photo)),
                 f"sent at α {ALPHA:g}: {100 * sent.mean():.0f} % of the blocks"),
            Cell(there, f"information at point {finest}"),
            Cell(arrives, f"arriving at point {middle}: GVIF {fidelity:.3f}"),
        ])  # fmt: skip
    title = "GVIF map: visual information of every block, bright is much"
    return BenchResult("map", figures={"gvif_map": sheet(lines, title, width=2.9)})


def inpainting(work: Work) -> BenchResult:
    """Every inpainter on every photo at every threshold at which something is kept, and not all."""
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
