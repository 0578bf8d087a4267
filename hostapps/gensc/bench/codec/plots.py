"""The plots of `gensc bench codec`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gensc.bench.codec.points import Point, curve
from gensc.figures.plots import COLOURS, MARKERS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "deepjscc-photo": "DeepJSCC (this project)",
    "softcast": "SoftCast (linear)",
    "jpeg+ldpc+qam": "JPEG + LDPC + QAM",
    "jpeg-scaled+ldpc+qam": "scaled JPEG + LDPC + QAM",
}
CHANNELS = {"awgn": "AWGN", "multipath": "3-tap Rayleigh"}


def plot_all(
    points: list[Point], names: tuple[str, ...], design_snr_db: float, photos: int
) -> dict[str, Figure]:
    """Figures by file name: one per channel, and the cliff."""
    figures: dict[str, Any] = {}
    rates = sorted({p.rate for p in points})
    for channel, title in CHANNELS.items():
        fig, axes = figure(len(rates), width=5.6, height=4.3)
        for ax, rate in zip(axes, rates, strict=True):
            _curves(ax, points, names, channel, rate, None)
            ax.set_title(f"bandwidth ratio 1/{768 // rate}", fontsize=11)
        axes[0].legend(frameon=False)
        fig.suptitle(f"{title}, transmitter knows the mean SNR ({photos} photos)", fontsize=12)
        figures[f"psnr_{channel}"] = fig
    rate = rates[0]
    fig, axes = figure(1, width=6.6, height=4.3)
    _curves(axes[0], points, names, "awgn", rate, design_snr_db)
    axes[0].axvline(design_snr_db, color="#888888", linewidth=1, linestyle=":")
    axes[0].annotate(
        "designed for",
        (design_snr_db, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(5, 0),
        textcoords="offset points",
        color="#666666",
        fontsize=9,
    )
    axes[0].legend(frameon=True, framealpha=1, edgecolor="none")
    axes[0].set_title(
        f"AWGN, bandwidth ratio 1/{768 // rate}: "
        f"transmitter believes in {design_snr_db:g} dB ({photos} photos)",
        fontsize=11,
    )
    figures["cliff"] = fig
    return figures


def _curves(
    ax: Axes,
    points: list[Point],
    names: tuple[str, ...],
    channel: str,
    rate: int,
    design: float | None,
) -> None:
    for i, name in enumerate(names):
        line = curve(points, name, channel, rate, design)
        ax.plot(
            [p.snr_db for p in line],
            [p.mean for p in line],
            color=COLOURS[i],
            marker=MARKERS[i],
            markersize=5.5,
            linewidth=2,
            label=LABELS.get(name, name),
        )
    ax.set_xlabel("Es/N0, dB")
    ax.set_ylabel("PSNR, dB")
