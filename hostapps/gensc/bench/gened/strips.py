"""Figures 10 to 12 of GenED-SC: what the schemes make of single photos, to be looked at.

Photos are shown as squares around their foregrounds; the numbers below are of the foreground in
the whole photo.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gensc.bench.gened.schemes import EDITED, GENED, LABELS, SWIN
from gensc.experiment.marked import Marked
from gensc.experiment.scheme import Mask, Photo
from gensc.figures.picture_grid import Cell, sheet
from gensc_models.metrics.fidelity import mask_psnr
from gensc_models.semantics.overlays import mask_overlay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Side of a square, and of the box around the worst of a failure, pixels of the photo.
WINDOW, BOX = 240, 64
NAMES = {SWIN: "SwinJSCC", GENED: "coarse", EDITED: "edited"}
Square = tuple[slice, slice]
#: Symbols per 16×16 block and Es/N0 over AWGN.
Place = tuple[int, float]
Kept = Mapping[tuple[Place, str, str], tuple[Photo, Mask | None]]
"""By place, scheme and name of the photo: what is received, and the mask its sender took."""


def by_scheme(kept: Kept, photos: Sequence[Marked], place: Place, title: str) -> Figure:
    """Figure 10: every scheme at one place, a photo a row."""
    there = {scheme for _, scheme, _ in kept}
    schemes = [*(s for s in LABELS if s in there), *sorted(there - LABELS.keys())]
    headings = ["original", "mask sent", *(LABELS.get(s, s).split(" (")[0] for s in schemes)]
    rows = [[*_given(kept, p, place), *(_received(kept, p, place, s) for s in schemes)]
            for p in photos]  # fmt: skip
    return sheet(rows, title, headings, 1.7)


def by_snr(kept: Kept, photos: Sequence[Marked], places: Sequence[Place], title: str) -> Figure:
    """Figure 11: SwinJSCC, coarse and edited at several SNRs, a photo a row."""
    headings = ["original", "mask sent"]
    headings += [f"{name}, {snr_db:g} dB" for _, snr_db in places for name in NAMES.values()]
    rows = [
        [*_given(kept, p, places[-1]), *(_received(kept, p, at, s) for at in places for s in NAMES)]
        for p in photos
    ]
    return sheet(rows, title, headings)


def failures(
    kept: Kept, photos: Sequence[Marked], place: Place, count: int, title: str
) -> Figure:  # fmt: skip
    """Figure 12: where the foreground comes out worst, with a box around the worst of it."""
    shown = EDITED if any(scheme == EDITED for _, scheme, _ in kept) else GENED

    def quality(image: Marked) -> float:
        found = kept.get((place, shown, image.name))
        return mask_psnr(image.pixels, found[0], image.foreground) if found else 0.0

    rows = []
    for image in sorted(photos, key=quality)[:count]:
        box = _worst(kept, image, place, shown)
        truth = mask_overlay(image.pixels, image.foreground)[_window(image)]
        cells = [*_given(kept, image, place), Cell(truth, "by which it is judged")]
        rows.append([*cells, *(_received(kept, image, place, s, box) for s in NAMES)])
    return sheet(rows, title, ["original", "mask sent", "foreground", *NAMES.values()], 2.2)


def _given(kept: Kept, image: Marked, place: Place) -> list[Cell | None]:
    """The original, and what the transmitter takes for foreground."""
    window = _window(image)
    original = Cell(image.pixels[window], image.name)
    _, mask = kept.get((place, GENED, image.name), (None, None))
    if mask is None:
        return [original, None]
    share = f"{100 * mask.mean():.0f} % of the photo"
    return [original, Cell(mask_overlay(image.pixels, mask)[window], share)]


def _received(
    kept: Kept, image: Marked, place: Place, scheme: str, box: Square | None = None
) -> Cell | None:
    """A received picture with the PSNR of its foreground."""
    found = kept.get((place, scheme, image.name))
    if found is None:
        return None
    quality = mask_psnr(image.pixels, found[0], image.foreground)
    return Cell(found[0][_window(image)], f"{quality:.1f} dB", box=box)


def _window(image: Marked) -> Square:
    """The square around the foreground's centre, as near as the photo's borders let it."""
    size = image.pixels.shape[:2]
    side = min(WINDOW, *size)
    centre = np.argwhere(image.foreground).mean(axis=0)
    top, left = (int(np.clip(c - side / 2, 0, n - side)) for c, n in zip(centre, size, strict=True))
    return slice(top, top + side), slice(left, left + side)


def _worst(kept: Kept, image: Marked, place: Place, scheme: str) -> Square | None:
    """Within the square that is shown, the box with the largest error in the foreground."""
    from scipy.ndimage import uniform_filter

    found = kept.get((place, scheme, image.name))
    if found is None:
        return None
    error = np.square(image.pixels.astype(np.float64) - found[0]).mean(axis=2)
    error = (error * image.foreground)[_window(image)]
    half = min(BOX, *error.shape) // 2
    spread = uniform_filter(error, 2 * half, mode="constant")
    inner = spread[half : spread.shape[0] - half + 1, half : spread.shape[1] - half + 1]
    top, left = map(int, np.unravel_index(inner.argmax(), inner.shape))
    return slice(top, top + 2 * half), slice(left, left + 2 * half)
