"""The picture of a run: what validation found against minutes of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PANEL = (5.0, 3.2)


def draw(records: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    """One panel per quantity that was validated, one line per label, and the loss."""
    # Drawing is no part of what a trainer's first seconds are for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for record in records:
        minutes = record.get("minutes", 0.0)
        for quantity, values in record.get("validation", {}).items():
            for label, value in values.items():
                lines = panels.setdefault(quantity, {})
                lines.setdefault(label, []).append((minutes, value))
        if "loss" in record:
            panels.setdefault("loss", {}).setdefault("", []).append((minutes, record["loss"]))
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
    figure.savefig(path, dpi=100)
