"""Editing by a diffusers pipeline: instructions, a noisy start, or the background drawn anew."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from gensc_models.foundation.extra import FoundationRefusedError
from gensc_models.foundation.pipelines import Pipeline, PipelineConfig, load_pipeline
from gensc_models.restore.editing.editor import EditRefusedError, Mask, Photo
from gensc_models.semantics import prompts


class DiffusersEditor:
    """Edits with whatever pipeline the name stands for.

    * Pipelines that follow instructions (Qwen-Image-Edit, InstructPix2Pix) are asked to restore
      the image, and told the caption.
    * Image-to-image pipelines start from the image with noise in ``strength`` and are told the
      caption.
    * Inpainting pipelines draw the background anew and keep the foreground; without a mask they
      may change everything.

    The SNR is read by none of them.

    Parameters
    ----------
    config
        The pipeline.
    task
        "edit", or "inpaint" to use a text-to-image model for inpainting.

    Raises
    ------
    UnavailableError, FoundationError
        As :func:`gensc_models.foundation.pipelines.load_pipeline`.
    """

    def __init__(
        self,
        config: PipelineConfig,
        task: Literal["edit", "inpaint"] = "edit",
        pipeline: Pipeline | None = None,
    ) -> None:
        self.name = config.name
        self._pipeline = pipeline or load_pipeline(config, task)

    def edit(
        self,
        image: Photo,
        caption: str,
        mask: Mask | None = None,
        snr_db: float | None = None,
        seed: int = 0,
    ) -> Photo:
        """See :meth:`gensc_models.restore.editing.editor.Editor.edit`."""
        pipeline, strength = self._pipeline, self._pipeline.config.strength
        canvas = pipeline.canvas(*image.shape[:2])
        height, width = canvas.outer
        inputs: dict[str, Any] = {"image": canvas.lay(image), "height": height, "width": width}
        prompt = caption.strip()
        if "strength" not in pipeline.takes:
            prompt = prompts.restore(prompt, briefly="image_guidance_scale" in pipeline.takes)
        if "mask_image" in pipeline.takes:
            free = np.ones(image.shape[:2], bool) if mask is None else mask < 0.5
            inputs["mask_image"] = canvas.lay_holes(free)
        try:
            drawn = pipeline.draw(prompt, seed, strength=strength, **inputs)
        except FoundationRefusedError as error:
            raise EditRefusedError(str(error)) from error
        return canvas.lift(drawn)
