"""Photos beside maps of what in them matters: the picture by which to judge a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gensc.adapt.bank import Photo
from gensc.adapt.importance import Importance
from gensc_models.semantics.overlays import heat_overlay

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 2.7
"""Inches."""


def importance_sheet(photos: Sequence[tuple[str, Photo]], sources: Sequence[Importance]) -> Figure:
    """A row per photo: the photo itself, then each source's map over it, red where it matters most.

    Args:
        photos: name and pixels, uint8 H x W x 3; at least one.
        sources: of importance.

    Raises:
        UserError: a source can say nothing about a photo.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lying = [photo.shape[0] / photo.shape[1] for _, photo in photos]
    columns = 1 + len(sources)
    fig = Figure(
        figsize=(CELL * columns, CELL * sum(lying) + 0.4), layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(fig)
    axes = fig.subplots(len(photos), columns, squeeze=False, height_ratios=lying)
    for (name, photo), row in zip(photos, axes, strict=True):
        row[0].imshow(photo)
        for ax, source in zip(row[1:], sources, strict=True):
            ax.imshow(heat_overlay(photo, source(photo, name)))
        for ax in row:
            ax.set_axis_off()
    for ax, title in zip(axes[0], ["", *(source.name for source in sources)], strict=True):
        ax.set_title(title, fontsize=9)
    return fig
