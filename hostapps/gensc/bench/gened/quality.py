"""Rows of what every scheme makes of every photo, their means, and Tables I and II."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gensc.bench.gened.schemes import SWIN
from gensc.bench.gsc.training import LOG
from gensc.experiment.grid import PER_BLOCK, Outcome
from gensc.experiment.means import means
from gensc.experiment.rows import Row, of, row_of
from gensc.experiment.ways import Way
from gensc.system.errors import UserError
from gensc_models.training.log import Log

METRICS = (
    "foreground_psnr", "psnr", "ms_ssim", "brisque", "lpips", "clip_score", "mask_iou",
    "foreground_symbols", "background_symbols", "side_symbols", "text_symbols", "mask_bits",
    "captions_exact", "edits_shown",
)  # fmt: skip
POINT = ("scheme", "dataset", "channel", "rate", "snr_db", "via")
FULL = "full"
#: Of the paper's figures but the ninth, and of its tables and Figure 10.
RATE, SNR_DB = 32, 4.0
#: SwinJSCC with SNR and rate modulation, base, authors' weights: Kodak, AWGN, CBR 1/24; dB by SNR.
PUBLISHED = {1.0: 28.35, 4.0: 29.73, 7.0: 30.79, 10.0: 31.55}
#: What each table compares, in its order.
TABLES = {
    "I": ("single-branch", "no-importance", "no-semantic-objective", FULL),
    "II": ("swin-both", "cbam-both", FULL),
}


def row(outcome: Outcome, way: Way, dataset: str) -> Row:
    """The engine's row, with the columns of the means."""
    found = row_of(outcome, way)
    edit, text = found.get("edit"), found["text_state"]
    return found | {
        "dataset": dataset,
        "foreground_psnr": found["mask_psnr"],
        "foreground_symbols": found.get("foreground"),
        "background_symbols": found.get("background"),
        "side_symbols": found.get("side", 0),
        "text_symbols": found["symbols"]["text"],
        "mask_bits": found.get("mask_bits", 0),
        "captions_exact": None if text is None else text == "exact",
        "edits_shown": None if edit is None else edit in ("accepted", "blended"),
    }


def points(rows: Iterable[Row]) -> list[Row]:
    """Means over the photos of every scheme at every place."""
    return [
        {"experiment": "quality"} | point | {"cbr": point["rate"] / PER_BLOCK}
        for point in means(rows, METRICS, POINT, best_by="foreground_psnr")
    ]


def tables(found: Iterable[Row], dataset: str, folder: Path | None, rate: int) -> Iterator[Row]:
    """A row per variant of each table, without those that were not measured."""
    place = {"via": "torch", "channel": "awgn", "rate": rate, "snr_db": SNR_DB}
    measured = {p["scheme"]: p for p in of(found, dataset=dataset, **place)}
    for table, variants in TABLES.items():
        for name in variants:
            if folder is not None and name in measured:
                steps = trained_steps(folder / name)
                yield measured[name] | {"experiment": "ablation", "table": table, "steps": steps}


def published(found: Iterable[Row], dataset: str) -> Iterator[Row]:
    """SwinJSCC trained here beside what its authors report."""
    place = {"via": "torch", "channel": "awgn", "rate": RATE, "snr_db": tuple(PUBLISHED)}
    for p in of(found, dataset=dataset, scheme=SWIN, **place):
        same = {name: p[name] for name in ("scheme", "snr_db", "rate", "psnr")}
        yield {"experiment": "published"} | same | {"published": PUBLISHED[p["snr_db"]]}


def trained_steps(folder: Path) -> int | None:
    """Steps of the last record of the training log beside the weights; None without one.

    Raises:
        UserError: a log that cannot be read.
    """
    try:
        records = Log(folder / LOG).records()
        return int(records[-1]["step"]) if records else None
    except (KeyError, ValueError) as error:
        raise UserError(f"{folder / LOG}: no log of a training: {error}") from error
