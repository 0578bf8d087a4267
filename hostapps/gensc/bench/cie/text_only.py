"""Text alone: a caption is sent and the receiver draws what it says (GVIF-CIE, Section VI-A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gensc.adapt.bank import Photo
from gensc.bench.cie.plan import DrawText
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.baselines.caption_only import Generator
    from gensc_models.semantics.captions import Captioner

#: Pipeline that is asked for where none is named.
PIPELINE = "stabilityai/stable-diffusion-2-1-base"


def text_only(captioner: Captioner, generator: Generator) -> DrawText:
    """Both ends: what is drawn of an image's caption, and the bits of that in UTF-8."""

    def transfer(image: Photo, seed: int) -> tuple[Photo, int]:
        caption = captioner.caption(image)
        height, width = image.shape[:2]
        drawn = generator.generate(caption, height, width, seed)
        return drawn, 8 * len(caption.encode("utf-8"))

    return transfer


def load_text_only(pipeline: str = "") -> tuple[DrawText | None, str]:
    """BLIP and a text-to-image pipeline, by name or folder; or None and why they cannot be had.

    Raises:
        UserError: the pipeline that was named cannot be had.
    """
    from gensc_models import foundation
    from gensc_models.weights.hub import UnavailableError

    try:
        config = foundation.PipelineConfig(pipeline or PIPELINE)
        generator = foundation.DiffusersTextToImage(config)
        return text_only(foundation.BlipCaptioner(), generator), ""
    except (UnavailableError, foundation.FoundationError) as error:
        if pipeline:
            raise UserError(f"--text-to-image: {error}") from error
        return None, str(error)
