"""Figures 6 to 9 of GenED-SC as curves; 10 to 12 are :mod:`gensc.bench.gened.strips`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gensc.bench.gened.points import Point, Points
from gensc.bench.gened.schemes import DEEPJSCC, EDITED, GENED, ORDER, SINGLE, SOFTCAST, SWIN
from gensc.figures.plots import COLOURS, MARKERS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    GENED: "GenED-SC, coarse",
    EDITED: "GenED-SC, edited (caption sent)",
    SINGLE: "single branch",
    SWIN: "SwinJSCC",
    DEEPJSCC: "DeepJSCC",
    SOFTCAST: "SoftCast (linear)",
}
CHANNELS = {"awgn": "AWGN", "rayleigh": "block Rayleigh", "fading": "fading"}
METRICS = {
    "foreground_psnr": "foreground PSNR, dB",
    "psnr": "PSNR, dB",
    "ms_ssim": "MS-SSIM",
    "clip_score": "CLIP-Score",
    "lpips": "LPIPS (lower is better)",
    "brisque": "BRISQUE (lower is better)",
}


def foreground_figure(
    points: Points, channels: Sequence[str], rates: Sequence[int], dataset: str, title: str
) -> Figure:
    """Foreground PSNR of every scheme, channels down and bandwidth ratios across."""
    fig, axes = figure(len(rates), len(channels), width=4.4, height=3.7, share_y="row")
    places = [(channel, rate) for channel in channels for rate in rates]
    for ax, (channel, rate) in zip(axes, places, strict=True):
        _curves(ax, points, "foreground_psnr", dataset=dataset, channel=channel, rate=rate)
        ax.set_title(f"{CHANNELS[channel]}, bandwidth ratio 1/{768 // rate}", fontsize=10)
    for ax in axes[:: len(rates)]:
        ax.set_ylabel(METRICS["foreground_psnr"])
    _legend(fig, axes)
    fig.suptitle(title, fontsize=11)
    return fig


def quality_figure(
    points: Points, metrics: Sequence[str], channels: Sequence[str], rate: int, dataset: str,
    title: str,
) -> Figure:  # fmt: skip
    """Figures 6 to 8: metrics down, channels across, at one bandwidth ratio."""
    fig, axes = figure(len(channels), len(metrics), width=5.2, height=3.5, share_y="row")
    panels = [(metric, channel) for metric in metrics for channel in channels]
    for ax, (metric, channel) in zip(axes, panels, strict=True):
        _curves(ax, points, metric, dataset=dataset, channel=channel, rate=rate)
        ax.set_title(CHANNELS[channel], fontsize=10)
    for ax, metric in zip(axes[:: len(channels)], metrics, strict=True):
        ax.set_ylabel(METRICS[metric])
    _legend(fig, axes)
    fig.suptitle(title, fontsize=11)
    return fig


def overhead_figure(
    points: Points, metrics: Sequence[str], snr_db: float, dataset: str, title: str
) -> Figure:
    """Figure 9: quality against all symbols of an image, header section and caption included."""
    fig, axes = figure(len(metrics), width=4.8, height=3.9)
    for ax, metric in zip(axes, metrics, strict=True):
        for scheme in present(points):
            found = points.of(dataset=dataset, channel="awgn", snr_db=snr_db, scheme=scheme)
            line = sorted(found, key=lambda p: p.symbols)
            _line(ax, scheme, [(p.symbols / 1e3, getattr(p, metric)) for p in line], points)
        ax.set_xlabel("symbols of an image, thousands, caption included")
        ax.set_ylabel(METRICS[metric])
    _legend(fig, axes)
    fig.suptitle(title, fontsize=11)
    return fig


def known_metrics(found: Sequence[Point], wanted: Sequence[str]) -> list[str]:
    """Those of the metrics that were computed."""
    return [m for m in wanted if any(getattr(p, m) is not None for p in found)]


def _curves(ax: Axes, points: Points, metric: str, **place: object) -> None:
    """A curve per scheme; one that was run at less than half of the SNRs has none."""
    snrs = {p.snr_db for p in points.of(**place)}
    for scheme in present(points):
        line = points.of(scheme=scheme, **place)
        if 2 * len(line) < len(snrs):
            continue
        _line(ax, scheme, [(p.snr_db, getattr(p, metric)) for p in line], points)
    ax.set_xlabel("Es/N0, dB")


def present(points: Points) -> list[str]:
    """Schemes that were run: the known ones in their order, then those that a user brought."""
    there = points.schemes()
    return [s for s in ORDER if s in there] + [s for s in there if s not in ORDER]


def _line(
    ax: Axes, scheme: str, values: Sequence[tuple[float, float | None]], points: Points
) -> None:
    known = [(x, y) for x, y in values if y is not None]
    if not known:
        return
    others = [s for s in present(points) if s not in ORDER]
    number = ORDER.index(scheme) if scheme in ORDER else len(ORDER) + others.index(scheme)
    ax.plot(
        [x for x, _ in known],
        [y for _, y in known],
        color=COLOURS[number % len(COLOURS)],
        marker=MARKERS[number % len(MARKERS)],
        markersize=5,
        linewidth=1.8,
        linestyle="-" if number < len(COLOURS) else "--",
        label=LABELS.get(scheme, scheme),
        zorder=3 - 0.1 * number,
    )


def _legend(fig: Figure, axes: Sequence[Axes]) -> None:
    """One legend below all axes."""
    found = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=3,
                   frameon=False, fontsize=8)  # fmt: skip
