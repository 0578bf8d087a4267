"""Figure 7: how the refiner's training went, from the log that lies beside its weights.

`training.jsonl` has one record per validation: step, stage (1 or 2 of the two-step training; older
logs say phase), minutes, loss, and what validation found by SNR. Records without minutes or steps
(what the run started from, and what was solved for at its end) are no points of a curve.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from gensc.experiment.figures import Figure
from gensc.experiment.rows import Row
from gensc.system.errors import UserError

EXPERIMENT = "training"
REFINERS = ("refiner-cifar", "refiner-photo")
LOG = "training.jsonl"
#: Of the rows of `curves`.
FIGURE = Figure(
    "figure7_training", "minutes", ("loss", "gain"), hue="curve", style="phase",
    labels={1: "step 1", 2: "step 2", "loss": "training loss", "minutes": "minutes of training",
            "gain": "validation PSNR, refined less decoded, dB"},
    title="Training of the refiner, whose first step sees the original", height=4.8,
)  # fmt: skip


def read_log(name: str) -> list[Row]:
    """The records of a refiner's training as rows; none where weights or log are not there.

    Raises:
        UserError: a log that cannot be read.
    """
    from gensc_models import WeightsError
    from gensc_models.weights.store import locate

    try:
        path = locate(name) / LOG
    except WeightsError:
        return []
    if not path.is_file():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if isinstance(record, dict) and ("minutes" not in record or record.get("step") == 0):
                continue
            found = record.get("validation", {})
            rows.append(
                {
                    "experiment": EXPERIMENT,
                    "model": name,
                    "step": record["step"],
                    "phase": record.get("stage", record.get("phase")),
                    "minutes": record["minutes"],
                    "loss": record["loss"],
                    "coarse": record.get("coarse", found.get("PSNR decoded (dB)", {})),
                    "refined": record.get("refined", {}),
                    "gain": record.get("gain", found.get("gain (dB)", {})),
                }
            )
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: line {number} is no record of a training: {error}") from error
    return rows


def curves(rows: Sequence[Row]) -> Iterable[Row]:
    """What Figure 7 draws: the loss of every model, and its gain at the lowest and highest SNR."""
    for row in rows:
        yield row | {"curve": row["model"], "gain": None}
        snrs = sorted(row["gain"], key=lambda snr: float(snr.removesuffix("dB")))
        for snr in dict.fromkeys([*snrs[:1], *snrs[-1:]]):
            curve = f"{row['model']} at {snr.removesuffix('dB')} dB"
            yield row | {"curve": curve, "gain": row["gain"][snr], "loss": None}
