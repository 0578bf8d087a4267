"""A line chart as inline SVG that takes its colours from the page, in light and in dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Series:
    """One line of the chart.

    Attributes:
        label: for the legend; "" leaves the line out of it.
        points: (x, y), ascending in x.
        colour: CSS colour, e.g. "var(--series-1)".
        faint: drawn thin and without markers.
        dashed: drawn with gaps.
    """

    label: str
    points: list[tuple[float, float]]
    colour: str
    faint: bool = False
    dashed: bool = False


WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 66, 18, 18, 46


def line_chart(series: list[Series], x_label: str, y_label: str) -> str:
    """The chart as an <svg> element; axes cover all finite points."""
    points = [p for s in series for p in s.points if all(map(math.isfinite, p))]
    if not points:
        return ""
    xs, ys = ticks([p[0] for p in points]), ticks([p[1] for p in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (x - xs[0]) / (xs[-1] - xs[0]) * (WIDTH - LEFT - RIGHT)
        up = (y - ys[0]) / (ys[-1] - ys[0]) * (HEIGHT - TOP - BOTTOM)
        return LEFT + right, HEIGHT - BOTTOM - up

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="chart" role="img">']
    for x in xs:
        px, _ = place(x, ys[0])
        parts.append(
            f'<line class="grid" x1="{px:.1f}" x2="{px:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text class="tick" x="{px:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{x:g}</text>"
        )
    for y in ys:
        _, py = place(xs[0], y)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py:.1f}" y2="{py:.1f}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{py + 4:.1f}" text-anchor="end">{y:g}</text>'
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" '
        f'text-anchor="middle">{escape(x_label)}</text>'
        f'<text class="axis" x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escape(y_label)}</text>'
    )
    for s in series:
        placed = [place(*p) for p in s.points if all(map(math.isfinite, p))]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        width, opacity = (1.2, 0.45) if s.faint else (2.6, 1)
        dashes = ' stroke-dasharray="7 5"' if s.dashed else ""
        parts.append(
            f'<polyline fill="none" points="{path}" style="stroke:{s.colour}" '
            f'stroke-width="{width}" opacity="{opacity}" stroke-linejoin="round"{dashes}/>'
        )
        if not s.faint:
            parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill:{s.colour}"/>'
                for x, y in placed
            ]
    parts.append("</svg>")
    legend = "".join(
        f'<span><i class="{"dashed" if s.dashed else "solid"}" style="border-color:{s.colour}">'
        f"</i>{escape(s.label)}</span>"
        for s in series
        if s.label
    )
    return "".join(parts) + f'<div class="legend">{legend}</div>'


def ticks(values: list[float], about: int = 6) -> list[float]:
    """Round numbers that span `values`, about so many; at least two."""
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]
