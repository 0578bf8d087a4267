"""Figures 4, 5, 7 and Table I of the GSC paper; Figure 6 is :mod:`gensc.bench.gsc.strip`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gensc.bench.gsc import complexity, flowgraph, mu
from gensc.bench.gsc.points import Points
from gensc.bench.gsc.schemes import DEEPJSCC, GSC, JPEG, NGF, ORDER, SCALED_JPEG, SOFTCAST
from gensc.figures.plots import COLOURS, MARKERS, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    GSC: "GSC (codec + refiner)",
    NGF: "NGF (GSC without refiner)",
    DEEPJSCC: "DeepJSCC",
    JPEG: "JPEG + LDPC + QAM",
    SCALED_JPEG: "scaled JPEG + LDPC + QAM",
    SOFTCAST: "SoftCast (linear)",
}
STYLE = {scheme: (COLOURS[i], MARKERS[i]) for i, scheme in enumerate(ORDER)}
CHANNELS = {"awgn": "AWGN", "rayleigh": "block Rayleigh"}
SEPARATIONS = {"mmse": ("-", "MMSE"), "zf": ("--", "ZF")}


def quality_figure(points: Points, metric: str, label: str, title: str) -> Figure:
    """Figures 4 and 5, (a) AWGN and (b) Rayleigh, one user."""
    fig, axes = figure(2, width=5.4, height=4.4, share_y=True)
    for ax, letter, (channel, name) in zip(axes, "ab", CHANNELS.items(), strict=True):
        for scheme in ORDER:
            line = points.of("cifar", scheme=scheme, channel=channel)
            _line(ax, scheme, [(p.snr_db, p.as_row()[metric]) for p in line])
        _finish(ax, f"({letter}) one user, {name}")
    axes[0].set_ylabel(label)
    axes[0].legend(frameon=False, fontsize=8)
    fig.suptitle(title, fontsize=11)
    return fig


def users_figure(points: Points, metric: str, label: str, title: str) -> Figure:
    """Figures 4 and 5, (c) AWGN and (d) Rayleigh, three users: lines are means, marks users."""
    fig, axes = figure(2, width=5.4, height=4.4, share_y=True)
    for ax, letter, (channel, name) in zip(axes, "cd", CHANNELS.items(), strict=True):
        _users(ax, points, channel, metric)
        _finish(ax, f"({letter}) 3 users × 3 antennas, {name}")
        ax.legend(frameon=False, fontsize=8)
    axes[0].set_ylabel(label)
    fig.suptitle(title, fontsize=11)
    return fig


def _users(ax: Axes, points: Points, channel: str, metric: str) -> None:
    """Means over the users as lines, every user as a small mark."""
    for scheme in ORDER:
        for separation, (style, name) in SEPARATIONS.items():
            line = points.of(mu.EXPERIMENT, scheme=scheme, channel=channel, separation=separation)
            if not line:
                continue
            values: dict[float, list[float]] = {}
            for p in line:
                values.setdefault(p.snr_db, []).append(p.as_row()[metric])
            means = [(snr, sum(v) / len(v)) for snr, v in values.items()]
            short = LABELS[scheme].split(" (")[0]
            label = f"{short}, {name}" if channel == "rayleigh" else short
            _line(ax, scheme, means, style, label, marker=False)
            ax.plot(
                [snr for snr, v in values.items() for _ in v],
                [x for v in values.values() for x in v],
                color=STYLE[scheme][0],
                marker=STYLE[scheme][1],
                markersize=3.5,
                linestyle="none",
                alpha=0.7,
            )


def photo_figure(points: Points, metric: str, label: str, title: str) -> Figure | None:
    """The curves on photos, one axes per channel and bandwidth ratio."""
    places = list(dict.fromkeys((p.channel, p.rate) for p in points.of("photos")))
    if not places:
        return None
    fig, axes = figure(len(places), width=4.6, height=4.4, share_y=True)
    for ax, (channel, rate) in zip(axes, places, strict=True):
        for scheme in ORDER:
            line = points.of("photos", scheme=scheme, channel=channel, rate=rate)
            _line(ax, scheme, [(p.snr_db, p.as_row()[metric]) for p in line])
        _finish(ax, f"{CHANNELS[channel]}, bandwidth ratio 1/{768 // rate}")
    axes[0].set_ylabel(label)
    axes[0].legend(frameon=False, fontsize=8)
    fig.suptitle(title, fontsize=12)
    return fig


def training_figure(rows: Sequence[dict[str, Any]]) -> Figure | None:
    """Figure 7: loss, and gain of the refined over the decoded images, against minutes."""
    models = list(dict.fromkeys(r["model"] for r in rows))
    if not models:
        return None
    fig, axes = figure(2, width=5.6, height=4.2)
    for i, model in enumerate(models):
        mine = [r for r in rows if r["model"] == model]
        second = [r["minutes"] for r in mine if r["phase"] == 2]
        for phase in dict.fromkeys(r["phase"] for r in mine):
            part = [r for r in mine if r["phase"] == phase]
            # In the first step N1 sees the original: its figures are not those of a receiver.
            look: dict[str, Any] = {
                "color": COLOURS[i],
                "linewidth": 2,
                "alpha": 0.4 if phase == 1 else 1.0,
            }
            named = phase == mine[-1]["phase"]
            minutes = [r["minutes"] for r in part]
            axes[0].plot(minutes, [r["loss"] for r in part], **look,
                         label=model if named else None)  # fmt: skip
            for snr, style in zip(_ends(mine), ("-", "--"), strict=False):
                gains = [r["gain"].get(snr, math.nan) for r in part]
                label = f"{model} at {snr.removesuffix('dB')} dB" if named else None
                axes[1].plot(minutes, gains, **look, linestyle=style, label=label)
        for ax in axes if second else ():
            ax.axvline(min(second), color=COLOURS[i], linewidth=1, linestyle=":")
    axes[0].set_ylabel("training loss")
    axes[1].set_ylabel("validation PSNR, refined less decoded, dB")
    for ax in axes:
        ax.set_xlabel("minutes of training")
        ax.legend(frameon=False, fontsize=8)
    fig.suptitle(
        "Training of the refiner; pale: the first of its two steps, which sees the original",
        fontsize=11,
    )
    return fig


def _ends(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The lowest and the highest validation SNR, as the log names them."""
    names = sorted({s for r in rows for s in r["gain"]}, key=lambda s: float(s.removesuffix("dB")))
    return list(dict.fromkeys([names[0], names[-1]])) if names else []


def complexity_figure(rows: Sequence[dict[str, Any]]) -> Figure | None:
    """Table I as bars: milliseconds an image, users one after another and in one batch."""
    served = [r for r in rows if r["experiment"] == complexity.EXPERIMENT and r.get("users")]
    if not served:
        return None
    fig, (ax,) = figure(1, width=6.0, height=3.8)
    names = {"serial": "one after another (GSC)", "batched": "in one batch (MU-GSC)"}
    users = sorted({r["users"] for r in served})
    for i, (way, name) in enumerate(names.items()):
        values = [
            next(r["ms"] for r in served if (r["users"], r["way"]) == (u, way)) for u in users
        ]
        bars = ax.bar([k + 0.38 * (i - 0.5) for k in range(len(users))], values, width=0.36,
                      color=COLOURS[i], label=name)  # fmt: skip
        ax.bar_label(bars, fmt="%.1f", fontsize=9, padding=2)
    ax.set_xticks(range(len(users)), [f"{u} users" for u in users])
    ax.set_ylabel("ms an image at the receiver")
    ax.margins(y=0.15)
    ax.legend(frameon=False)
    size = served[0]["size"]
    ax.set_title(f"Decoding and refining, {size} (the paper: 15.66 s → 8.87 s)", fontsize=11)
    return fig


def parity_figure(points: Points, rows: Sequence[dict[str, Any]]) -> Figure | None:
    """What GNU Radio gives as marks over what torch gives at the measured SNR as lines."""
    found = [r for r in rows if r["experiment"] == flowgraph.EXPERIMENT]
    if not found:
        return None
    fig, axes = figure(len(CHANNELS), width=5.2, height=4.2, share_y=True)
    for ax, (channel, name) in zip(axes, CHANNELS.items(), strict=True):
        for scheme in ORDER:
            mine = [r for r in found if (r["scheme"], r["channel"]) == (scheme, channel)]
            if not mine:
                continue
            colour, marker = STYLE[scheme]
            x = [r["snr_db"] for r in mine]
            short = LABELS[scheme].split(" (")[0]
            ax.plot(x, [r["psnr_torch"] for r in mine], color=colour, linewidth=2,
                    label=f"{short}: torch at the measured SNR")  # fmt: skip
            ax.plot(x, [r["psnr"] for r in mine], color=colour, marker=marker, markersize=7,
                    linestyle="none", label=f"{short}: GNU Radio")  # fmt: skip
        _finish(ax, name)
        ax.set_xlabel("mean Es/N0, dB")
    axes[0].set_ylabel("PSNR, dB")
    axes[0].legend(frameon=False, fontsize=8)
    fig.suptitle(f"OFDM flowgraph with its own channel estimates, {found[0]['images']} images",
                 fontsize=12)  # fmt: skip
    return fig


def _line(
    ax: Axes,
    scheme: str,
    values: Sequence[tuple[float, float | None]],
    style: str = "-",
    label: str = "",
    marker: bool = True,
) -> None:
    known = [(x, y) for x, y in values if y is not None]
    if not known:
        return
    colour, mark = STYLE[scheme]
    ax.plot(
        [x for x, _ in known],
        [y for _, y in known],
        color=colour,
        marker=mark if marker else None,
        markersize=5.5,
        linestyle=style,
        linewidth=2,
        label=label or LABELS[scheme],
        zorder=3 - 0.1 * ORDER.index(scheme),
    )


def _finish(ax: Axes, title: str) -> None:
    ax.set_title(title, fontsize=11)
    ax.set_xlabel("Es/N0, dB")
