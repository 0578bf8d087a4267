"""The generative baselines that a pipeline allows, and why the others are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gensc_models.baselines import caption_mask, caption_only, guided_latent
from gensc_models.baselines.caption_mask import CaptionMask
from gensc_models.baselines.caption_only import CaptionOnly
from gensc_models.baselines.guided_latent import GuidedLatent
from gensc_models.baselines.transmission import Baseline, Photo
from gensc_models.foundation.extra import FoundationError
from gensc_models.foundation.latents import DiffusersLatents
from gensc_models.foundation.outlines import takes_outlines, with_outlines
from gensc_models.foundation.painting import DiffusersPainter
from gensc_models.foundation.pipelines import PipelineConfig, load_pipeline, sibling
from gensc_models.foundation.sgdjscc import SgdjsccLatents
from gensc_models.foundation.text_to_image import DiffusersTextToImage
from gensc_models.weights.hub import UnavailableError

DIFFUSERS, SGDJSCC = "diffusers:", "sgdjscc:"
SCHEMES = (caption_only.SCHEME, caption_mask.SCHEME, guided_latent.SCHEME)
NOT_NAMED = "no generator is named: diffusers:NAME or folder of a text-to-image pipeline"
NOTHING_OF_TEXT = "the networks of SGD-JSCC draw nothing from a text alone"


@dataclass(frozen=True)
class Baselines:
    """What can be run.

    Attributes
    ----------
    found
        Schemes, in the order of :data:`SCHEMES`.
    missing
        Scheme, and one line why it is left out.
    """

    found: list[Baseline] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def load_baselines(
    generator: str,
    importance: Callable[[Photo], NDArray[np.floating]] | None = None,
    candidates: int = 1,
) -> Baselines:
    """All schemes that can be had with a generator, which they share.

    Parameters
    ----------
    generator
        ``diffusers:`` and the name or folder of a text-to-image pipeline, with settings of
        :class:`~gensc_models.foundation.pipelines.PipelineConfig` behind it:
        ``diffusers:stable-diffusion-v1-5/stable-diffusion-v1-5,device=cuda,steps=50,``
        ``controlnet=lllyasviel/control_v11p_sd15_canny``; or ``sgdjscc:`` and the folder of a
        clone of SGD-JSCC's own code (:mod:`gensc_models.foundation.sgdjscc`), with settings; "" for
        none.
    importance, candidates
        Of :class:`CaptionMask`.

    Raises
    ------
    ValueError
        Neither of these, or a setting that there is not or that makes no sense.
    """
    if not generator:
        return Baselines(missing=dict.fromkeys(SCHEMES, NOT_NAMED))
    if generator.startswith(SGDJSCC):
        return _official(PipelineConfig.parse(generator.removeprefix(SGDJSCC)))
    if not generator.startswith(DIFFUSERS):
        raise ValueError(
            f"generator {generator!r}: must be {DIFFUSERS}NAME or {SGDJSCC}FOLDER, "
            "[,setting=value...]"
        )
    config = PipelineConfig.parse(generator.removeprefix(DIFFUSERS))
    try:
        loaded = load_pipeline(config, "generate")
        plain = sibling(loaded, "generate", controlnet=None) if takes_outlines(loaded) else loaded
        guided = with_outlines(loaded)
    except (UnavailableError, FoundationError) as error:
        return Baselines(missing=dict.fromkeys(SCHEMES, str(error)))
    drawing = DiffusersTextToImage(config, plain)
    makers: dict[str, Callable[[], Baseline]] = {
        caption_only.SCHEME: lambda: CaptionOnly(drawing),
        caption_mask.SCHEME: lambda: CaptionMask(
            DiffusersPainter(config, pipeline=guided), drawing, importance, candidates
        ),
        guided_latent.SCHEME: lambda: GuidedLatent(DiffusersLatents(config, guided)),
    }
    made = Baselines()
    for scheme, make in makers.items():
        try:
            made.found.append(make())
        except (UnavailableError, FoundationError) as error:
            made.missing[scheme] = str(error)
    return made


def _official(config: PipelineConfig) -> Baselines:
    missing = dict.fromkeys((caption_only.SCHEME, caption_mask.SCHEME), NOTHING_OF_TEXT)
    try:
        return Baselines([GuidedLatent(SgdjsccLatents(config))], missing)
    except (UnavailableError, FoundationError) as error:
        return Baselines(missing={**missing, guided_latent.SCHEME: str(error)})
