"""Figures 7, 9a, 9b, 11a and 11b of GVIF-CIE, and the curves beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gensc.bench.cie import adaptation, distance, link, rate
from gensc.bench.cie.rows import Row, of
from gensc.figures.plots import COLOURS, MARKERS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CODECS = {
    rate.BANK: "codec bank (ours)",
    rate.JPEG2000: "JPEG 2000, same bytes",
    rate.WEBP: "WebP",
    rate.JPEG: "JPEG 4:2:0",
}
SCHEMES = {
    adaptation.CIE: "GVIF-CIE",
    adaptation.UNFILTERED: "codec without filtering",
    link.JPEG2000: "JPEG 2000, same bytes",
}
ACCOUNTS = {
    adaptation.CAPACITY: "capacity (Eq. 8)",
    adaptation.BURST: "burst waveform",
}


def rate_figure(rows: Sequence[Row], images: str) -> Figure:
    """Rate and distortion of all codecs, real bytes; the published curve is on other images."""
    fig, (ax,) = figure(1, width=7.0, height=4.8)
    for i, (scheme, label) in enumerate(CODECS.items()):
        points = rate.curve(rows, scheme)
        ax.plot(*zip(*points, strict=True), color=COLOURS[i], marker=MARKERS[i], markersize=5,
                linewidth=2, label=label, zorder=3 - 0.1 * i)  # fmt: skip
    ax.plot(*zip(*rate.PUBLISHED, strict=True), color="#777777", linestyle=":", marker=".",
            label="published hyperprior, on Kodak (other images)")  # fmt: skip
    ours = [bpp for bpp, _ in rate.curve(rows, rate.BANK)]
    ax.set_xlim(0, 1.05 * max(ours))
    shown = [psnr for scheme in CODECS for bpp, psnr in rate.curve(rows, scheme)
             if bpp <= 1.05 * max(ours)]  # fmt: skip
    ax.set_ylim(min(shown) - 1, max(shown) + 1)
    ax.set_xlabel("bits per pixel")
    ax.set_ylabel("PSNR, dB")
    ax.legend(frameon=False, fontsize=9)
    ax.set_title(f"Rate and distortion, real bytes, {images}", fontsize=11)
    return fig


def fidelity_figure(rows: Sequence[Row], title: str) -> Figure:
    """Figure 7: GVIF against mask PSNR, one line per threshold."""
    found = of(rows, adaptation.FIDELITY)
    alphas = sorted({r["alpha"] for r in found})
    fig, (ax,) = figure(1, width=7.0, height=4.8)
    for alpha, colour in zip(alphas, _shades(len(alphas)), strict=True):
        line = sorted((r["mask_psnr"], r["gvif"]) for r in found if r["alpha"] == alpha)
        ax.plot(*zip(*line, strict=True), color=colour, marker="o", markersize=4, linewidth=1.8,
                label=f"α = {alpha:g}")  # fmt: skip
    ax.set_xlabel("mask PSNR, dB")
    ax.set_ylabel("expected GVIF")
    ax.set_ylim(0, 1.02)
    ax.legend(frameon=False, fontsize=8, ncols=2)
    ax.set_title(title, fontsize=11)
    return fig


def _shades(count: int) -> list[Any]:
    """Colours from dark to light, in order."""
    from matplotlib import colormaps

    return [colormaps["viridis"](0.05 + 0.85 * i / max(count - 1, 1)) for i in range(count)]


def snr_figure(rows: Sequence[Row], title: str) -> Figure:
    """Figure 9a: GVIF, threshold and mask PSNR against the SNR, by both accounts."""
    fig, (fidelity, threshold, quality) = figure(3, width=4.9, height=4.3)
    for i, scheme in enumerate((adaptation.CIE, adaptation.UNFILTERED)):
        for name, style in ((adaptation.CAPACITY, "-"), (adaptation.BURST, "--")):
            line = of(rows, adaptation.ADAPTATION, scheme=scheme, transport=name)
            if not line:
                continue
            snrs = [r["snr_db"] for r in line]
            look: dict[str, Any] = {
                "color": COLOURS[i],
                "linestyle": style,
                "linewidth": 2,
                "zorder": 3 - i,
                "marker": MARKERS[i],
                "markersize": 4,
            }
            label = f"{SCHEMES[scheme]}, {ACCOUNTS[name]}"
            fidelity.plot(snrs, [r["gvif_within_limits"] for r in line], **look, label=label)
            if scheme == adaptation.CIE:
                threshold.plot(snrs, [r["alpha"] for r in line], **look, label=ACCOUNTS[name])
                quality.plot(snrs, [r["mask_psnr_db"] for r in line], **look, label=ACCOUNTS[name])
    fidelity.set_ylabel("expected GVIF within both limits")
    # Room for the legend above the lines.
    fidelity.set_ylim(0, 1.45 * fidelity.get_ylim()[1])
    threshold.set_ylabel("threshold α of GVIF-CIE")
    threshold.set_ylim(-0.02, 1)
    quality.set_ylabel("mask PSNR of GVIF-CIE, dB")
    quality.axhline(adaptation.FLOOR_DB, color="#777777", linestyle=":", linewidth=1.5)
    for ax in (fidelity, threshold, quality):
        ax.set_xlabel("Es/N0, dB")
        ax.legend(frameon=False, fontsize=7.5)
    fig.suptitle(title, fontsize=11)
    return fig


def latency_figure(rows: Sequence[Row], title: str) -> Figure:
    """Figure 9b: GVIF against the latency limit."""
    fig, (ax,) = figure(1)
    for i, scheme in enumerate((adaptation.CIE, adaptation.UNFILTERED)):
        line = of(rows, adaptation.LATENCY, scheme=scheme)
        ax.plot([r["t_max_ms"] for r in line], [r["gvif_within_limits"] for r in line],
                color=COLOURS[i], marker=MARKERS[i], markersize=5, linewidth=2,
                label=SCHEMES[scheme])  # fmt: skip
    ax.set_xlabel("latency limit T_max, ms")
    ax.set_ylabel("expected GVIF within both limits")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    ax.set_title(title, fontsize=11)
    return fig


def link_figure(rows: Sequence[Row], title: str) -> Figure:
    """What the waveform delivers: mask PSNR, PSNR and GVIF against the SNR."""
    found = of(rows, link.EXPERIMENT)
    fig, axes = figure(3, width=4.9, height=4.3)
    panels = (
        ("mask_psnr", "mask PSNR, dB"),
        ("gvif", "GVIF"),
        ("delivered", "images delivered, %"),
    )
    for ax, (key, label) in zip(axes, panels, strict=True):
        for i, (scheme, name) in enumerate(SCHEMES.items()):
            line = [(r["snr_db"], r[key]) for r in found
                    if r["scheme"] == scheme and r[key] is not None]  # fmt: skip
            if line:
                ax.plot(*zip(*line, strict=True), color=COLOURS[i], marker=MARKERS[i],
                        markersize=5, linewidth=2, label=name)  # fmt: skip
        ax.set_xlabel("Es/N0, dB")
        ax.set_ylabel(label)
    for ax in axes[1:]:
        ax.set_ylim(bottom=0)
    axes[0].axhline(adaptation.FLOOR_DB, color="#777777", linestyle=":", linewidth=1.5)
    axes[0].legend(frameon=False, fontsize=8)
    fig.suptitle(title, fontsize=11)
    return fig


def distance_figure(rows: Sequence[Row], key: str, x_label: str, title: str) -> Figure | None:
    """Figures 11a and 11b: distance of the sets of images against latency or GVIF."""
    found = of(rows, distance.EXPERIMENT)
    if not found:
        return None
    fig, (ax,) = figure(1, width=6.8)
    for i, scheme in enumerate(dict.fromkeys(r["scheme"] for r in found)):
        line = [(r[key], r["distance"], r["alpha"]) for r in found
                if r["scheme"] == scheme and r[key] is not None]  # fmt: skip
        if not line:
            continue
        ax.plot([x for x, _, _ in line], [y for _, y, _ in line], color=COLOURS[i],
                marker=MARKERS[i], markersize=6, linewidth=2, label=scheme)  # fmt: skip
        if i == 0:
            _name_alphas(ax, line)
    ax.set_xlabel(x_label)
    ax.set_ylabel(found[0]["metric"].replace(", ", ",\n"), fontsize=9)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=9)
    ax.set_title(title, fontsize=11)
    return fig


def _name_alphas(ax: Axes, line: Sequence[tuple[float, float, float | None]]) -> None:
    for x, y, alpha in line:
        if alpha is not None:
            ax.annotate(f"α {alpha:g}", (x, y), textcoords="offset points", xytext=(6, 5),
                        fontsize=8)  # fmt: skip
