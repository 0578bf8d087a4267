"""Turns a refiner's training checkpoint into weights: ``python -m
gensc_models.training.export.refiner``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from gensc_models.restore.refiner import Refiner, RefinerConfig
from gensc_models.training.export.common import export_command
from gensc_models.weights.store import WeightsError, load_into


def export(checkpoint: Path, folder: Path) -> Path:
    """Writes the averaged weights of a run; the folder's name becomes the refiner's.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read, does not fit the config it carries, or ends before the
        second step of the training, without which there is nothing to run at a receiver.
    """
    try:
        state = torch.load(checkpoint, weights_only=True)
        config = RefinerConfig.from_json(state["config"])
        second, average, calibration = state["second"], state["average"], state["calibration"]
        refiner = Refiner(
            folder.name, replace(config, calibration=calibration or config.calibration)
        )
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"unusable checkpoint {checkpoint}: {error}") from error
    if second is None:
        raise WeightsError(f"checkpoint {checkpoint} is still in the first step of the training")
    load_into(refiner.network, average, str(checkpoint))
    refiner.save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    export_command("gensc_models.training.export.refiner", __doc__, export, arguments)


if __name__ == "__main__":
    main()
