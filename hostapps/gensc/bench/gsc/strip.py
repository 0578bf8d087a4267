"""Figure 6: the same pictures with and without refinement, at SNRs from 0 to 15 dB."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from gensc.experiment.figures import ratio
from gensc.experiment.grid import Grid, collect
from gensc.experiment.scheme import Picture, Scheme
from gensc.experiment.ways import load_way
from gensc.figures.picture_grid import Cell, sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SNRS_DB = (0, 3, 6, 9, 12, 15)


def strip(
    pictures: Sequence[Picture], schemes: Sequence[Scheme], rate: int, seed: int, what: str
) -> Figure:
    """Pictures over AWGN in rows (scheme) and columns (SNR), the original first, PSNR below."""
    grid = Grid(schemes, ("awgn",), (rate,), SNRS_DB, (seed,), kept=lambda point, picture: True)
    found = {
        (o.picture.name, o.point.scheme, o.point.snr_db): o
        for o in collect(grid, pictures, load_way("torch"))
    }
    rows: list[list[Cell | None]] = []
    for picture, scheme in product(pictures, schemes):
        rows.append([Cell(picture.pixels, "original") if scheme is schemes[0] else None])
        for snr_db in SNRS_DB:
            o = found[picture.name, scheme.name, snr_db]
            assert o.received.image is not None
            note = f"{scheme.name.upper()} {o.metrics['psnr']:.1f} dB"
            rows[-1].append(Cell(o.received.image, note))
    headings = ["", *(f"Es/N0 {snr_db:g} dB" for snr_db in SNRS_DB)]
    title = f"{what}, AWGN, bandwidth ratio {ratio(rate)}"
    return sheet(rows, title, headings, width=1.45)
