"""The figure of `gensc bench radio`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.figures import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(rows: list[dict[str, Any]]) -> Figure:
    """Three bars a case: bursts received, loss over the genie, error of the reported variance."""
    labels = [f"{r['group'].split(',')[0]}: {r['case']}" for r in rows]
    at = np.arange(len(rows))
    fig, (received, loss, off) = plots.figure(3, width=4.2, height=0.27 * len(rows) + 1.2)
    for ax, key, colour, label in (
        (received, "success_percent", 0, "gr-gensc"),
        (loss, "loss_db", 0, "loss over the genie"),
        (off, "calibration_db", 0, "mean"),
    ):
        values = [np.nan if r[key] is None else r[key] for r in rows]
        ax.barh(at, values, 0.6, color=plots.COLOURS[colour], label=label)
        ax.set_yticks(at, labels if ax is received else [""] * len(rows))
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.grid(False, axis="y")
    received.plot(
        [r["stock_percent"] for r in rows], at, "s", color=plots.COLOURS[1], markersize=5,
        label="GNU Radio OFDM, header",
    )  # fmt: skip
    off.plot(
        [r["worst_carrier_db"] for r in rows], at, "D", color=plots.COLOURS[1], markersize=4,
        label="worst carrier",
    )  # fmt: skip
    off.axvspan(-1, 1, color="#dddddd", zorder=0)
    received.set_xlabel("bursts received [%]")
    loss.set_xlabel("loss over the genie [dB]")
    off.set_xlabel("error over reported variance [dB]")
    for ax in (received, off):
        ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return fig
