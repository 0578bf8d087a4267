"""The picture of a run: what validation found against minutes of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gensc_phy.atomic import atomic_file

PANEL = (5.0, 3.2)


Line = list[tuple[float, float]]


def draw(records: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    """One panel per quantity that was validated, one line per label, and the loss."""
    # Drawing is no part of what a trainer's first seconds are for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = lines_of(records)
    figure = Figure(figsize=(PANEL[0] * max(1, len(panels)), PANEL[1]), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    axes = figure.subplots(1, max(1, len(panels)), squeeze=False)[0]
    for panel, (quantity, lines) in zip(axes, panels.items(), strict=False):
        for label, points in lines.items():
            panel.plot(*zip(*points, strict=True), marker=".", label=label or None)
        panel.set(xlabel="minutes", ylabel=quantity)
        panel.grid(alpha=0.3)
        if any(lines):
            panel.legend(fontsize="x-small")
    with atomic_file(path) as file:
        figure.savefig(file, format="png", dpi=100)


def lines_of(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, Line]]:
    """Points (minutes, value) by quantity and label; records of another shape are left out."""
    panels: dict[str, dict[str, Line]] = {}
    for record in records:
        found = {**record.get("validation", {}), "loss": {"": record.get("loss")}}
        for quantity, values in found.items():
            for label, value in values.items() if isinstance(values, dict) else ():
                if isinstance(value, float | int):
                    line = panels.setdefault(quantity, {}).setdefault(label, [])
                    line.append((record.get("minutes", 0.0), value))
    return panels
