"""A table of results for the terminal: means over the images of each operating point."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rich.table import Table

from gensc.results.result import NOT_ASKED, Result
from gensc.system.terminal import table as new_table


def table_of(results: Sequence[Result], title: str) -> Table:
    """One row per scheme, channel, bandwidth ratio and SNR; metrics are means over the images.

    Those of `_OPTIONAL` have a column only where a result has a value.
    """
    groups: dict[tuple[str, str, float, float | None], list[Result]] = {}
    for r in results:
        groups.setdefault((r.scheme, r.channel, round(r.cbr, 4), r.snr_db), []).append(r)
    table = new_table(title)
    for heading in ("scheme", "channel"):
        table.add_column(heading)
    seen = {name for r in results for name in r.metrics}
    columns = _COLUMNS + tuple(c for c in _OPTIONAL if c[0] in seen)
    for heading in (
        "CBR",
        "Es/N0 dB",
        "measured dB",
        "images",
        *(title for _, title, _ in columns),
    ):
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
            *(_mean(rows, name, digits) for name, _, digits in columns),
        )
    return table


def missing(results: Sequence[Result]) -> list[str]:
    """One line per metric of `_PERCEPTUAL` that was asked for and has no value, with the reason."""
    why = {name: reason for r in results for name, reason in r.reasons.items()}
    seen = {name for r in results for name in r.metrics}
    return [
        f"no {title}: {why[name]}"
        for name, title, _ in _PERCEPTUAL
        if name not in seen and why.get(name, NOT_ASKED) != NOT_ASKED
    ]


#: Metric, heading, digits.
_COLUMNS = (("psnr", "PSNR dB", 2), ("ssim", "SSIM", 4), ("ms_ssim", "MS-SSIM", 4))
_PERCEPTUAL = (
    ("lpips", "LPIPS", 4),
    ("st_lpips", "ST-LPIPS", 4),
    ("clip_score", "CLIP-Score", 2),
    ("brisque", "BRISQUE", 2),
)
_OPTIONAL = (*_PERCEPTUAL, ("mask_psnr", "mask PSNR dB", 2), ("gvif", "GVIF", 4))


def _mean(rows: list[Result], metric: str, digits: int) -> str:
    values = [r.metrics[metric] for r in rows if metric in r.metrics]
    return f"{fmean(values):.{digits}f}" if values else "–"
