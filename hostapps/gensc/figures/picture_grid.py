"""Figures of pictures in rows and columns, a line below and one above each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches of a line of text, and between pictures.
LINE, GAP = 0.17, 0.04
#: Pictures of fewer rows than this are magnified without smoothing.
SMALL = 100


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture in a sheet.

    Attributes:
        picture: uint8 H×W×3, or a map H×W in 0 … 1.
        note: the line below it.
        heading: the line above it.
        box: rows and columns that are framed in red.
    """

    picture: NDArray[Any]
    note: str = ""
    heading: str = ""
    box: tuple[slice, slice] | None = None


def sheet(
    rows: Sequence[Sequence[Cell | None]],
    title: str = "",
    headings: Sequence[str] = (),
    width: float = 1.12,
) -> Figure:
    """Pictures in rows and columns of the first one's shape, empty where there is None.

    Args:
        rows: from the top, those of one row from the left.
        title: above all.
        headings: above the columns.
        width: of a picture, inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    first = next(cell for row in rows for cell in row if cell is not None).picture
    height = width * first.shape[0] / first.shape[1]
    above = LINE if any(cell and cell.heading for row in rows for cell in row) else 0.0
    step = height + LINE + above + GAP
    whole = max(map(len, rows)) * (width + GAP) + GAP, len(rows) * step + 3 * LINE
    fig = Figure(figsize=whole, facecolor="white")
    FigureCanvasAgg(fig)
    fig.text(0.5, 1 - 0.6 * LINE / whole[1], title, ha="center", va="center", fontsize=9)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if cell is None:
                continue
            left = GAP + j * (width + GAP)
            bottom = whole[1] - 2.4 * LINE - (i + 1) * step + LINE
            ax = fig.add_axes((left / whole[0], bottom / whole[1], width / whole[0],
                               height / whole[1]))  # fmt: skip
            _fill(ax, cell, headings[j] if i == 0 and headings else "", 6.5 if width < 2 else 7.5)
    return fig


def _fill(ax: Axes, cell: Cell, heading: str, size: float) -> None:
    ax.set_axis_off()
    smoothing = "nearest" if cell.picture.shape[0] < SMALL else "antialiased"
    # Colours are shown as they are; the rest is for maps.
    ax.imshow(cell.picture, cmap="magma", vmin=0, vmax=1, interpolation=smoothing)
    ax.set_title(cell.heading or heading, fontsize=8, pad=2)
    ax.text(0.5, -0.02, cell.note, transform=ax.transAxes, ha="center", va="top", fontsize=size)
    if cell.box is not None:
        from matplotlib.patches import Rectangle

        down, across = cell.box
        size_px = across.stop - across.start, down.stop - down.start
        ax.add_patch(Rectangle((across.start, down.start), *size_px, fill=False, edgecolor="red",
                               linewidth=1.5))  # fmt: skip
