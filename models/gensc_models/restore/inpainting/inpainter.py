"""What every inpainting back end offers, and what all of them share."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Keep = NDArray[np.bool_]


@runtime_checkable
class Inpainter(Protocol):
    """Fills in what was not transmitted of an image: ``m * x^ + (1 - m) * x_0`` of GVIF-CIE.

    ``name`` is what results call it: a method, or the name of its weights.
    """

    name: str

    def inpaint(self, image: Image, keep: Keep, prompt: str = "", seed: int = 0) -> Image:
        """An image with everything filled in that is not kept.

        Parameters
        ----------
        image : uint8 ``H x W x 3``, both sides at least 1; what it holds outside ``keep`` is
            not looked at.
        keep : bool ``H x W``, the paper's mask m; these pixels come back as they are.
        prompt : what the image shows, for those that understand it; others ignore it.
        seed : of all randomness; equal arguments give equal images.

        Raises
        ------
        ValueError
            Not a uint8 colour image, or a mask of another size or type.
        """
        ...


def check_request(image: Image, keep: Keep) -> None:
    """Refuses what no inpainter can work on.

    Raises
    ------
    ValueError
        As :meth:`Inpainter.inpaint`.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"expected uint8 HxWx3, got {image.dtype} {image.shape}")
    if keep.dtype != np.bool_ or keep.shape != image.shape[:2]:
        raise ValueError(
            f"the mask must be bool {image.shape[:2]} as the image, got {keep.dtype} {keep.shape}"
        )


def combine(image: Image, keep: Keep, filled: Image) -> Image:
    """Kept pixels of ``image`` and all others of ``filled``, both uint8 ``H x W x 3``."""
    return np.where(keep[..., None], image, filled)


def keep_of_blocks(blocks: Keep, height: int, width: int, block: int = 16) -> Keep:
    """A mask of blocks ``ceil(H/16) x ceil(W/16)`` as one of pixels, ``H x W``."""
    return blocks.repeat(block, axis=0).repeat(block, axis=1)[:height, :width]
