"""Inpainting without a network: what a generative model is compared with."""

from __future__ import annotations

import numpy as np
import torch

from gensc_models.restore.inpainting.fill import pull, smooth_fill
from gensc_models.restore.inpainting.inpainter import Image, Keep, check_request, combine
from gensc_models.restore.inpainting.pyramid import continuation
from gensc_models.restore.inpainting.tensors import known, to_image

GREY = 128
# Unknown pixels of the biharmonic equation that are solved for: a second or two.
LARGEST_SYSTEM = 6000


class MeanFill:
    """All that is missing gets the mean colour of what is kept; middle grey if nothing is."""

    name = "mean"

    def inpaint(self, image: Image, keep: Keep, prompt: str = "", seed: int = 0) -> Image:
        """See :class:`.inpainting.Inpainter`; prompt and seed have no effect."""
        check_request(image, keep)
        colour = image[keep].mean(axis=0) if keep.any() else np.full(3, GREY)
        return combine(image, keep, np.broadcast_to(colour.round().astype(np.uint8), image.shape))


class SmoothFill:
    """Membrane over the kept pixels, by a pyramid (:mod:`gensc_models.restore.inpainting.fill`)."""

    name = "smooth"

    def inpaint(self, image: Image, keep: Keep, prompt: str = "", seed: int = 0) -> Image:
        """See :class:`.inpainting.Inpainter`; prompt and seed have no effect."""
        check_request(image, keep)
        values, weight = known(image, keep)
        if not keep.any():
            return np.full_like(image, GREY)
        return combine(image, keep, to_image(smooth_fill(values, weight)))


class Biharmonic:
    """scikit-image's ``inpaint_biharmonic`` (Damelin and Hoang, 2018).

    Its sparse system is solved at the finest of the halved resolutions that has at most 6000
    unknown pixels: in full a photo of which most is missing takes minutes. The solution is
    enlarged, and what it lacks on the kept pixels is continued smoothly into the hole, so that
    its border fits.
    """

    name = "biharmonic"

    def inpaint(self, image: Image, keep: Keep, prompt: str = "", seed: int = 0) -> Image:
        """See :class:`.inpainting.Inpainter`; prompt and seed have no effect."""
        check_request(image, keep)
        if keep.all() or not keep.any():
            return SmoothFill().inpaint(image, keep)
        levels = [known(image, keep)]
        while (levels[-1][1] == 0.0).sum() > LARGEST_SYSTEM:
            levels.append(pull(*levels[-1]))
        coarse, weight = levels.pop()
        filled = torch.from_numpy(_solve(coarse[0].numpy(), weight[0, 0].numpy() == 0.0))[None]
        for values, weight in reversed(levels):
            filled = continuation(values, weight, filled)
        return combine(image, keep, to_image(filled))


def _solve(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The equation on ``3 x H x W`` float32 in [0, 1], missing where ``H x W`` is True."""
    from skimage.restoration import inpaint_biharmonic

    if not missing.any():
        return values
    solved = inpaint_biharmonic(values, missing, channel_axis=0)
    return np.clip(solved, 0.0, 1.0).astype(np.float32)
