"""The choice of an inpainter by a line of text."""

from __future__ import annotations

from pathlib import Path

from gensc_models.foundation.inpainting import DiffusersInpainter
from gensc_models.foundation.pipelines import PipelineConfig
from gensc_models.restore.inpainting.classical import Biharmonic, MeanFill, SmoothFill
from gensc_models.restore.inpainting.diffusion import DiffusionInpainter
from gensc_models.restore.inpainting.inpainter import Inpainter

DEFAULT = "inpainter-photo"
CLASSICAL: dict[str, type[Inpainter]] = {
    kind.name: kind for kind in (MeanFill, SmoothFill, Biharmonic)
}
DIFFUSERS = "diffusers:"


def has_weights(text: str) -> bool:
    """Whether a line of text names, rightly or not, weights of the compact diffusion model."""
    return text not in CLASSICAL and not text.startswith(DIFFUSERS)


def load_inpainter(text: str | Path = DEFAULT, device: str = "cpu") -> Inpainter:
    """The inpainter that a line of text names.

    Parameters
    ----------
    text : one of

        - ``mean``, ``smooth``, ``biharmonic``: without a network,
        - ``diffusers:MODEL``: a diffusers pipeline, by its name on the hub or its folder,
        - the name or folder of weights of the compact diffusion model.
    device : where networks run.

    Raises
    ------
    WeightsError
        Weights that are not there, or unusable ones; one line.
    ValueError
        A pipeline that cannot be had; one line.
    """
    name = str(text)
    if name in CLASSICAL:
        return CLASSICAL[name]()
    if name.startswith(DIFFUSERS):
        model = name.removeprefix(DIFFUSERS)
        return DiffusersInpainter(PipelineConfig(model, device=device))
    return DiffusionInpainter.from_pretrained(text, device)
