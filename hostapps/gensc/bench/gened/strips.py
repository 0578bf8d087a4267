"""Figures 10 to 12 of GenED-SC: what the schemes make of single photos, to be looked at.

Photos are shown as squares around their foregrounds; the numbers below are of the foreground in
the whole photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gensc.bench.gened.data import Marked, Photo
from gensc.bench.gened.plots import LABELS, present
from gensc.bench.gened.points import Place, Points
from gensc.bench.gened.schemes import EDITED, GENED, SWIN
from gensc_models.metrics.fidelity import mask_psnr
from gensc_models.semantics.overlays import mask_overlay

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Side of a square in pixels of the photo, and in inches of the figure.
WINDOW, CELL = 240, 1.12
#: Inches of a line of text.
LINE = 0.17
#: Side of the box around the worst of a failure.
BOX = 64

Square = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture with a line below it, and a red box where something went wrong."""

    picture: Photo
    note: str = ""
    box: Square | None = None


def by_scheme(points: Points, photos: Sequence[Marked], place: Place, title: str) -> Figure:
    """Figure 10: every scheme at one place, a photo a row."""
    schemes = present(points)
    headings = ["original", "mask sent", *(LABELS.get(s, s).split(" (")[0] for s in schemes)]
    rows = [
        [*_given(points, image, place), *(_received(points, image, place, s) for s in schemes)]
        for image in photos
    ]
    return _sheet(headings, rows, title, cell=1.7)


def by_snr(points: Points, photos: Sequence[Marked], places: Sequence[Place], title: str) -> Figure:
    """Figure 11: SwinJSCC, coarse and edited at several SNRs, a photo a row."""
    names = {SWIN: "SwinJSCC", GENED: "coarse", EDITED: "edited"}
    headings = ["original", "mask sent"]
    headings += [f"{name}, {p.snr_db:g} dB" for p in places for name in names.values()]
    rows = [
        [
            *_given(points, image, places[-1]),
            *(_received(points, image, place, scheme) for place in places for scheme in names),
        ]
        for image in photos
    ]
    return _sheet(headings, rows, title)


def failures(
    points: Points, photos: Sequence[Marked], place: Place, count: int, title: str
) -> Figure:
    """Figure 12: where the foreground comes out worst, with a box around the worst of it."""
    shown = EDITED if any(key[1] == EDITED for key in points.pictures) else GENED

    def quality(image: Marked) -> float:
        kept = points.pictures.get((place, shown, image.name))
        return mask_psnr(image.photo, kept.picture, image.foreground) if kept else 0.0

    rows = []
    for image in sorted(photos, key=quality)[:count]:
        box = _worst(points, image, place, shown)
        cells = [*_given(points, image, place), _truth(image)]
        cells += [_received(points, image, place, s, box) for s in (SWIN, GENED, EDITED)]
        rows.append(cells)
    headings = ["original", "mask sent", "foreground", "SwinJSCC", "coarse", "edited"]
    return _sheet(headings, rows, title, cell=2.2)


def _given(points: Points, image: Marked, place: Place) -> list[Cell | None]:
    """The original, and what the transmitter takes for foreground."""
    window = _window(image)
    kept = points.pictures.get((place, GENED, image.name))
    original = Cell(image.photo[window], image.name)
    if kept is None or kept.mask is None:
        return [original, None]
    share = f"{100 * kept.mask.mean():.0f} % of the photo"
    return [original, Cell(mask_overlay(image.photo, kept.mask)[window], share)]


def _truth(image: Marked) -> Cell:
    overlay = mask_overlay(image.photo, image.foreground)
    return Cell(overlay[_window(image)], "by which it is judged")


def _received(
    points: Points, image: Marked, place: Place, scheme: str, box: Square | None = None
) -> Cell | None:
    """A received picture with the PSNR of its foreground."""
    kept = points.pictures.get((place, scheme, image.name))
    if kept is None:
        return None
    quality = mask_psnr(image.photo, kept.picture, image.foreground)
    return Cell(kept.picture[_window(image)], f"{quality:.1f} dB", box)


def _window(image: Marked) -> Square:
    """The square around the foreground's centre, as near as the photo's borders let it."""
    height, width = image.photo.shape[:2]
    side = min(WINDOW, height, width)
    centre = np.argwhere(image.foreground).mean(axis=0)
    top, left = (
        int(np.clip(c - side / 2, 0, length - side))
        for c, length in zip(centre, (height, width), strict=True)
    )
    return slice(top, top + side), slice(left, left + side)


def _worst(points: Points, image: Marked, place: Place, scheme: str) -> Square | None:
    """Within the square that is shown, the box with the largest error in the foreground."""
    from scipy.ndimage import uniform_filter

    kept = points.pictures.get((place, scheme, image.name))
    if kept is None:
        return None
    error = np.square(image.photo.astype(np.float64) - kept.picture).mean(axis=2)
    error = (error * image.foreground)[_window(image)]
    half = min(BOX, *error.shape) // 2
    spread = uniform_filter(error, 2 * half, mode="constant")
    inner = spread[half : spread.shape[0] - half + 1, half : spread.shape[1] - half + 1]
    top, left = np.unravel_index(inner.argmax(), inner.shape)
    return slice(int(top), int(top) + 2 * half), slice(int(left), int(left) + 2 * half)


def _sheet(
    headings: Sequence[str], rows: Sequence[Sequence[Cell | None]], title: str, cell: float = CELL
) -> Figure:
    """Squares in rows and columns; every square as many pixels wide as its inches say."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    gap = 0.04
    width = len(headings) * (cell + gap) + gap
    height = len(rows) * (cell + LINE + gap) + 3 * LINE
    fig = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(fig)
    fig.text(0.5, 1 - 0.6 * LINE / height, title, ha="center", va="center", fontsize=9)
    for i, row in enumerate(rows):
        for j, (heading, shown) in enumerate(zip(headings, row, strict=True)):
            if shown is None:
                continue
            left = gap + j * (cell + gap)
            bottom = height - 2.4 * LINE - (i + 1) * (cell + LINE + gap) + LINE
            ax = fig.add_axes((left / width, bottom / height, cell / width, cell / height))
            _show(ax, shown, heading if i == 0 else "")
    return fig


def _show(ax: Axes, shown: Cell, heading: str) -> None:
    ax.set_axis_off()
    ax.imshow(shown.picture)
    ax.set_title(heading, fontsize=8, pad=2)
    ax.text(0.5, -0.02, shown.note, transform=ax.transAxes, ha="center", va="top", fontsize=6.5)
    if shown.box is not None:
        from matplotlib.patches import Rectangle

        rows, columns = shown.box
        ax.add_patch(
            Rectangle(
                (columns.start, rows.start),
                columns.stop - columns.start,
                rows.stop - rows.start,
                fill=False,
                edgecolor="red",
                linewidth=1.5,
            )
        )
