"""Pictures from text alone: what text-only semantic communication leaves to the receiver."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_models.foundation.pipelines import Pipeline, PipelineConfig, load_pipeline


class DiffusersTextToImage:
    """Draws what a text describes.

    Raises
    ------
    UnavailableError, FoundationError
        As :func:`gensc_models.foundation.pipelines.load_pipeline`.
    """

    def __init__(self, config: PipelineConfig, pipeline: Pipeline | None = None) -> None:
        self.name = config.name
        self._pipeline = pipeline or load_pipeline(config, "generate")

    def generate(self, prompt: str, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
        """A picture, uint8 ``height x width x 3``; equal seeds give equal pictures.

        Raises
        ------
        FoundationError
            The pipeline failed.
        """
        canvas = self._pipeline.canvas(height, width)
        drawn = self._pipeline.draw(prompt, seed, height=canvas.outer[0], width=canvas.outer[1])
        return canvas.lift(drawn)
