"""The picture of a rate table: fidelity, threshold, operating point and scheme against the SNR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gensc.figures.plots import COLOURS, figure
from gensc_phy.adaptation.rate_table import RateTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def table_figure(tables: list[RateTable], unfiltered: list[RateTable]) -> Figure:
    """Four axes over the SNR.

    Args:
        tables: one line each.
        unfiltered: the same problems with alpha held at 0, dashed beside them in the first axes.
            Where even the coarsest point allowed is late, nothing arrives in time: GVIF 0.
    """
    fig, (fidelity, threshold, point, scheme) = figure(4, width=4.0, height=3.6)
    for colour, table, whole in zip(_colours(tables), tables, unfiltered, strict=True):
        label = f"{table.t_max_s * 1e3:g} ms, {table.mask_psnr_floor_db:g} dB"
        _line(fidelity, table, [row.gvif for row in table.choices], colour, label)
        fidelity.plot(
            whole.snrs_db,
            [row.gvif if row.met else 0.0 for row in whole.choices],
            "--",
            color=colour,
            label=f"{label}, unfiltered",
        )
        _line(threshold, table, [row.alpha for row in table.choices], colour)
        _line(point, table, [row.point for row in table.choices], colour)
        if table.transport == "burst":
            _line(scheme, table, [row.mcs or 0 for row in table.choices], colour)
        else:
            _line(scheme, table, [row.budget_bits / 1e3 for row in table.choices], colour)
    fidelity.set_ylabel("expected GVIF")
    fidelity.legend(fontsize=7)
    threshold.set_ylabel("threshold α")
    point.set_ylabel("operating point Φ (1 is the finest)")
    point.invert_yaxis()
    scheme.set_ylabel("MCS" if tables[0].transport == "burst" else "budget (kbit)")
    for ax in (fidelity, threshold, point, scheme):
        ax.set_xlabel("Es/N0 (dB)")
    fig.suptitle(
        f"{tables[0].source}; {_transport(tables[0])}; hollow: not all limits met", fontsize=9
    )
    return fig


def _transport(table: RateTable) -> str:
    bandwidth = f"{table.bandwidth_hz / 1e6:g} MHz"
    if table.transport == "burst":
        return f"burst waveform, {bandwidth}"
    return f"idealised capacity (Eq. 8), {bandwidth}"


def _colours(tables: list[RateTable]) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(len(tables))]


def _line(
    ax: Axes, table: RateTable, values: list[float], colour: str, label: str | None = None
) -> None:
    """A line whose markers are hollow where not all limits are met."""
    ax.plot(table.snrs_db, values, color=colour, label=label)
    for filled in (True, False):
        rows = [i for i, row in enumerate(table.choices) if row.met == filled]
        ax.plot(
            [table.snrs_db[i] for i in rows],
            [values[i] for i in rows],
            "o",
            color=colour,
            markersize=4,
            markerfacecolor=colour if filled else "white",
        )
