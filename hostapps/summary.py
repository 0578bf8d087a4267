"""A table of results for the terminal: means over the images of each operating point."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from gensc_host.results import Result
from gensc_host.terminal import table as new_table
from rich.table import Table


def table_of(results: Sequence[Result], title: str) -> Table:
    """One row per scheme, channel, bandwidth ratio and SNR; PSNR is the mean per-image PSNR."""
    groups: dict[tuple[str, str, float, float | None], list[Result]] = {}
    for r in results:
        groups.setdefault((r.scheme, r.channel, round(r.cbr, 4), r.snr_db), []).append(r)
    table = new_table(title)
    for heading in ("scheme", "channel"):
        table.add_column(heading)
    for heading in ("CBR", "Es/N0 dB", "measured dB", "images", "PSNR dB", "SSIM", "MS-SSIM"):
        table.add_column(heading, justify="right")
    for (scheme, channel, cbr, snr_db), rows in groups.items():
        measured = [r.snr_measured_db for r in rows if r.snr_measured_db is not None]
        table.add_row(
            scheme,
            channel,
            f"{cbr:.4f}",
            "–" if snr_db is None else f"{snr_db:g}",
            f"{fmean(measured):.2f}" if measured else "–",
            str(len(rows)),
            *(_mean(rows, name, digits) for name, digits in _COLUMNS),
        )
    return table


_COLUMNS = (("psnr", 2), ("ssim", 4), ("ms_ssim", 4))


def _mean(rows: list[Result], metric: str, digits: int) -> str:
    values = [r.metrics[metric] for r in rows if metric in r.metrics]
    return f"{fmean(values):.{digits}f}" if values else "–"
