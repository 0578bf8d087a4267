"""Turns an editor's checkpoint into weights: ``python -m gensc_models.training.export.editor``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gensc_models.restore.refiner import Refiner, RefinerConfig
from gensc_models.training.export.common import export_command, read_averaged
from gensc_models.training.recipes.editor import PREFIX
from gensc_models.weights.store import load_into


def export(checkpoint: Path, folder: Path) -> Path:
    """Writes the averaged weights of a run as a refiner's; the folder's name becomes its name.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    config, average = read_averaged(checkpoint, lambda c: RefinerConfig.from_json(c["network"]))
    refiner = Refiner(folder.name, config)
    tensors = {k.removeprefix(PREFIX): v for k, v in average.items() if k.startswith(PREFIX)}
    load_into(refiner.network, tensors, str(checkpoint))
    refiner.save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    export_command("gensc_models.training.export.editor", __doc__, export, arguments)


if __name__ == "__main__":
    main()
