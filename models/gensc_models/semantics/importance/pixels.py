"""From images to what the networks take, and from their small maps back to pixels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.photos import to_tensor

SMALLEST_SIDE = 16

Photo = NDArray[np.uint8]
Map = NDArray[np.float32]


def check_image(image: Photo) -> None:
    """Refuses what is no image.

    Raises
    ------
    ValueError
        Not uint8 ``H x W x 3``.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"expected uint8 HxWx3, got {image.dtype} {image.shape}")


def scaled(image: Photo, side: int) -> Tensor:
    """The image as float32 ``1 x 3 x h x w`` in [0, 1], its longer side ``side``.

    Its proportions are kept, but no side gets shorter than 16.

    Raises
    ------
    ValueError
        Not uint8 ``H x W x 3``.
    """
    check_image(image)
    factor = side / max(image.shape[:2])
    height, width = (max(SMALLEST_SIDE, round(n * factor)) for n in image.shape[:2])
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    return to_tensor(np.asarray(resized))


def on_pixels(values: Tensor, height: int, width: int) -> Map:
    """A map ``h x w`` of any size, interpolated to ``height x width`` pixels, float32."""
    whole = F.interpolate(
        values[None, None].float(), size=(height, width), mode="bilinear", align_corners=False
    )
    return whole[0, 0].cpu().numpy()


def unit_range(values: Tensor) -> Tensor:
    """The least to 0 and the largest to 1 (section III-A); all 1 where all are alike."""
    low, high = values.min(), values.max()
    if high - low <= 1e-6 * torch.maximum(low.abs(), high.abs()):
        return torch.ones_like(values)
    return (values - low) / (high - low)
