"""A latent diffusion pipeline taken apart: images to latents, latents of any noise to images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.foundation.canvas import Canvas
from gensc_models.foundation.extra import FoundationError, library
from gensc_models.foundation.outlines import outline_inputs, takes_outlines, with_outlines
from gensc_models.foundation.pipelines import Pipeline, PipelineConfig, load_pipeline, sibling

Latents = NDArray[np.float64]
Shape = tuple[int, int, int]
Correct = Callable[[Latents, float], Latents]
"""Told latents and the variance of the noise in them, beside a signal of variance one; gives the
latents to go on with."""


class DiffusersLatents:
    """Images as latents of about unit variance, and noisy latents as images.

    The denoiser is the pipeline's own under DPM-Solver++ (Lu et al., 2022), which may start at any
    of the noise levels it was trained at. Latents here are ``signal + noise``, not scaled to unit
    power: the levels say the noise's variance.

    Attributes
    ----------
    levels
        Noise variances of the training steps, ascending, float64.
    by_outlines
        Whether it draws along outlines.

    Raises
    ------
    UnavailableError, FoundationError
        As :func:`gensc_models.foundation.pipelines.load_pipeline`; or the pipeline is no latent
        diffusion of that kind.
    """

    def __init__(self, config: PipelineConfig, pipeline: Pipeline | None = None) -> None:
        self.name = config.name
        loaded = pipeline or with_outlines(load_pipeline(config, "generate"))
        pipe = loaded.pipe
        scheduler = getattr(pipe, "scheduler", None)
        alphas = getattr(scheduler, "alphas_cumprod", None)
        if scheduler is None or alphas is None or not {"latents", "timesteps"} <= loaded.takes:
            raise FoundationError(
                f"{self.name}: {type(pipe).__name__} has no noise levels to start from; "
                "Stable Diffusion 1, 2 and XL have"
            )
        kind = library("diffusers", self.name).DPMSolverMultistepScheduler
        solver = kind.from_config(
            scheduler.config,
            algorithm_type="dpmsolver++",
            solver_order=2,
            final_sigmas_type="zero",
            use_karras_sigmas=False,
            use_exponential_sigmas=False,
            use_beta_sigmas=False,
            use_lu_lambdas=False,
        )
        self._pipeline = sibling(loaded, "generate", scheduler=solver)
        alphas = solver.alphas_cumprod.double().numpy()
        self.levels = (1.0 - alphas) / alphas
        self.by_outlines = takes_outlines(self._pipeline)

    def shape(self, height: int, width: int) -> Shape:
        """Channels, rows and columns of the latents of an image of that size."""
        outer = self._pipeline.canvas(height, width).outer
        factor, vae = self._pipeline.pipe.vae_scale_factor, self._pipeline.pipe.vae
        return int(vae.config.latent_channels), outer[0] // factor, outer[1] // factor

    def encode(self, image: NDArray[np.uint8]) -> Latents:
        """Latents of an image uint8 ``H x W x 3``, as :meth:`shape` says.

        Raises
        ------
        FoundationError
            The autoencoder failed.
        """
        pipe = self._pipeline.pipe
        picture = self._pipeline.canvas(*image.shape[:2]).lay(image)
        try:
            pixels = pipe.image_processor.preprocess(picture)
            pixels = pixels.to(pipe._execution_device, pipe.vae.dtype)
            with torch.inference_mode():
                latents = pipe.vae.encode(pixels).latent_dist.mode()[0].double().cpu().numpy()
        except Exception as error:  # networks of all kinds fail in all ways
            raise FoundationError(f"{self.name}: {error}") from error
        return latents * pipe.vae.config.scaling_factor

    def step_of(self, variance: float) -> int:
        """The first training step whose noise is at least that strong, or the last of all."""
        return min(int(np.searchsorted(self.levels, variance)), len(self.levels) - 1)

    def denoise(
        self,
        noisy: Latents,
        step: int,
        prompt: str,
        height: int,
        width: int,
        correct: Correct | None = None,
        lines: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> NDArray[np.uint8]:
        """The image, uint8 ``height x width x 3``, of noisy latents.

        Parameters
        ----------
        noisy
            Latents with white noise of variance ``levels[step]``.
        step
            Training step to start at.
        prompt
            What the image shows.
        height, width
            Of the image.
        correct
            Looks at the latents between the steps.
        lines
            bool ``height x width``, outlines; read where ``by_outlines``.
        seed
            Of whatever the pipeline draws by chance.

        Raises
        ------
        FoundationError
            The pipeline failed.
        """
        canvas = self._pipeline.canvas(height, width)
        count = self._pipeline.config.steps
        steps = np.unique(np.linspace(step, 0.0, count + 1)[:-1].round().astype(int))[::-1]
        guide = outline_inputs(canvas, lines) if self.by_outlines else {}
        gains = 1.0 / np.sqrt(1.0 + self.levels[steps])

        def after(done: int, latents: Tensor) -> Tensor:
            if correct is None or done + 1 >= len(steps):
                return latents
            gain = gains[done + 1]
            now = latents[0].double().cpu().numpy() / gain
            then = correct(now, float(self.levels[steps[done + 1]])) * gain
            return torch.from_numpy(then)[None].to(latents)

        drawn = self._draw(canvas, noisy * gains[0], steps.tolist(), prompt, after, guide, seed)
        return canvas.lift(drawn)

    def _draw(
        self,
        canvas: Canvas,
        latents: Latents,
        steps: list[int],
        prompt: str,
        after: Callable[[int, Tensor], Tensor],
        guide: dict[str, Any],
        seed: int,
    ) -> NDArray[np.uint8]:
        pipe = self._pipeline.pipe
        return self._pipeline.draw(
            prompt,
            seed,
            after,
            latents=torch.from_numpy(latents)[None].to(pipe._execution_device, pipe.unet.dtype),
            timesteps=steps,
            height=canvas.outer[0],
            width=canvas.outer[1],
            **guide,
        )
