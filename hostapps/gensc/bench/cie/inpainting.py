"""Inpainting at several thresholds: what is sent, and what each inpainter makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.base import Check
from gensc.figures.picture_grid import grid, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gensc_models.restore.inpainting import Inpainter

EXPERIMENT = "inpainting"
WHITE = 255
TITLES = {
    "mean": "mean colour",
    "smooth": "smooth continuation",
    "biharmonic": "biharmonic (scikit-image)",
}

Photo = NDArray[np.uint8]
Keep = NDArray[np.bool_]
Row = dict[str, Any]


@dataclass(frozen=True)
class InpaintingPlan:
    """How much is run.

    Attributes:
        photos: how many, each at all thresholds.
        alphas: thresholds of importance.
    """

    photos: int = 3
    alphas: Sequence[float] = (0.2, 0.4, 0.6)

    def steps(self, photos: int) -> int:
        """How often progress is told."""
        return min(self.photos, photos) * len(self.alphas)


@dataclass(frozen=True, eq=False)
class Filled:
    """One photo at one threshold.

    Attributes:
        name, original, alpha: which.
        keep: pixels that are kept.
        pictures: inpainter's name → its picture.
        rows: one per inpainter.
    """

    name: str
    original: Photo
    alpha: float
    keep: Keep
    pictures: dict[str, Photo]
    rows: list[Row]


def fill_in(
    photos: Sequence[tuple[str, Photo]],
    importance: Callable[[Photo, str], NDArray[Any]],
    alphas: Sequence[float],
    inpainters: Sequence[Inpainter],
    seed: int,
    step: Callable[[str], None] = lambda note: None,
) -> list[Filled]:
    """Every photo at every threshold through every inpainter.

    The photo itself is what is kept of it, not what a codec leaves of that: this is about the
    holes. A threshold at which nothing is kept, or all, is left out.

    Args:
        photos: name and pixels.
        importance: map of a photo, told its name too.
        alphas: thresholds.
        inpainters: see `gensc_models.restore.inpainting.Inpainter`.
        seed: of all of them.
        step: called after each photo and threshold.
    """
    from gensc_models.restore.inpainting import keep_of_blocks
    from gensc_models.semantics.filtering import on_blocks

    found = []
    for number, (name, photo) in enumerate(photos):
        blocks = on_blocks(importance(photo, name), *photo.shape[:2])
        for alpha in alphas:
            keep = keep_of_blocks(blocks >= alpha, *photo.shape[:2])
            if keep.any() and not keep.all():
                pictures = {i.name: i.inpaint(photo, keep, seed=seed + number) for i in inpainters}
                rows = [_row(name, photo, alpha, keep, *made) for made in pictures.items()]
                found.append(Filled(name, photo, alpha, keep, pictures, rows))
            step(f"inpainting of {name}")
    return found


def _row(name: str, photo: Photo, alpha: float, keep: Keep, by: str, picture: Photo) -> Row:
    from gensc_models.restore.inpainting.measures import measure

    change = np.abs(picture[keep].astype(int) - photo[keep].astype(int))
    found = measure(photo, keep, np.where(keep[..., None], photo, picture))
    return {
        "experiment": EXPERIMENT,
        "image": name,
        "alpha": alpha,
        "kept": float(keep.mean()),
        "inpainter": by,
        "change_of_kept": int(change.max()),
        "hole_psnr": found.psnr,
        "texture": found.texture,
        "border": found.border,
    }


def checks(filled: Sequence[Filled]) -> Iterable[Check]:
    """Kept pixels stay kept."""
    changes = [row["change_of_kept"] for item in filled for row in item.rows]
    if changes:
        reference = f"{len(changes)} inpainted images"
        name = "inpainting, largest change of a kept pixel"
        yield Check(name, float(max(changes)), "levels", "<=", 0.0, reference)


def inpainting_figure(filled: Sequence[Filled], title: str) -> Figure:
    """Rows: photos and thresholds; columns: original, what is kept, and each inpainter."""
    fig, axes = grid(len(filled), 2 + len(filled[0].pictures), filled[0].original)
    headings = ["original", "what is kept", *(TITLES.get(n, n) for n in filled[0].pictures)]
    for number, (row, item) in enumerate(zip(axes, filled, strict=True)):
        kept = np.where(item.keep[..., None], item.original, WHITE).astype(np.uint8)
        notes = [item.name, f"α {item.alpha:g}: {100 * item.keep.mean():.0f} % kept"]
        notes += [f"texture {r['texture']:.2f}, border {r['border']:.2f}" for r in item.rows]
        pictures = [item.original, kept, *item.pictures.values()]
        for ax, picture, note, heading in zip(row, pictures, notes, headings, strict=True):
            show(ax, picture, note, "" if number else heading)
    fig.suptitle(f"{title}\ntexture and border steps relative to the original's", fontsize=11)
    return fig
