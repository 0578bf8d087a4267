"""Figures of `gensc bench ldpc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.bench.ldpc.points import capacity
from gensc.figures import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The schemes of the table before this one: IEEE 802.11n codes, thresholds as measured then, dB.
EARLIER = (
    (-1.5, 0.5), (1.5, 1.0), (4.5, 1.5), (6.8, 2.0), (10.6, 3.0),
    (14.4, 4.0), (15.9, 4.5), (17.6, 5.0), (21.1, 6.0), (23.0, 20 / 3),
)  # fmt: skip


def efficiency(rows: list[dict[str, Any]]) -> Figure:
    """Bits per symbol against SNR beside the capacity, and the share of it."""
    fig, (left, right) = plots.figure(2, width=5.6, height=4.4)
    snr = np.linspace(-6.0, 31.0, 1000)
    bound = np.array([capacity(s) for s in snr])
    left.plot(snr, bound, color="black", label="capacity, log2(1 + SNR)")
    ours = [(r["threshold_db"], r["bits_per_symbol"]) for r in rows]
    for (label, steps), colour in zip(
        (("gr-gensc", ours), ("before: ten schemes of IEEE 802.11n codes", EARLIER)),
        plots.COLOURS,
        strict=False,
    ):
        reached = _staircase(snr, steps)
        left.plot(snr, reached, color=colour, label=label)
        right.plot(snr, reached / bound, color=colour, label=label)
    names = {2: "QPSK", 4: "16-QAM", 6: "64-QAM", 8: "256-QAM", 10: "1024-QAM"}
    for i, (bits, name) in enumerate(names.items()):
        own = [r for r in rows if r["name"].startswith(f"{name} ")]
        left.plot(
            [r["threshold_db"] for r in own], [r["bits_per_symbol"] for r in own],
            plots.MARKERS[i], markersize=3.5, color=plots.COLOURS[0], label=name if bits else None,
        )  # fmt: skip
    left.set_xlabel("Es/N0 (dB)")
    left.set_ylabel("bits per symbol at 1 % block errors")
    left.legend(fontsize=8)
    right.axhline(0.8, color="black", linewidth=0.8, linestyle=":")
    right.set_xlabel("Es/N0 (dB)")
    right.set_ylabel("share of the capacity")
    right.set_ylim(0, 1)
    right.legend(fontsize=8, loc="lower right")
    return fig


def _staircase(snr: np.ndarray, steps: Any) -> np.ndarray:
    """Bits per symbol of the fastest scheme that works at each SNR; NaN below the first."""
    thresholds, bits = np.array(sorted(steps)).T
    at = np.searchsorted(thresholds, snr, side="right") - 1
    return np.where(at >= 0, bits[np.maximum(at, 0)], np.nan)


def speed(rows: list[dict[str, Any]]) -> Figure:
    """Processor time per word of every decoder, on a logarithmic axis."""
    fig, (ax,) = plots.figure(1, width=6.0, height=2.8)
    names = [f"{r['name']} ({r['rule']})" for r in rows]
    times = [r["ms_per_word"] for r in rows]
    ax.barh(names, times, color=[plots.COLOURS[0], *[plots.COLOURS[5]] * (len(rows) - 1)])
    ax.set_xscale("log")
    ax.set_xlim(min(times) / 2, max(times) * 4)
    for y, (time, row) in enumerate(zip(times, rows, strict=True)):
        ax.text(
            time * 1.1, y, f"{time:.3g} ms, {row['times_slower']:.0f}x", va="center", fontsize=8
        )
    ax.invert_yaxis()
    ax.set_xlabel("processor time per word (ms); n = 1944, rate 1/2")
    return fig
