"""Figures declared and drawn: which column over which, one curve per what, one panel per what.

>>> figure = Figure("psnr", x="snr_db", y="psnr", hue="scheme", panels="channel", rows="rate")
>>> drawn = draw(figure, rows)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from gensc.experiment.grid import PER_BLOCK
from gensc.experiment.rows import Row, of
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
    "st_lpips": "ST-LPIPS (lower is better)",
    "brisque": "BRISQUE (lower is better)",
    "clip_score": "CLIP-Score",
    "top1": "same first guess of a classifier",
    "top5": "the original's class among the first five guesses",
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
    """A figure of curves or bars.

    Attributes:
        name: of its files.
        x, y: columns; of several `y` each has panels of its own, below those of the others, or
            beside them where there are no `panels`; one that no row has is left out.
        hue: column whose values are the curves, None for one; `style` is another one, drawn as
            kinds of lines.
        where: columns → the values of the rows that are drawn; empty for all.
        panels, rows: columns whose values are the panels beside and below each other; None for
            one.
        bars: in place of curves: a group for each x, a bar for each curve.
        lines: between points.
        share: of all x; a curve that has fewer of them is left out.
        title: above all.
        labels: values and columns as they are said where not as they are.
        names: of the curves, in their order; others follow.
        interval: draws `Y_ci` where rows have it.
        markers: at points.
        marks: values of `style` that are marks without lines; the others are lines without marks.
        shades: curves are coloured from dark to light: for a hue that has an order.
        log_x, log_y: logarithmic.
        limits: of the axes by their column: least and most, None as the curves have it.
        levels: column → value of a dotted line, for what is asked for.
        x_label, y_label: of the axes where columns are called otherwise.
        extra: called with every panel's axes and rows, for what is peculiar to the figure.
        width, height: of a panel, inches.
    """

    name: str
    x: str
    y: str | Sequence[str]
    hue: str | None = "scheme"
    style: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    panels: str | None = None
    rows: str | None = None
    bars: bool = False
    lines: bool = True
    share: float = 0.0
    title: str = ""
    labels: Mapping[Any, str] = field(default_factory=dict)
    names: Sequence[Any] = ()
    interval: bool = True
    markers: bool = True
    marks: Collection[Any] = ()
    shades: bool = False
    log_x: bool = False
    log_y: bool = False
    limits: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    x_label: str = ""
    y_label: str = ""
    extra: Callable[[Axes, list[Row]], object] | None = None
    width: float = 5.6
    height: float = 4.2

    @property
    def ys(self) -> list[str]:
        """The columns of the panels' y axes."""
        return [self.y] if isinstance(self.y, str) else list(self.y)


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
    if column == "alpha":
        return f"α = {value:g}"
    return str(value)


def draw(what: Figure, rows: Iterable[Row]) -> Drawn | None:
    """The figure of these rows; None where none has a column of each axis."""
    known = [
        r
        for r in of(rows, **what.where)
        if r.get(what.x) is not None and any(r.get(y) is not None for y in what.ys)
    ]
    if not known:
        return None
    ys = [y for y in what.ys if any(r.get(y) is not None for r in known)]
    columns, lines = _values(known, what.panels), _values(known, what.rows)
    beside = what.panels is None and len(ys) > 1
    size = (len(ys), len(lines)) if beside else (len(columns), len(lines) * len(ys))
    fig, axes = figure(*size, width=what.width, height=what.height,
                       share_y=False if beside else "row")  # fmt: skip
    for ax, (line, y, column) in zip(axes, product(lines, ys, columns), strict=True):
        here = [r for r in known if _is(r, what.panels, column) and _is(r, what.rows, line)
                and r.get(y) is not None]  # fmt: skip
        _panel(ax, what, known, here, y)
        parts = [(what.panels, column), (what.rows, line)]
        ax.set_title(", ".join(said(c, v, what.labels) for c, v in parts if c), fontsize=11)
        _axes(ax, what, y)
        if what.extra is not None:
            what.extra(ax, here)
    _legend(fig, axes)
    if what.title:
        fig.suptitle(what.title, fontsize=12)
    return fig


def _panel(ax: Axes, what: Figure, known: list[Row], here: list[Row], y: str) -> None:
    """All curves or bars of a panel."""
    hues, places = _hues(known, what), {r[what.x] for r in here}
    curves: list[tuple[list[Row], dict[str, Any]]] = []
    for (i, hue), (j, style) in product(hues, enumerate(_values(known, what.style))):
        curve = [r for r in here if _is(r, what.hue, hue) and _is(r, what.style, style)]
        if not curve or len({r[what.x] for r in curve}) < what.share * len(places):
            continue
        named = ((what.hue, hue), (what.style, style))
        label = ", ".join(said(c, v, what.labels) for c, v in named if c and v is not None)
        bare = style in what.marks if what.marks else None if what.lines else True
        look = _look(what, i, j, len(hues), bare) | {"label": label}
        curves.append((sorted(curve, key=lambda r: r[what.x]), look))
    if what.bars:
        _bars(ax, what, _values(known, what.x), curves, y)
        return
    for curve, look in curves:
        _curve(ax, curve, what, y, look)


def _bars(
    ax: Axes, what: Figure, places: list[Any], curves: list[tuple[list[Row], dict[str, Any]]],
    y: str,
) -> None:  # fmt: skip
    """A group of bars for each place, with their values above."""
    for n, (rows, look) in enumerate(curves):
        shift = 0.8 * ((n + 0.5) / len(curves) - 0.5)
        bars = ax.bar([places.index(r[what.x]) + shift for r in rows], [r[y] for r in rows],
                      0.76 / len(curves), color=look["color"], label=look["label"])  # fmt: skip
        ax.bar_label(bars, fmt="%.3g", fontsize=9, padding=2)
    ax.set_xticks(range(len(places)), [said(what.x, v, what.labels) for v in places])
    ax.grid(False, axis="x")
    ax.margins(y=0.15)


def _axes(ax: Axes, what: Figure, y: str) -> None:
    """Names, limits and levels of the axes."""
    ax.set_xlabel(what.x_label or what.labels.get(what.x) or LABELS.get(what.x, what.x))
    ax.set_ylabel(what.y_label or what.labels.get(y) or LABELS.get(y, y))
    if what.log_x:
        ax.set_xscale("log")
    if what.log_y:
        ax.set_yscale("log")
    if what.x in what.limits:
        ax.set_xlim(*what.limits[what.x])
    if y in what.limits:
        ax.set_ylim(*what.limits[y])
    for column, line in ((what.x, ax.axvline), (y, ax.axhline)):
        if column in what.levels:
            line(what.levels[column], color="#777777", linestyle=":", linewidth=1.5)


def _look(what: Figure, i: int, j: int, hues: int, bare: bool | None) -> dict[str, Any]:
    """Colour, marker and line of the curve `i` of so many, in style `j`; `bare` ones are marks
    alone, those that are not, lines alone."""
    from matplotlib import colormaps

    kind = LINES[(j + i // len(COLOURS)) % len(LINES)] if bare is None else "-"
    colour: Any = COLOURS[i % len(COLOURS)]
    if what.shades:
        colour, kind = colormaps["viridis"](0.05 + 0.85 * i / max(hues - 1, 1)), LINES[j]
    return {
        "color": colour,
        "marker": MARKERS[i % len(MARKERS)] if what.markers and bare is not False else None,
        "linestyle": "none" if bare else kind,
    }


def draw_all(figures: Iterable[Figure], rows: Sequence[Row]) -> dict[str, Drawn]:
    """Those of the figures of which there are rows, by name."""
    made = {what.name: draw(what, rows) for what in figures}
    return {name: fig for name, fig in made.items() if fig is not None}


def _curve(ax: Axes, rows: list[Row], what: Figure, y_name: str, look: Mapping[str, Any]) -> None:
    x, y = ([r[column] for r in rows] for column in (what.x, y_name))
    ax.plot(x, y, markersize=5.5, linewidth=2, **look)
    spread = [r.get(f"{y_name}_ci") for r in rows]
    if what.interval and any(s is not None for s in spread):
        low, high = (
            [v + sign * (s or 0.0) for v, s in zip(y, spread, strict=True)] for sign in (-1, 1)
        )
        ax.fill_between(x, low, high, color=look["color"], alpha=0.13, linewidth=0)


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
        # As many columns as the widest entry leaves room for: 0.09 inches a letter, 0.7 the line.
        widest = 0.09 * max(map(len, found)) + 0.7
        columns = max(1, min(4, len(found), int(fig.get_figwidth() / widest)))
        fig.legend(found.values(), found.keys(), frameon=False, loc="outside lower center",
                   ncols=columns)  # fmt: skip


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
