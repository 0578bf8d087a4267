"""Turns an inpainter's checkpoint into weights: ``python -m gensc_models.export_inpainter``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from gensc_models.exporting import export_command
from gensc_models.inpainting.config import NetworkConfig
from gensc_models.inpainting.diffusion import DiffusionInpainter
from gensc_models.inpainting.network import InpaintingNetwork
from gensc_models.weights import WeightsError, load_into


def export(checkpoint: Path, folder: Path) -> Path:
    """Writes the averaged weights of a run; the folder's name becomes the inpainter's.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network = InpaintingNetwork(NetworkConfig.from_json(state["config"]))
        average = state["average"]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"unusable checkpoint {checkpoint}: {error}") from error
    load_into(network, average, str(checkpoint))
    DiffusionInpainter(folder.name, network).save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    export_command("gensc_models.export_inpainter", __doc__, export, arguments)


if __name__ == "__main__":
    main()
