"""Caption and mask: the receiver draws what the caption says where the mask has it.

After Hosonuma et al., "Image generative semantic communication with multi-modal similarity
estimation for resource-limited networks" (IEICE Trans. Commun. E108-B, 2025), as GenED-SC compares
with it: the transmitted mask is a visual prior of text-guided generation. Of several pictures the
receiver may choose the one whose own foreground is most like the mask.

The bit section is the mean colour of the foreground and of the background, 8 bits a component, and
the mask in squares of 16 pixels as coded runs. Without the colours a generator that starts from the
mask as a picture would have to make it grey.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gensc_models.baselines.caption_only import Generator
from gensc_models.baselines.cells import cell_shares, unpack_cells
from gensc_models.baselines.transmission import Budget, Mask, Photo, Reception, Transmission
from gensc_models.codecs.bank.runs import pack_mask
from gensc_models.metrics.foreground import mask_iou
from gensc_models.restore.inpainting import check_request, keep_of_blocks

SCHEME = "caption-mask"
CELL = 16
COLOUR_BYTES = 6
GREY = 128


class Painter(Protocol):
    """Text and layout to images; :class:`gensc_models.foundation.DiffusersPainter` is one."""

    name: str

    def paint(self, prompt: str, layout: Photo, mask: Mask, seed: int = 0) -> Photo:
        """A picture like the layout: the mask in one flat colour on another."""
        ...


@dataclass(frozen=True, eq=False)
class CaptionMask:
    """Both ends of the scheme; see :class:`~gensc_models.baselines.transmission.Baseline`.

    Attributes
    ----------
    painter
        Draws along a layout.
    generator
        Draws where the mask is lost.
    importance
        Tells the receiver where the foreground of a picture is, uint8 ``H x W x 3`` to ``H x W``,
        in [0, 1]; None where it draws one picture only.
    candidates
        Pictures that it chooses from.
    """

    painter: Painter
    generator: Generator
    importance: Callable[[Photo], NDArray[np.floating]] | None = None
    candidates: int = 1
    scheme: str = SCHEME

    def __post_init__(self) -> None:
        if self.candidates < 1 or (self.candidates > 1 and self.importance is None):
            raise ValueError("candidates must be 1, or more with an importance to choose by")

    @property
    def name(self) -> str:
        """Scheme and painter."""
        return f"{self.scheme} ({self.painter.name})"

    def send(self, image: Photo, caption: str, mask: Mask, budget: Budget) -> Transmission:
        """Mask and colours, and what of the caption fits beside them.

        Raises
        ------
        ValueError
            Image or mask is none, or the mask and one word of the caption do not fit.
        """
        check_request(image, mask)
        cells = cell_shares(mask, CELL) >= 0.5
        height, width = mask.shape
        inside = keep_of_blocks(cells, height, width, CELL)
        bits = _mean_colour(image, inside) + _mean_colour(image, ~inside) + pack_mask(cells)
        text = budget.fit(caption, bits)
        if not text:
            raise ValueError(
                f"{budget.symbols} symbols do not carry a mask of {8 * len(bits)} bits and one "
                "word of the caption"
            )
        return Transmission(height, width, text=text, bits=bits)

    def receive(self, reception: Reception, seed: int = 0) -> Photo:
        """The caption drawn on the mask, or freely where the mask is lost.

        Raises
        ------
        ValueError
            The bit section is none of this scheme.
        FoundationError
            The pipeline has failed.
        """
        size = reception.height, reception.width
        if not reception.bits:
            return self.generator.generate(reception.text, *size, seed)
        mask = unpack_cells(reception.bits[COLOUR_BYTES:], *size, CELL)
        inside, outside = np.frombuffer(reception.bits[:COLOUR_BYTES], np.uint8).reshape(2, 3)
        layout = np.where(mask[..., None], inside, outside)
        drawn = [
            self.painter.paint(reception.text, layout, mask, seed + number)
            for number in range(self.candidates)
        ]
        return max(drawn, key=lambda picture: self._likeness(picture, mask))

    def _likeness(self, picture: Photo, mask: Mask) -> float:
        if self.importance is None:
            return 0.0
        return mask_iou(np.asarray(self.importance(picture)) >= 0.5, mask)


def _mean_colour(image: Photo, where: Mask) -> bytes:
    """Three bytes; grey where there is nothing."""
    if not where.any():
        return bytes([GREY] * 3)
    return np.round(image[where].mean(axis=0)).astype(np.uint8).tobytes()
