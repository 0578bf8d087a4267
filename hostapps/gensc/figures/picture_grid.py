"""Figures of pictures in rows and columns, a line below and one above each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def grid(rows: int, columns: int, like: NDArray[np.uint8]) -> tuple[Figure, NDArray[np.object_]]:
    """An empty figure of rows×columns pictures of the shape of `like`, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = 2.9
    height = width * like.shape[0] / like.shape[1] + 0.3
    fig = Figure(figsize=(width * columns, height * rows + 0.4), layout="constrained",
                 facecolor="white")  # fmt: skip
    FigureCanvasAgg(fig)
    axes = fig.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    return fig, axes


def show(ax: Axes, picture: NDArray[Any], note: str, heading: str) -> None:
    """A picture or a map in 0 … 1, a line below it and one above."""
    # Colours are shown as they are; the rest is for maps.
    ax.imshow(picture, cmap="magma", vmin=0, vmax=1)
    ax.set_title(heading, fontsize=8)
    ax.text(0.5, -0.03, note, transform=ax.transAxes, ha="center", va="top", fontsize=7.5)
