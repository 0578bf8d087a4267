"""Figures and tables of `gensc bench gsc`; Figures 6, 7 and Table I have files of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gensc.bench.gsc import complexity
from gensc.bench.gsc.schemes import LABELS
from gensc.bench.gsc.sweeps import CIFAR, FLOWGRAPH, MU, MU_FLOWGRAPH, PHOTOS, USERS
from gensc.experiment.base import Table
from gensc.experiment.figures import CHANNELS, Figure, draw_all, ratio
from gensc.experiment.means import pivot
from gensc.experiment.rows import Row, melt, of
from gensc.experiment.tables import Listing, by_snr, columns, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

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


def figures(
    rows: Sequence[Row], every: Sequence[Row], metrics: dict[str, str], cifar: str, photos: str
) -> dict[str, Drawn]:
    """Figures 4 and 5 for one and three users, photos, GNU Radio beside torch.

    Args:
        rows: of all experiments.
        every: of several users, the means over them.
        metrics: columns that are drawn, and what they are called.
        cifar, photos: titles.
    """
    made: dict[str, Drawn] = {}
    for metric, name in metrics.items():
        file = f"figure{4 if metric == 'psnr' else 5}_{metric}"
        look = {"names": tuple(LABELS), "labels": LABELS | SEPARATIONS, "y_label": name}
        made |= draw_all(
            [Figure(file, "snr_db", metric, where={"experiment": CIFAR}, panels="channel",
                    title=cifar, **look)],  # type: ignore[arg-type]
            rows,
        )  # fmt: skip
        title = f"{USERS} users × {USERS} antennas: mean and 95 % interval over all images"
        made |= draw_all(
            [Figure(f"{file}_users", "snr_db", metric, style="separation", panels="channel",
                    title=title, **look)],  # type: ignore[arg-type]
            every,
        )  # fmt: skip
    placed = [
        r | {"place": f"{CHANNELS[r['channel']]}, bandwidth ratio {ratio(r['rate'])}"}
        for r in of(rows, experiment=PHOTOS)
    ]
    made |= draw_all(
        [Figure(f"photos_{metric}", "snr_db", metric, panels="place", names=tuple(LABELS),
                labels=LABELS, title=photos) for metric in ("psnr", "ms_ssim")],
        placed,
    )  # fmt: skip
    parity = Figure(
        "flowgraph", "snr_db", "value", style="how", panels="channel", marks=(AIR["psnr"],),
        names=tuple(LABELS), labels=LABELS, x_label="mean Es/N0, dB", y_label="PSNR, dB",
        title="OFDM flowgraph with its own channel estimates",
    )  # fmt: skip
    return made | draw_all([parity], melt(of(rows, experiment=FLOWGRAPH), AIR, "how", "value"))


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
