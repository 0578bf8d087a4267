"""Figures declared and drawn: which column over which, one curve per what, one panel per what.

>>> figure = Figure("psnr", x="snr_db", y="psnr", hue="scheme", panels="channel", rows="rate")
>>> drawn = draw(figure, rows)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gensc.experiment.grid import PER_BLOCK
from gensc.experiment.rows import Row
from gensc.figures.plots import COLOURS, MARKERS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

#: Columns as axes say them.
LABELS = {
    "snr_db": "Es/N0, dB",
    "cbr": "bandwidth ratio, symbols per colour sample",
    "psnr": "PSNR, dB",
    "foreground_psnr": "PSNR of the foreground, dB",
    "mask_psnr": "PSNR of what matters, dB",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "lpips": "LPIPS (lower is better)",
    "brisque": "BRISQUE (lower is better)",
    "clip_score": "CLIP-Score",
    "gvif": "GVIF",
}
#: Channels as titles say them.
CHANNELS = {
    "awgn": "AWGN",
    "rayleigh": "block Rayleigh",
    "rayleigh-fast": "fast Rayleigh",
    "multipath": "3-tap Rayleigh",
    "fading": "time-varying 3-tap Rayleigh",
    "none": "no noise",
}
LINES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Figure:
    """A figure of curves.

    Attributes:
        name: of its files.
        x, y: columns.
        hue: column whose values are the curves; `style` is another one, drawn as kinds of lines.
        panels, rows: columns whose values are the panels beside and below each other; None for
            one.
        title: above all.
        labels: values and columns as they are said where not as they are.
        names: of the curves, in their order; others follow.
        interval: draws `Y_ci` where rows have it.
        markers: at points.
        marks: values of `style` that are marks without lines; the others are lines without marks.
        log_x: logarithmic.
        x_label, y_label: of the axes where columns are called otherwise.
        extra: called with every panel's axes and rows, for what is peculiar to the figure.
        width, height: of a panel, inches.
    """

    name: str
    x: str
    y: str
    hue: str = "scheme"
    style: str | None = None
    panels: str | None = None
    rows: str | None = None
    title: str = ""
    labels: Mapping[Any, str] = field(default_factory=dict)
    names: Sequence[Any] = ()
    interval: bool = True
    markers: bool = True
    marks: Collection[Any] = ()
    log_x: bool = False
    x_label: str = ""
    y_label: str = ""
    extra: Callable[[Axes, list[Row]], object] | None = None
    width: float = 5.6
    height: float = 4.2


def ratio(rate: int) -> str:
    """A rate as a bandwidth ratio, e.g. 1/24."""
    from fractions import Fraction

    exact = Fraction(int(rate), PER_BLOCK)
    return (
        f"{exact.numerator}/{exact.denominator}"
        if exact.numerator < 10
        else f"{rate / PER_BLOCK:.4f}"
    )


def said(column: str | None, value: Any, labels: Mapping[Any, str]) -> str:
    """A value of a column as titles and legends say it."""
    if value in labels:
        return labels[value]
    if column == "channel":
        return CHANNELS.get(str(value), str(value))
    if column == "rate":
        return f"bandwidth ratio {ratio(value)}"
    if column == "snr_db":
        return f"Es/N0 {value:g} dB"
    return str(value)


def draw(what: Figure, rows: Iterable[Row]) -> Drawn | None:
    """The figure of these rows; None where none has both columns."""
    known = [r for r in rows if r.get(what.x) is not None and r.get(what.y) is not None]
    if not known:
        return None
    columns, lines = _values(known, what.panels), _values(known, what.rows)
    hues, styles = _hues(known, what), _values(known, what.style)
    fig, axes = figure(len(columns), len(lines), width=what.width, height=what.height,
                       share_y="row")  # fmt: skip
    grid = [(line, column) for line in lines for column in columns]
    for ax, (line, column) in zip(axes, grid, strict=True):
        here = [r for r in known if _is(r, what.panels, column) and _is(r, what.rows, line)]
        for i, hue in hues:
            for j, style in enumerate(styles):
                curve = [r for r in here if r.get(what.hue) == hue and _is(r, what.style, style)]
                label = ", ".join(
                    said(c, v, what.labels)
                    for c, v in ((what.hue, hue), (what.style, style))
                    if c is not None and v is not None
                )
                bare = style in what.marks if what.marks else None
                _curve(ax, curve, what, i, j, label, bare)
        parts = [(what.panels, column), (what.rows, line)]
        ax.set_title(", ".join(said(c, v, what.labels) for c, v in parts if c), fontsize=11)
        ax.set_xlabel(what.x_label or what.labels.get(what.x) or LABELS.get(what.x, what.x))
        ax.set_ylabel(what.y_label or what.labels.get(what.y) or LABELS.get(what.y, what.y))
        if what.log_x:
            ax.set_xscale("log")
        if what.extra is not None:
            what.extra(ax, here)
    _legend(fig, axes)
    if what.title:
        fig.suptitle(what.title, fontsize=12)
    return fig


def draw_all(figures: Iterable[Figure], rows: Sequence[Row]) -> dict[str, Drawn]:
    """Those of the figures of which there are rows, by name."""
    made = {what.name: draw(what, rows) for what in figures}
    return {name: fig for name, fig in made.items() if fig is not None}


def _curve(
    ax: Axes, rows: list[Row], what: Figure, i: int, j: int, label: str, bare: bool | None
) -> None:
    """One curve; `bare` ones are marks alone, those that are not, lines alone."""
    ordered = sorted(rows, key=lambda r: r[what.x])
    if not ordered:
        return
    x, y = ([r[column] for r in ordered] for column in (what.x, what.y))
    colour = COLOURS[i % len(COLOURS)]
    marker = MARKERS[i % len(MARKERS)] if what.markers and bare is not False else None
    line = LINES[(j + i // len(COLOURS)) % len(LINES)] if bare is None else "-"
    ax.plot(x, y, color=colour, marker=marker, markersize=5.5, linewidth=2,
            linestyle="none" if bare else line, label=label)  # fmt: skip
    spread = [r.get(f"{what.y}_ci") for r in ordered]
    if what.interval and any(s is not None for s in spread):
        low, high = (
            [v + sign * (s or 0.0) for v, s in zip(y, spread, strict=True)] for sign in (-1, 1)
        )
        ax.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)


def _legend(fig: Drawn, axes: Sequence[Axes]) -> None:
    """Every curve once: inside a single panel, else below all."""
    found: dict[str, Any] = {}
    for ax in axes:
        found |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    if not found or list(found) == [""]:
        return
    if len(axes) == 1 and len(found) <= 5:
        axes[0].legend(frameon=False)
    else:
        fig.legend(found.values(), found.keys(), frameon=False, loc="outside lower center",
                   ncols=min(4, len(found)))  # fmt: skip


def _values(rows: Sequence[Row], column: str | None) -> list[Any]:
    """The values of a column in the order they come; numbers ascending."""
    if column is None:
        return [None]
    found = list(dict.fromkeys(r.get(column) for r in rows))
    return sorted(found) if all(isinstance(v, int | float) for v in found) else found


def _hues(rows: Sequence[Row], what: Figure) -> list[tuple[int, Any]]:
    """The curves with their numbers: a name has the same colour in every figure that names it."""
    found = _values(rows, what.hue)
    names = [*what.names, *(v for v in found if v not in what.names)]
    return [(i, v) for i, v in enumerate(names) if v in found]


def _is(row: Row, column: str | None, value: Any) -> bool:
    return column is None or row.get(column) == value
