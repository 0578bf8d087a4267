"""A refiner small enough for a test, with random weights, stored like a trained one."""

from pathlib import Path

import torch

from gensc_models.restore.refiner import Refiner, RefinerConfig

SMALL = RefinerConfig(
    widths=(4, 8),
    heads=(1, 2),
    blocks=(1, 1),
    prior_channels=2,
    prior_width=4,
    prior_blocks=1,
    condition=4,
)


def store(folder: Path) -> Path:
    """A refiner called "small-refiner" in a folder of that name; it changes every image."""
    torch.manual_seed(1)
    path = folder / "small-refiner"
    refiner = Refiner("small-refiner", SMALL)
    with torch.no_grad():
        # What is zero before training would leave images as they are.
        for parameter in refiner.network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
        # Loud enough for its noise to be seen in 8 bits.
        for parameter in refiner.network.diffusion.parameters():
            parameter.normal_(std=0.5)
    refiner.save_pretrained(path)
    return path
