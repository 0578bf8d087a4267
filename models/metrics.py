"""Full-reference image metrics on uint8 images, one number per image.

Averages in result files are means of these per-image numbers.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Photo = NDArray[np.uint8]

WINDOW = 11
SIGMA = 1.5
C1 = (0.01 * 255.0) ** 2
C2 = (0.03 * 255.0) ** 2
# Wang, Simoncelli and Bovik, "Multi-scale structural similarity", 2003, section 3.2.
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_SMALLEST_SIDE = (WINDOW - 1) * 2 ** (len(MS_SSIM_WEIGHTS) - 1) + 1


def _check(reference: Photo, image: Photo) -> None:
    for name, array in (("reference", reference), ("image", image)):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise ValueError(f"{name} must be uint8 HxWx3, not {array.dtype} {array.shape}")
    if reference.shape != image.shape:
        raise ValueError(f"shapes differ: {reference.shape} and {image.shape}")


def psnr(reference: Photo, image: Photo) -> float:
    """Peak signal-to-noise ratio in dB over all pixels and colours; ``inf`` for equal images."""
    _check(reference, image)
    error = reference.astype(np.int32) - image.astype(np.int32)
    mse = float(np.mean(np.square(error)))
    return 10.0 * float(np.log10(255.0**2 / mse)) if mse > 0.0 else float("inf")


def _planes(image: Photo) -> Tensor:
    """uint8 ``H x W x 3`` to float64 ``3 x 1 x H x W``: each colour is its own picture."""
    return torch.from_numpy(image.astype(np.float64)).permute(2, 0, 1)[:, None]


def _blur(x: Tensor) -> Tensor:
    """Gaussian window of 11x11, sigma 1.5, only where it fits (no padding)."""
    offset = torch.arange(WINDOW, dtype=x.dtype) - WINDOW // 2
    kernel = torch.exp(-offset.square() / (2.0 * SIGMA**2))
    kernel = kernel / kernel.sum()
    return F.conv2d(F.conv2d(x, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))


def _similarity(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Per colour: mean SSIM and mean of its contrast-structure part."""
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x.square()
    var_y = _blur(y * y) - mean_y.square()
    covariance = _blur(x * y) - mean_x * mean_y
    structure = (2.0 * covariance + C2) / (var_x + var_y + C2)
    luminance = (2.0 * mean_x * mean_y + C1) / (mean_x.square() + mean_y.square() + C1)
    return (luminance * structure).mean(dim=(1, 2, 3)), structure.mean(dim=(1, 2, 3))


def ssim(reference: Photo, image: Photo) -> float:
    """Structural similarity (Wang et al. 2004), mean over colours.

    Raises
    ------
    ValueError
        Not two uint8 colour images of one shape, or a side below 11 pixels.
    """
    _check(reference, image)
    if min(reference.shape[:2]) < WINDOW:
        raise ValueError(f"SSIM needs both sides of at least {WINDOW} pixels")
    return float(_similarity(_planes(reference), _planes(image))[0].mean())


def ms_ssim(reference: Photo, image: Photo) -> float:
    """Multi-scale structural similarity with the five weights of the paper, mean over colours.

    Raises
    ------
    ValueError
        Not two uint8 colour images of one shape, or a side below 161 pixels.
    """
    _check(reference, image)
    if min(reference.shape[:2]) < MS_SSIM_SMALLEST_SIDE:
        raise ValueError(f"MS-SSIM needs both sides of at least {MS_SSIM_SMALLEST_SIDE} pixels")
    x, y = _planes(reference), _planes(image)
    result = torch.ones(3, dtype=x.dtype)
    last = len(MS_SSIM_WEIGHTS) - 1
    for scale, weight in enumerate(MS_SSIM_WEIGHTS):
        full, structure = _similarity(x, y)
        result = result * (full if scale == last else structure).clamp_min(0.0) ** weight
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return float(result.mean())
