"""An inpainter small enough for a test, with random weights, stored like a trained one."""

from pathlib import Path

import torch

from gensc_models.restore.inpainting import DiffusionInpainter, NetworkConfig, SamplingConfig
from gensc_models.restore.inpainting.network import InpaintingNetwork

SMALL = NetworkConfig(widths=(4, 8), depths=(1, 1), condition=4)


def small_network(config: NetworkConfig = SMALL) -> InpaintingNetwork:
    """Weights that are not zero anywhere."""
    torch.manual_seed(1)
    network = InpaintingNetwork(config)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
        network.residual_scales.fill_(0.1)
    return network


def small_inpainter(sampling: SamplingConfig | None = None) -> DiffusionInpainter:
    """Random weights, not stored anywhere."""
    return DiffusionInpainter("small-inpainter", small_network(), sampling)


def store(folder: Path) -> Path:
    """An inpainter called "small-inpainter" in a folder of that name."""
    path = folder / "small-inpainter"
    small_inpainter().save_pretrained(path)
    return path
