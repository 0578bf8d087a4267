"""Text alone: a caption is sent and the receiver draws what it says.

Nam et al., "Language-oriented communication with semantic coding and knowledge distillation for
text-to-image generation" (ICASSP 2024), as GenED-SC compares with it: any captioner, any generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gensc_models.baselines.transmission import Budget, Mask, Photo, Reception, Transmission
from gensc_models.restore.inpainting import check_request

SCHEME = "caption-only"


class Generator(Protocol):
    """Sentences to images; :class:`gensc_models.foundation.DiffusersTextToImage` is one."""

    name: str

    def generate(self, prompt: str, height: int, width: int, seed: int = 0) -> Photo:
        """A picture of that size, uint8 ``height x width x 3``."""
        ...


@dataclass(frozen=True, eq=False)
class CaptionOnly:
    """Both ends of the scheme; see :class:`~gensc_models.baselines.transmission.Baseline`."""

    generator: Generator
    scheme: str = SCHEME

    @property
    def name(self) -> str:
        """Scheme and generator."""
        return f"{self.scheme} ({self.generator.name})"

    def send(self, image: Photo, caption: str, mask: Mask, budget: Budget) -> Transmission:
        """The caption, or what of it fits; neither image nor mask is looked at.

        Raises
        ------
        ValueError
            Image or mask is none, or no word of the caption fits.
        """
        check_request(image, mask)
        text = budget.fit(caption)
        if not text:
            raise ValueError(f"{budget.symbols} symbols carry no word of the caption {caption!r}")
        height, width = image.shape[:2]
        return Transmission(height, width, text=text)

    def receive(self, reception: Reception, seed: int = 0) -> Photo:
        """What the caption says; where none arrived, whatever the generator draws of nothing.

        Raises
        ------
        FoundationError
            The pipeline has failed.
        """
        return self.generator.generate(reception.text, reception.height, reception.width, seed)
