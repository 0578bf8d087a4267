"""Diffusers pipelines by name or folder: loaded without pickles, run within a time limit."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gensc_models.foundation.canvas import Canvas
from gensc_models.foundation.extra import FoundationError, FoundationRefusedError, hub_of, library
from gensc_models.weights.hub import UnavailableError

Task = Literal["edit", "inpaint", "generate"]
DTYPES = {name: getattr(torch, name) for name in ("float32", "bfloat16", "float16")}
OFFLOADS = ("none", "model", "layer")
# Pixels a side where a pipeline does not say what it was trained at.
USUAL_SIDE = 512
AfterStep = Callable[[int, Tensor], Tensor]
"""Told the number of a step that is done, from 0, and its latents; gives those to go on with."""


@dataclass(frozen=True)
class PipelineConfig:
    """Which pipeline, and how it runs.

    Attributes
    ----------
    name
        ``owner/model`` on the Hugging Face hub, or a folder that ``save_pretrained`` wrote.
    dtype
        Of the weights: float32, bfloat16 or float16; "" is float32 on the CPU and bfloat16
        elsewhere.
    device
        A torch device.
    offload
        What waits in main memory: "none", "model" (each network until its turn) or "layer" (each
        layer: slow, and least memory). Both need a GPU.
    steps
        Denoising steps that a picture goes through.
    guidance
        How strictly the text is followed; None is the pipeline's own default.
    strength
        How much of an image may change, 0 to 1, in pipelines that start from a noisy image.
    side
        The canvas has ``side**2`` pixels; 0 is the size the pipeline was trained at.
    limit_s
        A picture that takes longer is given up after the step under way.
    controlnet
        A ControlNet that draws along white outlines on black, named as ``name`` is, for those that
        have outlines to show; "" for none.
    """

    name: str
    dtype: str = ""
    device: str = "cpu"
    offload: str = "none"
    steps: int = 30
    guidance: float | None = None
    strength: float = 0.4
    side: int = 0
    limit_s: float = 300.0
    controlnet: str = ""

    def __post_init__(self) -> None:
        if self.dtype not in ("", *DTYPES):
            raise FoundationError(f"dtype {self.dtype!r}: must be one of {', '.join(DTYPES)}")
        if self.offload not in OFFLOADS:
            raise FoundationError(f"offload {self.offload!r}: must be one of {', '.join(OFFLOADS)}")
        if self.steps < 1 or not 0.0 < self.strength <= 1.0 or self.side < 0 or self.limit_s <= 0:
            raise FoundationError(
                "steps and limit_s must be positive, strength within (0, 1], side not negative"
            )

    @property
    def torch_dtype(self) -> torch.dtype:
        """``dtype`` with its default filled in."""
        return DTYPES[self.dtype or ("float32" if self.device == "cpu" else "bfloat16")]

    @classmethod
    def parse(cls, text: str) -> PipelineConfig:
        """Reads ``NAME[,setting=value...]``; the settings are the attributes' names.

        Raises
        ------
        FoundationError
            A setting that there is not, or that makes no sense.
        """
        name, *settings = text.split(",")
        kinds: dict[str, Callable[[str], Any]] = {
            field.name: float if field.default is None else type(field.default)
            for field in fields(cls)
            if field.name != "name"
        }
        config = cls(name)
        for setting in settings:
            key, _, value = setting.partition("=")
            if key not in kinds:
                raise FoundationError(f"{setting}: the settings are {', '.join(kinds)}")
            try:
                number = kinds[key](value)
            except ValueError as error:
                why = f"{setting}: {value!r} is no {kinds[key].__name__}"
                raise FoundationError(why) from error
            config = replace(config, **{key: number})
        return config


class Pipeline:
    """A loaded pipeline.

    Attributes
    ----------
    config
        As given.
    pipe
        The pipeline as diffusers has it.
    takes
        Names of the arguments of its call.
    """

    def __init__(self, pipe: Any, config: PipelineConfig) -> None:
        self.config = config
        self.pipe = pipe
        self.takes = frozenset(inspect.signature(pipe.__call__).parameters)

    def canvas(self, height: int, width: int) -> Canvas:
        """The canvas for an image of this size."""
        factor = self.pipe.vae_scale_factor
        size = getattr(self.pipe, "default_sample_size", None)
        if size is None and getattr(self.pipe, "unet", None) is not None:
            size = self.pipe.unet.config.sample_size
        own = size * factor if isinstance(size, int) else USUAL_SIDE
        # Transformers join latents two by two; Stable Diffusion asks for eights at any factor.
        multiple = math.lcm(8, 2 * factor)
        return Canvas.of_area(height, width, self.config.side or own, multiple)

    def draw(
        self, prompt: str, seed: int, after_step: AfterStep | None = None, **inputs: Any
    ) -> NDArray[np.uint8]:
        """One picture, uint8 ``H x W x 3``; ``inputs`` the pipeline does not take are left out.

        ``after_step`` may change the latents between the steps.

        Raises
        ------
        FoundationRefusedError
            The pipeline's own safety checker has blanked the picture.
        FoundationError
            It fails, takes longer than allowed, or gives no picture.
        """
        inputs = {key: value for key, value in inputs.items() if key in self.takes}
        # Of the steps asked for, pipelines leave out those before the noise they start from.
        steps = math.ceil(self.config.steps / inputs.get("strength", 1.0))
        options: dict[str, Any] = {"num_inference_steps": steps}
        if self.config.guidance is not None:
            options["guidance_scale"] = self.config.guidance
        if "true_cfg_scale" in self.takes:
            # Guidance by a second pass, as distilled models call it; it wants a text to avoid.
            options["negative_prompt"] = " "
            options["true_cfg_scale"] = options.pop("guidance_scale", None)
        inputs |= {
            key: value for key, value in options.items() if value is not None and key in self.takes
        }
        if "callback_on_step_end" in self.takes:
            inputs["callback_on_step_end"] = _EachStep(self.config.limit_s, after_step)
        generator = torch.Generator("cpu").manual_seed(seed)
        try:
            output = self.pipe(prompt=prompt, generator=generator, **inputs)
        except FoundationError:
            raise
        except Exception as error:  # networks of all kinds fail in all ways
            raise FoundationError(f"{self.config.name}: {error}") from error
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise FoundationRefusedError(
                f"{self.config.name}: its safety checker blanked the picture"
            )
        picture = output.images[0]
        if not isinstance(picture, Image.Image):
            raise FoundationError(f"{self.config.name}: gave {type(picture).__name__}, no picture")
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


class _EachStep:
    """A step callback that raises once time is up, and has others look at the latents."""

    def __init__(self, limit_s: float, after_step: AfterStep | None) -> None:
        self.limit_s = limit_s
        self._end = time.monotonic() + limit_s
        self._after_step = after_step

    def __call__(self, pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict:
        if time.monotonic() > self._end:
            raise FoundationError(f"not done after {self.limit_s:g} s and {step + 1} steps")
        if self._after_step is not None:
            tensors["latents"] = self._after_step(step, tensors["latents"])
        return tensors


def load_pipeline(config: PipelineConfig, task: Task) -> Pipeline:
    """The pipeline for a task: of the class its folder names, or its sibling that does the task.

    "edit" gives pipelines that take an image, as they are, and others as image-to-image.

    Raises
    ------
    UnavailableError
        The extra is missing, or the weights are neither here nor to be fetched.
    FoundationError
        There is no such device.
    """
    library("transformers", config.name)
    diffusers = library("diffusers", config.name)
    kinds = {"inpaint": "AutoPipelineForInpainting", "generate": "AutoPipelineForText2Image"}
    options = {"dtype": config.torch_dtype, "use_safetensors": True}
    try:
        kind = getattr(diffusers, kinds.get(task, "DiffusionPipeline"))
        with hub_of(config.name):
            pipe = kind.from_pretrained(config.name, **options)
        if task == "edit" and "image" not in inspect.signature(pipe.__call__).parameters:
            pipe = diffusers.AutoPipelineForImage2Image.from_pipe(pipe)
    # diffusers reports what it lacks by every kind of exception, damaged files among them.
    except Exception as error:
        what = f"a pipeline {config.name} that can {task} cannot be had"
        raise UnavailableError(what, error) from error
    return _ready(pipe, config)


def sibling(pipeline: Pipeline, task: Literal["edit", "generate"], **parts: Any) -> Pipeline:
    """The same networks in the pipeline for another task; ``parts`` take the place of its own.

    Raises
    ------
    UnavailableError
        There is none for that task.
    """
    diffusers = library("diffusers", pipeline.config.name)
    kinds = {"edit": "AutoPipelineForImage2Image", "generate": "AutoPipelineForText2Image"}
    try:
        pipe = getattr(diffusers, kinds[task]).from_pipe(pipeline.pipe, **parts)
    except Exception as error:  # as in load_pipeline
        what = f"a pipeline {pipeline.config.name} that can {task} cannot be had"
        raise UnavailableError(what, error) from error
    return _ready(pipe, pipeline.config)


def load_controlnet(config: PipelineConfig) -> Any:
    """The ControlNet that a config names.

    Raises
    ------
    UnavailableError
        The extra is missing, or the weights are neither here nor to be fetched.
    """
    name = config.controlnet
    diffusers = library("diffusers", name)
    try:
        with hub_of(name):
            return diffusers.ControlNetModel.from_pretrained(
                name, dtype=config.torch_dtype, use_safetensors=True
            )
    except Exception as error:  # as in load_pipeline
        raise UnavailableError(f"the ControlNet {name} cannot be had", error) from error


def _ready(pipe: Any, config: PipelineConfig) -> Pipeline:
    pipe.set_progress_bar_config(disable=True)
    try:
        _place(pipe, config)
    except Exception as error:  # torch and accelerate each have their own for a missing device
        raise FoundationError(f"{config.name} on {config.device}: {error}") from error
    return Pipeline(pipe, config)


def _place(pipe: Any, config: PipelineConfig) -> None:
    if config.offload == "none":
        pipe.to(config.device)
        return
    library("accelerate", "offloading")
    if torch.device(config.device).type == "cpu":
        raise ValueError("nothing can be offloaded from the CPU")
    if config.offload == "model":
        pipe.enable_model_cpu_offload(device=config.device)
    else:
        pipe.enable_sequential_cpu_offload(device=config.device)
