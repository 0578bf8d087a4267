"""Inpainter block."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .codecs import load_inpainter
from .image_stage import Image, Result, image_stage
from .metadata import BLOCK, Metadata, kept_blocks

if TYPE_CHECKING:
    from gensc_models.restore.inpainting import Inpainter

NO_INPAINTER = "none"
"""The model that leaves every image as it is."""


class inpainter(image_stage):
    """Fills in what was not sent of each received [image].

    Which blocks were sent comes with the image (`keep`, as the `cie_decoder` writes it); their
    pixels stay as they are. Every image that arrives leaves on [image], in order: one of which
    all was sent leaves as it came, and so does one that cannot be filled in (its `keep` does not
    fit it, a fault of the model), counted in `failed`. The metadata passes through; `inpainter`
    in it names the model where it was used.

    Args:
        model: "mean", "smooth" or "biharmonic", name of an inpainter's weights, a path to them, or
            "diffusers:" and a pipeline's name or path; "none" leaves all images as they are.
        prompt: what the images show, for models that understand it.
        seed: of the diffusion; equal seeds give equal images.
        enabled: False leaves images as they are, until it is switched on.
        behind: "wait", or "newest" to drop to the newest image when it is behind.

    Attributes:
        inpainted: images filled in so far.
        failed: images that left with holes though the block was enabled.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    without = "with holes"

    def __init__(
        self,
        model: str = "inpainter-photo",
        prompt: str = "",
        seed: int = 0,
        enabled: bool = True,
        behind: str = "wait",
    ) -> None:
        image_stage.__init__(self, "inpainter", seed, enabled, behind)
        self.setup_stage()
        self.set_prompt(prompt)
        self._inpainter: Inpainter | None = None if model == NO_INPAINTER else load_inpainter(model)

    @property
    def inpainted(self) -> int:
        """Images filled in so far."""
        return self.done

    def set_prompt(self, prompt: str) -> None:
        """What the images show from the next one on."""
        self.prompt = str(prompt)

    def better(self, metadata: Metadata, image: Image) -> Result | None:
        """The image without holes."""
        from gensc_models.restore.inpainting import keep_of_blocks

        height, width, _ = image.shape
        keep = keep_of_blocks(kept_blocks(metadata), height, width, BLOCK)
        if self._inpainter is None or keep.all():
            return None
        filled = self._inpainter.inpaint(image, keep, self.prompt, self.seed)
        return replace(metadata, inpainter=self._inpainter.name), filled
