"""Training examples: a patch of each kind of level, what is kept of it, and its continuation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.photos import BLOCK, CropSampler, Photo
from gensc_models.restore.inpainting.colours import to_opponent
from gensc_models.restore.inpainting.masks import MaskMaker
from gensc_models.restore.inpainting.pyramid import COARSEST, KINDS, continuation

# The level below is generated and so smoother than a photo, and never quite right.
LARGEST_BLUR = 1.0
LARGEST_ERROR = 0.03


class Patches(NamedTuple):
    """A batch: image, continuation (both ``B x 3 x S x S``), mask and kind (``B``)."""

    image: Tensor
    fill: Tensor
    weight: Tensor
    kind: Tensor

    @property
    def residual(self) -> Tensor:
        """What the continuation lacks, in opponent colours, ``B x 3 x S x S``."""
        return to_opponent(self.image - self.fill)

    def to(self, device: str) -> Patches:
        """The same on a device."""
        return Patches(*(part.to(device) for part in self))


class PatchMaker:
    """Draws patches from photos: ``size`` pixels, on the coarsest level half of that.

    ``maps`` are importance maps that masks are cut out of (:class:`MaskMaker`).
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        seed: int,
        maps: Sequence[NDArray[np.uint8]] = (),
        size: int = 32,
    ) -> None:
        self.size = size
        self._crops = CropSampler(photos, seed, largest_shrink=2.0)
        # One block more than a patch of the coarsest level, so that blocks begin anywhere.
        self._masks = MaskMaker(seed, maps, side=size * 2 ** (COARSEST - 1) // BLOCK + 1)
        self._random = torch.Generator().manual_seed(seed)

    def batch(self, counts: Sequence[int]) -> list[Patches]:
        """``counts[kind]`` patches of each kind, those of one size together."""
        fine = [self.of_kind(kind, counts[kind]) for kind in range(COARSEST)]
        together = Patches(*(torch.cat(tensors) for tensors in zip(*fine, strict=True)))
        return [self.of_kind(COARSEST, counts[COARSEST]), together]

    def of_kind(self, kind: int, count: int) -> Patches:
        """``count`` patches of one kind."""
        shrink = 2**kind
        size = self.size // 2 if kind == COARSEST else self.size
        image = F.avg_pool2d(self._crops.batch(count, size * shrink), shrink)
        masks = [self._masks.pixels(size, BLOCK // shrink) for _ in range(count)]
        weight = torch.from_numpy(np.stack(masks))[:, None].float()
        coarser = None if kind == COARSEST else self._below(image, weight)
        fill = continuation(image, weight, coarser)
        return Patches(image, fill, weight, torch.full((count,), kind))

    def _below(self, image: Tensor, weight: Tensor) -> Tensor:
        """The level below as if it had been generated: in the holes blurred, and a little off."""
        coarse = F.avg_pool2d(image, 2)
        kept = F.max_pool2d(weight, 2)
        blur, error = torch.rand(2, len(image), generator=self._random)
        generated = gaussian_blur(coarse, LARGEST_BLUR * blur)
        noise = torch.randn(coarse.shape, generator=self._random)
        generated = generated + LARGEST_ERROR * error.square().view(-1, 1, 1, 1) * noise
        return torch.where(kept > 0.0, coarse, generated)


def gaussian_blur(image: Tensor, sigma: Tensor) -> Tensor:
    """``B x C x H x W`` blurred by Gaussians of 7x7, sigma ``B`` in pixels; the border repeats."""
    offset = torch.arange(-3.0, 4.0)
    kernel = torch.exp(-0.5 * (offset / sigma.clamp_min(1e-3)[:, None]) ** 2)
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    # Every image and colour has its own kernel: to the convolution they are groups of one image.
    planes = image.shape[0] * image.shape[1]
    kernels = kernel.repeat_interleave(image.shape[1], dim=0)
    padded = F.pad(image, (3, 3, 3, 3), mode="replicate").flatten(0, 1)[None]
    across = F.conv2d(padded, kernels.view(planes, 1, 1, 7), groups=planes)
    return F.conv2d(across, kernels.view(planes, 1, 7, 1), groups=planes).view(image.shape)


def residual_scales(maker: PatchMaker, count: int) -> Tensor:
    """RMS of the residual in the holes of ``count`` patches each, ``kinds x 3``, never 0."""
    scales = []
    for kind in range(KINDS):
        patches = maker.of_kind(kind, count)
        missing = 1.0 - patches.weight
        squares = (patches.residual.square() * missing).sum(dim=(0, 2, 3)) / missing.sum()
        scales.append(squares.sqrt().clamp_min(1e-3))
    return torch.stack(scales)
