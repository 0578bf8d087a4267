"""Turns an inpainter's checkpoint into weights: ``python -m gensc_models.export_inpainter``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
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
    parser = argparse.ArgumentParser(prog="gensc_models.export_inpainter", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="weights folder, named as they are")
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out))


if __name__ == "__main__":
    main()
