"""The plot of `gensc bench serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gensc.figures.plots import COLOURS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gensc.bench.serve.load import Load

#: Image side and users.
Case = tuple[int, int]
LABELS = ("one at a time", "service")


def plot(loads: dict[Case, tuple[Load, Load]], many: int) -> Figure:
    """Images per second of every case, and how long `many` users wait for small images."""
    fig, (left, right) = figure(2, width=5.8, height=4.2)
    _throughput(left, loads)
    _latency(right, loads[min(side for side, _ in loads), many])
    right.set_title(f"Latency, {many} users, small images", fontsize=11)
    return fig


def _throughput(ax: Axes, loads: dict[Case, tuple[Load, Load]]) -> None:
    places = np.arange(len(loads))
    for i, label in enumerate(LABELS):
        values = [pair[i].images_per_s for pair in loads.values()]
        bars = ax.bar(places + 0.4 * (i - 0.5), values, 0.38, color=COLOURS[i], label=label)
        ax.bar_label(bars, [_figure(v) for v in values], padding=2, fontsize=9)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    speeds = [load.images_per_s for pair in loads.values() for load in pair]
    ax.set_ylim(min(speeds) / 4, max(speeds) * 4)
    ax.set_xticks(places, [f"{side}×{side}\n{users} users" for side, users in loads])
    ax.grid(False, axis="x")
    ax.set_ylabel("images per second")
    ax.set_title("Throughput, cache off", fontsize=11)
    ax.legend(frameon=True, framealpha=1, edgecolor="none", loc="upper right")


def _latency(ax: Axes, pair: tuple[Load, Load]) -> None:
    for load, label, colour in zip(pair, LABELS, COLOURS, strict=False):
        waits = 1e3 * np.sort(load.latency_s)
        share = 100 * np.arange(1, waits.size + 1) / waits.size
        p95 = load.percentile_ms(95)
        text = f"{label}: half within {_figure(load.percentile_ms(50))}, 95 % {_figure(p95)} ms"
        ax.step(waits, share, where="post", color=colour, linewidth=2, label=text)
        ax.plot(p95, 95, "o", color=colour, markersize=6)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    low = min(load.percentile_ms(0.5) for load in pair)
    high = max(load.percentile_ms(99.5) for load in pair)
    ax.set_xlim(low / 1.5, high * 2.5)
    # Room for the legend above the curves.
    ax.set_ylim(0, 128)
    ax.set_yticks(range(0, 101, 20))
    ax.set_xlabel("from asking to having the image, ms")
    ax.set_ylabel("images, %")
    ax.legend(frameon=True, framealpha=1, edgecolor="none", loc="upper left")


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}"
