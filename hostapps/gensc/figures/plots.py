"""One look for every plot: `figure` to start one, `save` for PNG and SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gensc_phy.atomic import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour-blind safe series colours (Okabe and Ito), in the order series are drawn.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def figure(
    n_columns: int = 1,
    n_rows: int = 1,
    *,
    width: float = 6.4,
    height: float = 4.2,
    share_y: bool | Literal["row"] = False,
) -> tuple[Figure, list[Axes]]:
    """A white figure of axes, row by row; sizes in inches, of one axes."""
    # The object interface keeps pyplot's global state and its window back end out of it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    size = (width * n_columns, height * n_rows)
    fig = Figure(figsize=size, layout="constrained", facecolor="white")
    FigureCanvasAgg(fig)
    axes = list(fig.subplots(n_rows, n_columns, sharey=share_y, squeeze=False).flat)
    for ax in axes:
        ax.grid(True, color="#dddddd", linewidth=0.7)
        ax.set_axisbelow(True)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    return fig, axes


def save_pixels(fig: Figure, folder: Path, name: str) -> list[Path]:
    """Write `name`.png (100 dpi) alone: a figure of photos is no smaller as SVG."""
    path = folder / f"{name}.png"
    with atomic_file(path) as file:
        fig.savefig(file, format="png", dpi=100)
    return [path]


def save(
    fig: Figure, folder: Path, name: str, kinds: tuple[str, ...] = ("png", "svg")
) -> list[Path]:
    """Write `name`.png (150 dpi) and `name`.svg below `folder`, or the kinds of files named."""
    import matplotlib as mpl

    paths = [folder / f"{name}.{kind}" for kind in kinds]
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    # A fixed salt and no date: the same figures give the same file.
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        for path, kind in zip(paths, kinds, strict=True):
            with atomic_file(path) as file:
                fig.savefig(file, format=kind, dpi=150, metadata=undated.get(kind))
    return paths
