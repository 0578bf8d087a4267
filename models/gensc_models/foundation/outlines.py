"""Outlines as a guide: what a pipeline with a ControlNet draws along."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_models.foundation.canvas import Canvas
from gensc_models.foundation.pipelines import Pipeline, load_controlnet, sibling


def with_outlines(pipeline: Pipeline) -> Pipeline:
    """The pipeline with the ControlNet that its config names; itself where it names none.

    Raises
    ------
    UnavailableError
        The ControlNet cannot be had, or does not go with the pipeline.
    """
    if not pipeline.config.controlnet:
        return pipeline
    return sibling(pipeline, "generate", controlnet=load_controlnet(pipeline.config))


def takes_outlines(pipeline: Pipeline) -> bool:
    """Whether the pipeline draws along outlines."""
    return "controlnet_conditioning_scale" in pipeline.takes


def outline_inputs(canvas: Canvas, lines: NDArray[np.bool_] | None) -> dict[str, Any]:
    """What a pipeline that draws along outlines is given; None for outlines that were lost.

    ``lines`` is bool ``H x W``, true on the lines.
    """
    drawn = np.zeros(canvas.image, bool) if lines is None else lines
    picture = canvas.lay_holes(drawn).convert("RGB")
    return {"image": picture, "controlnet_conditioning_scale": 0.0 if lines is None else 1.0}
