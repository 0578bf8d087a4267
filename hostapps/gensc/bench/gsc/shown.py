"""Figures and tables of `gensc bench gsc`; Figures 6, 7 and Table I have files of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gensc.bench.gsc import complexity
from gensc.bench.gsc.schemes import LABELS
from gensc.bench.gsc.sweeps import ALL_USERS, CIFAR, FLOWGRAPH, MU, MU_FLOWGRAPH, PHOTOS, USERS
from gensc.experiment.base import Table
from gensc.experiment.figures import Figure
from gensc.experiment.means import pivot
from gensc.experiment.rows import Row, of
from gensc.experiment.tables import Listing, by_snr, columns, listed

SEPARATIONS = {"mmse": "MMSE", "zf": "ZF"}
AIR = {"psnr_torch": "torch at the measured SNR", "psnr": "GNU Radio"}
TABLES = (
    Listing(
        "PSNR in dB through GNU Radio beside torch at the SNR measured",
        columns("experiment scheme channel separation snr_db snr_measured_db psnr psnr_torch "
                "difference images lost", psnr="GNU Radio", psnr_torch="torch"),
        {"experiment": (FLOWGRAPH, MU_FLOWGRAPH)},
    ),
    Listing(
        "Complexity of an image",
        columns("scheme size part users way parameters macs ms", way="served", macs="MACs",
                ms="ms an image"),
        {"experiment": complexity.EXPERIMENT},
    ),
)  # fmt: skip


def figures(metrics: dict[str, str], cifar: str, photos: str) -> Iterable[Figure]:
    """Figures 4 and 5 for one and three users, photos, GNU Radio beside torch.

    Args:
        metrics: columns that are drawn, and what they are called.
        cifar, photos: titles.
    """
    look: dict[str, Any] = {"names": tuple(LABELS), "labels": LABELS | SEPARATIONS}
    users = f"{USERS} users × {USERS} antennas: mean and 95 % interval over all images"
    for metric, name in metrics.items():
        file = f"figure{4 if metric == 'psnr' else 5}_{metric}"
        yield Figure(file, "snr_db", metric, where={"experiment": CIFAR}, panels="channel",
                     title=cifar, y_label=name, **look)  # fmt: skip
        yield Figure(f"{file}_users", "snr_db", metric, where={"experiment": ALL_USERS},
                     style="separation", panels="channel", title=users, y_label=name,
                     **look)  # fmt: skip
    for metric in ("psnr", "ms_ssim"):
        yield Figure(f"photos_{metric}", "snr_db", metric, where={"experiment": PHOTOS},
                     panels="place", title=photos, **look)  # fmt: skip
    yield Figure("flowgraph", "snr_db", "value", where={"experiment": FLOWGRAPH}, style="how",
                 panels="channel", marks=(AIR["psnr"],), x_label="mean Es/N0, dB",
                 title="OFDM flowgraph with its own channel estimates", y_label="PSNR, dB",
                 **look)  # fmt: skip


def tables(rows: Sequence[Row], source: str) -> Iterable[Table]:
    """One per channel, bandwidth ratio and metric, then users, flowgraph and complexities."""
    for experiment, name in ((CIFAR, source), (PHOTOS, "photos")):
        for metric, unit in (("psnr", "PSNR in dB"), ("ms_ssim", "MS-SSIM")):
            yield from by_snr(of(rows, experiment=experiment), metric, f"{unit}, {name}")
    place = ("scheme", "channel", "separation", "snr_db")
    said, lines = pivot(of(rows, experiment=MU), place, "user", "psnr")
    if lines:
        heads = {user: f"user {user}" for user in said}
        yield Table(f"PSNR in dB of every user, {USERS} users, {USERS} antennas, torch",
                    columns(" ".join(place)) | heads, lines)  # fmt: skip
    yield from listed(TABLES, rows)
