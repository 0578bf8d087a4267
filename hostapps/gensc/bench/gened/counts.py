"""What every image costs: symbols of both branches, header section, mask and caption."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gensc.bench.gened.data import Marked, MarkedSet
from gensc.bench.gened.schemes import Counts, DualBranch
from gensc.data.images import fit
from gensc_models.semantics.captions import LayoutCaptioner

EXPERIMENT = "counts"
#: The size, bandwidth ratio and SNR of the paper's own count: 8192 symbols without the caption.
SIDE, RATE, SNR_DB = 256, 32, 4.0
PAPER_TEXT_SYMBOLS = 426
COLUMNS = ("foreground", "background", "side", "side_bits", "mask_bits", "text", "text_bytes",
           "total")  # fmt: skip


def measure(photos: MarkedSet, scheme: DualBranch) -> Iterable[dict[str, Any]]:
    """A row per photo as it is and cut to the paper's size, then the mean of each."""
    for cut in (True, False):
        rows = []
        for image in photos.photos:
            taken = _cut(image) if cut else image
            height, width = taken.photo.shape[:2]
            counts = scheme.send(taken, RATE, SNR_DB).counts
            size = f"{height}x{width}"
            rows.append({"image": image.name, "size": size, **_as_row(counts)})
        yield from ({"experiment": EXPERIMENT, **row} for row in rows)
        sizes = list(dict.fromkeys(row["size"] for row in rows))
        means = {name: float(np.mean([row[name] for row in rows])) for name in COLUMNS}
        yield {"experiment": EXPERIMENT, "image": "mean", "size": " ".join(sizes), **means}


def _cut(image: Marked) -> Marked:
    """The photo at the paper's size; its map is not needed."""
    photo = fit(image.photo, SIDE, SIDE)
    return Marked(image.name, photo, photo[..., 0], LayoutCaptioner().caption(photo))


def _as_row(counts: Counts) -> dict[str, int | None]:
    return {name: getattr(counts, name) for name in COLUMNS}
