"""Tables I and II: variants of the dual-branch code, trained equally long."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gensc.bench.gened.points import Points
from gensc.bench.gsc.training import LOG
from gensc.system.errors import UserError

EXPERIMENT = "ablation"
FULL = "full"
#: What each table compares, in its order.
TABLES = {
    "I": ("single-branch", "no-importance", "no-semantic-objective", FULL),
    "II": ("swin-both", "cbam-both", FULL),
}
RATE, SNR_DB = 32, 4.0


def rows(points: Points, dataset: str, folder: Path | None) -> Iterable[dict[str, Any]]:
    """A row per variant of each table, without those that were not measured."""
    found = {p.scheme: p for p in points.of(dataset=dataset, channel="awgn", rate=RATE,
                                            snr_db=SNR_DB)}  # fmt: skip
    for table, variants in TABLES.items():
        for variant in variants:
            if folder is not None and variant in found:
                row = found[variant].as_row()
                steps = trained_steps(folder / variant)
                yield {**row, "experiment": EXPERIMENT, "table": table, "steps": steps}


def trained_steps(folder: Path) -> int | None:
    """Steps of the last record of the training log beside the weights; None without one.

    Raises:
        UserError: a log that cannot be read.
    """
    log = folder / LOG
    if not log.is_file():
        return None
    lines = log.read_text(encoding="utf-8").split("\n")
    records = [line for line in lines if line.strip()]
    try:
        return int(json.loads(records[-1])["step"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{log}: no log of a training: {error}") from error
