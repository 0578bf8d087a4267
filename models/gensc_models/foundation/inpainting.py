"""Inpainting by a diffusers pipeline, e.g. Stable Diffusion's inpainting models."""

from __future__ import annotations

import numpy as np

from gensc_models.foundation.pipelines import Pipeline, PipelineConfig, load_pipeline
from gensc_models.restore.inpainting import Image, Keep, check_request, combine


class DiffusersInpainter:
    """Fills what was not kept of an image, guided by a text.

    Raises
    ------
    UnavailableError, FoundationError
        As :func:`gensc_models.foundation.pipelines.load_pipeline`.
    """

    def __init__(self, config: PipelineConfig, pipeline: Pipeline | None = None) -> None:
        self.name = config.name
        self._pipeline = pipeline or load_pipeline(config, "inpaint")

    def inpaint(self, image: Image, keep: Keep, prompt: str = "", seed: int = 0) -> Image:
        """The image with its holes filled; what lies in the holes does not matter.

        Parameters
        ----------
        image
            uint8 ``H x W x 3``.
        keep
            bool ``H x W``: pixels that leave exactly as they came.
        prompt
            What the image shows.
        seed
            Of the noise the diffusion starts from.

        Raises
        ------
        ValueError
            Image and mask do not fit each other.
        FoundationError
            The pipeline failed.
        """
        check_request(image, keep)
        if keep.all():
            return image.copy()
        mean = np.full_like(image, image[keep].mean(axis=0) if keep.any() else 127)
        canvas = self._pipeline.canvas(*keep.shape)
        height, width = canvas.outer
        drawn = self._pipeline.draw(
            prompt,
            seed,
            image=canvas.lay(combine(image, keep, mean)),
            mask_image=canvas.lay_holes(~keep),
            height=height,
            width=width,
            # Nothing of the mean colour is to remain.
            strength=1.0,
        )
        return combine(image, keep, canvas.lift(drawn))
