"""Figures 10 to 12 of GenED-SC: what the schemes make of single photos, to be looked at.

Photos are shown as squares around their foregrounds; the numbers below are of the foreground in
the whole photo.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from gensc.bench.gened.schemes import EDITED, GENED, LABELS, SWIN
from gensc.experiment.marked import Marked
from gensc.experiment.scheme import Mask, Photo
from gensc.figures.picture_grid import Cell, sheet
from gensc_models.metrics.fidelity import mask_psnr
from gensc_models.metrics.foreground import worst_box
from gensc_models.semantics.overlays import mask_overlay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Side of a square, and of the box around the worst of a failure, pixels of the photo.
WINDOW, BOX = 240, 64
NAMES = {SWIN: "SwinJSCC", GENED: "coarse", EDITED: "edited"}
SENT = ("original", "mask sent")
#: Symbols per 16×16 block and Es/N0 over AWGN.
Place = tuple[int, float]


Kept = Mapping[tuple[Place, str, str], tuple[Photo, Mask | None]]


@dataclass(frozen=True)
class Strips:
    """What the figures are made of.

    Attributes:
        kept: by place, scheme and name of the photo, what is received and the mask that was sent.
        photos: a row each.
    """

    kept: Kept
    photos: Sequence[Marked]

    def by_scheme(self, schemes: Collection[str], place: Place, title: str) -> Figure:
        """Figure 10: every scheme at one place."""
        there = [s for s in schemes if any(scheme == s for _, scheme, _ in self.kept)]
        headings = [*SENT, *(LABELS.get(s, s).split(" (")[0] for s in there)]
        rows = [[*self._sent(p, place), *(self._shown(p, place, s) for s in there)]
                for p in self.photos]  # fmt: skip
        return sheet(rows, title, headings, 1.7)

    def by_snr(self, places: Sequence[Place], title: str) -> Figure:
        """Figure 11: SwinJSCC, coarse and edited at several SNRs."""
        columns = list(product(places, NAMES))
        headings = [*SENT, *(f"{NAMES[scheme]}, {place[1]:g} dB" for place, scheme in columns)]
        rows = [[*self._sent(p, places[-1]), *(self._shown(p, *column) for column in columns)]
                for p in self.photos]  # fmt: skip
        return sheet(rows, title, headings)

    def failures(self, place: Place, count: int, title: str) -> Figure:
        """Figure 12: where the foreground comes out worst, with a box around the worst of it."""
        best = EDITED if any(scheme == EDITED for _, scheme, _ in self.kept) else GENED
        found = {p: self.kept.get((place, best, p.name)) for p in self.photos}
        quality = {p: mask_psnr(p.pixels, f[0], p.foreground) if f else 0.0
                   for p, f in found.items()}  # fmt: skip
        rows = []
        for image in sorted(self.photos, key=quality.__getitem__)[:count]:
            box, got = None, found[image]
            if got is not None:
                error = np.square(image.pixels.astype(np.float64) - got[0]).mean(axis=2)
                box = worst_box((error * image.foreground)[image.square(WINDOW)], BOX)
            truth = mask_overlay(image.pixels, image.foreground)[image.square(WINDOW)]
            rows.append([*self._sent(image, place), Cell(truth, "by which it is judged"),
                         *(self._shown(image, place, s, box) for s in NAMES)])  # fmt: skip
        return sheet(rows, title, [*SENT, "foreground", *NAMES.values()], 2.2)

    def _sent(self, image: Marked, place: Place) -> list[Cell | None]:
        """The original, and what the transmitter takes for foreground."""
        window = image.square(WINDOW)
        original = Cell(image.pixels[window], image.name)
        _, mask = self.kept.get((place, GENED, image.name), (None, None))
        if mask is None:
            return [original, None]
        share = f"{100 * mask.mean():.0f} % of the photo"
        return [original, Cell(mask_overlay(image.pixels, mask)[window], share)]

    def _shown(
        self, image: Marked, place: Place, scheme: str, box: tuple[slice, slice] | None = None
    ) -> Cell | None:
        """A received picture with the PSNR of its foreground."""
        found = self.kept.get((place, scheme, image.name))
        if found is None:
            return None
        quality = mask_psnr(image.pixels, found[0], image.foreground)
        return Cell(found[0][image.square(WINDOW)], f"{quality:.1f} dB", box=box)
