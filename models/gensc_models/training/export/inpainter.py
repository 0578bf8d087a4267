"""Turns an inpainter's checkpoint into weights: ``python -m
gensc_models.training.export.inpainter``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gensc_models.restore.inpainting.config import NetworkConfig
from gensc_models.restore.inpainting.diffusion import DiffusionInpainter
from gensc_models.restore.inpainting.network import InpaintingNetwork
from gensc_models.training.export.common import export_command, read_averaged
from gensc_models.weights.store import load_into


def export(checkpoint: Path, folder: Path) -> Path:
    """Writes the averaged weights of a run; the folder's name becomes the inpainter's.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    config, average = read_averaged(checkpoint, NetworkConfig.from_json)
    network = InpaintingNetwork(config)
    load_into(network, average, str(checkpoint))
    DiffusionInpainter(folder.name, network).save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    export_command("gensc_models.training.export.inpainter", __doc__, export, arguments)


if __name__ == "__main__":
    main()
