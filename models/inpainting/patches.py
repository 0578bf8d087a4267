"""Training examples: a patch of each kind of level, what is kept of it, and its continuation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from gensc_models.inpainting.masks import MaskMaker
from gensc_models.inpainting.pyramid import Kind, continuation
from gensc_models.photos import CropSampler, Photo
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

BLOCK = 16
# How often the resolution of a photo of about 256 pixels is halved to get there.
HALVINGS = {Kind.COARSEST: 2, Kind.MIDDLE: 1, Kind.FINEST: 0}
# The level below is generated and so smoother than a photo, and never quite right.
LARGEST_BLUR = 1.2
LARGEST_ERROR = 0.03


class Patches(NamedTuple):
    """A batch: image, continuation (both ``B x 3 x S x S``), mask and kind (``B``)."""

    image: Tensor
    fill: Tensor
    weight: Tensor
    kind: Tensor


class PatchMaker:
    """Draws patches of ``size`` pixels from photos.

    ``maps`` are importance maps that masks are cut out of (:class:`MaskMaker`).
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        seed: int,
        maps: Sequence[NDArray[np.uint8]] = (),
        size: int = 64,
    ) -> None:
        self.size = size
        self._crops = CropSampler(photos, seed, largest_shrink=2.0)
        self._masks = MaskMaker(seed, maps, side=size * 4 // BLOCK + 1)
        self._random = torch.Generator().manual_seed(seed)

    def batch(self, counts: dict[Kind, int]) -> Patches:
        """As many patches of each kind as ``counts`` says."""
        parts = [self.of_kind(kind, count) for kind, count in counts.items() if count]
        return Patches(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))

    def of_kind(self, kind: Kind, count: int) -> Patches:
        """``count`` patches of one kind."""
        shrink = 2 ** HALVINGS[kind]
        image = F.avg_pool2d(self._crops.batch(count, self.size * shrink), shrink)
        masks = [self._masks.pixels(self.size, BLOCK // shrink) for _ in range(count)]
        weight = torch.from_numpy(np.stack(masks))[:, None].float()
        coarser = None if kind is Kind.COARSEST else self._below(image, weight)
        fill = continuation(image, weight, coarser)
        return Patches(image, fill, weight, torch.full((count,), int(kind)))

    def _below(self, image: Tensor, weight: Tensor) -> Tensor:
        """The level below as if it had been generated: in the holes blurred, and a little off."""
        coarse = F.avg_pool2d(image, 2)
        kept = F.max_pool2d(weight, 2)
        blur, error = torch.rand(2, generator=self._random)
        generated = gaussian_blur(coarse, float(LARGEST_BLUR * blur))
        noise = torch.randn(coarse.shape, generator=self._random)
        generated = generated + LARGEST_ERROR * float(error) ** 2 * noise
        return torch.where(kept > 0.0, coarse, generated)


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """``B x C x H x W`` blurred by a Gaussian of 7x7, the border repeated."""
    offset = torch.arange(-3.0, 4.0)
    kernel = torch.exp(-0.5 * (offset / max(sigma, 1e-3)) ** 2)
    kernel = kernel / kernel.sum()
    channels = image.shape[1]
    padded = F.pad(image, (3, 3, 3, 3), mode="replicate")
    across = F.conv2d(padded, kernel.view(1, 1, 1, 7).expand(channels, 1, 1, 7), groups=channels)
    return F.conv2d(across, kernel.view(1, 1, 7, 1).expand(channels, 1, 7, 1), groups=channels)


def residual_scales(maker: PatchMaker, count: int = 128) -> tuple[float, float, float]:
    """RMS of ``image - fill`` in the holes, per kind of level, over ``count`` patches each."""
    scales = []
    for kind in Kind:
        patches = maker.of_kind(kind, count)
        missing = patches.weight == 0.0
        squares = (patches.image - patches.fill).square().mean(dim=1, keepdim=True)[missing]
        scales.append(round(max(1e-3, squares.mean().item() ** 0.5), 5))
    return scales[0], scales[1], scales[2]
