"""Text alone: a caption is sent and the receiver draws what it says (GVIF-CIE, Section VI-A)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gensc.adapt.bank import Photo
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.baselines.caption_only import Generator
    from gensc_models.semantics.captions import Captioner

#: Pipeline that is asked for where none is named.
PIPELINE = "stabilityai/stable-diffusion-2-1-base"


@dataclass(frozen=True, eq=False)
class TextOnly:
    """The two ends of a system that sends nothing but a caption."""

    captioner: Captioner
    generator: Generator

    @property
    def name(self) -> str:
        """For results."""
        return f"text only: {self.captioner.name}, {self.generator.name}"

    def transfer(self, image: Photo, seed: int) -> tuple[Photo, int]:
        """What the receiver draws, and the bits of the caption in UTF-8."""
        caption = self.captioner.caption(image)
        height, width = image.shape[:2]
        drawn = self.generator.generate(caption, height, width, seed)
        return drawn, 8 * len(caption.encode("utf-8"))


def load_text_only(pipeline: str = "") -> tuple[TextOnly | None, str]:
    """BLIP and a text-to-image pipeline; or None and why they cannot be had.

    Args:
        pipeline: name or folder; "" asks for `PIPELINE` and does without where it cannot be had.

    Raises:
        UserError: the pipeline that was named cannot be had.
    """
    from gensc_models.foundation import (
        BlipCaptioner,
        DiffusersTextToImage,
        FoundationError,
        PipelineConfig,
    )
    from gensc_models.weights.hub import UnavailableError

    try:
        generator = DiffusersTextToImage(PipelineConfig(pipeline or PIPELINE))
        system = TextOnly(BlipCaptioner(), generator)
    except (UnavailableError, FoundationError) as error:
        if pipeline:
            raise UserError(f"--text-to-image: {error}") from error
        return None, str(error)
    return system, system.name
