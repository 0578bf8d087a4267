"""Pictures from a text and a layout: what is where, in two colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from gensc_models.foundation.outlines import outline_inputs, takes_outlines, with_outlines
from gensc_models.foundation.pipelines import Pipeline, PipelineConfig, load_pipeline, sibling

# Of a flat painting where things are is to survive, and little else (SDEdit, Meng et al. 2022).
STRENGTH = 0.85


class DiffusersPainter:
    """Draws what a text describes where a layout has it.

    A pipeline with a ControlNet is shown the outline of the layout's mask; any other starts from
    the layout's two flat colours with noise in ``strength``.

    Parameters
    ----------
    config
        A text-to-image pipeline.
    strength
        How much of the layout may change, 0 to 1.
    pipeline
        One that is loaded already, with its ControlNet.

    Raises
    ------
    UnavailableError, FoundationError
        As :func:`gensc_models.foundation.pipelines.load_pipeline`.
    """

    def __init__(
        self, config: PipelineConfig, strength: float = STRENGTH, pipeline: Pipeline | None = None
    ) -> None:
        self.name = config.name
        self.strength = strength
        loaded = pipeline or with_outlines(load_pipeline(config, "generate"))
        self.by_outlines = takes_outlines(loaded)
        self._pipeline = loaded if self.by_outlines else sibling(loaded, "edit")

    def paint(
        self, prompt: str, layout: NDArray[np.uint8], mask: NDArray[np.bool_], seed: int = 0
    ) -> NDArray[np.uint8]:
        """A picture of the layout's size, uint8 ``H x W x 3``; equal seeds give equal pictures.

        Parameters
        ----------
        prompt
            What it shows.
        layout
            uint8 ``H x W x 3``, flat colours.
        mask
            bool ``H x W``, what the layout is of.
        seed
            Of the noise.

        Raises
        ------
        FoundationError
            The pipeline failed.
        """
        canvas = self._pipeline.canvas(*mask.shape)
        height, width = canvas.outer
        inputs: dict[str, Any] = {"image": canvas.lay(layout), "strength": self.strength}
        if self.by_outlines:
            inputs = outline_inputs(canvas, mask & ~binary_erosion(mask, border_value=1))
        drawn = self._pipeline.draw(prompt, seed, height=height, width=width, **inputs)
        return canvas.lift(drawn)
