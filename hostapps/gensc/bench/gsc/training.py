"""Figure 7: how the refiner's training went, from the log that lies beside its weights.

`training.jsonl` has one record per validation: step, stage (1 or 2 of the two-step training; older
logs say phase), minutes, loss, and what validation found by SNR. Records without minutes or steps
(what the run started from, and what was solved for at its end) are no points of a curve.
"""

from __future__ import annotations

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
    from gensc_models.training.log import Log
    from gensc_models.weights.store import locate

    try:
        log = Log(locate(name) / LOG)
    except WeightsError:
        return []
    try:
        return [
            {
                "experiment": EXPERIMENT,
                "model": name,
                "phase": record.get("stage", record.get("phase")),
                "coarse": record.get("coarse", validation.get("PSNR decoded (dB)", {})),
                "refined": record.get("refined", {}),
                "gain": record.get("gain", validation.get("gain (dB)", {})),
                **{key: record[key] for key in ("step", "minutes", "loss")},
            }
            for record in log.records()
            if "minutes" in record and record.get("step") != 0
            for validation in [record.get("validation", {})]
        ]
    except KeyError as error:
        raise UserError(f"{log.path}: a record without {error}") from error
    except ValueError as error:
        raise UserError(str(error)) from error


def curves(rows: Sequence[Row]) -> Iterable[Row]:
    """What Figure 7 draws: the loss of every model, and its gain at the lowest and highest SNR."""
    for row in rows:
        yield row | {"curve": row["model"], "gain": None}
        snrs = sorted(row["gain"], key=lambda snr: float(snr.removesuffix("dB")))
        for snr in dict.fromkeys([*snrs[:1], *snrs[-1:]]):
            curve = f"{row['model']} at {snr.removesuffix('dB')} dB"
            yield row | {"curve": curve, "gain": row["gain"][snr], "loss": None}
