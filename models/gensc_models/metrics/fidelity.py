"""Full-reference image metrics on uint8 images, one number per image.

Averages in result files are means of these per-image numbers. The ``*_each`` functions take many
images of one size at once, uint8 ``N x H x W x 3``.

MS-SSIM halves the image four times and needs 176 pixels. :func:`reduced_ms_ssim` uses the scales
that fit, with their weights renormalised: two on 32x32. Its figures compare with each other, not
with those of five scales, so :func:`ms_ssim_name` goes beside them.
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
# Halved four times, rounding down, a side must still hold the window.
MS_SSIM_SMALLEST_SIDE = WINDOW * 2 ** (len(MS_SSIM_WEIGHTS) - 1)
# Up to this side a blur is a product with a band matrix: for many small images that is several
# times faster than a convolution.
SMALL_SIDE = 64


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


def mask_psnr(reference: Photo, image: Photo, keep: NDArray[np.bool_]) -> float:
    """PSNR in dB over the pixels of a mask (GVIF-CIE, Eq. 40); ``inf`` where they are equal.

    Parameters
    ----------
    keep : bool ``H x W``, the pixels that count.

    Raises
    ------
    ValueError
        Not two uint8 colour images of one shape, a mask of another shape, or an empty one.
    """
    _check(reference, image)
    if keep.dtype != np.bool_ or keep.shape != reference.shape[:2]:
        raise ValueError(f"mask must be bool {reference.shape[:2]}, not {keep.dtype} {keep.shape}")
    if not keep.any():
        raise ValueError("the mask is empty: there is no pixel to compare")
    return psnr(reference[keep][None], image[keep][None])


def _planes(image: Photo) -> Tensor:
    """uint8 ``H x W x 3`` to float64 ``3 x 1 x H x W``: each colour is its own picture."""
    return torch.from_numpy(image.astype(np.float64)).permute(2, 0, 1)[:, None]


def _window(dtype: torch.dtype) -> Tensor:
    """Gaussian of 11 taps, sigma 1.5, sum 1."""
    offset = torch.arange(WINDOW, dtype=dtype) - WINDOW // 2
    kernel = torch.exp(-offset.square() / (2.0 * SIGMA**2))
    return kernel / kernel.sum()


def _band(side: int, dtype: torch.dtype) -> Tensor:
    """The window at every place where it fits, ``(side - 10) x side``."""
    kernel = F.pad(_window(dtype), (0, side - WINDOW))
    return torch.stack([kernel.roll(i) for i in range(side - WINDOW + 1)])


def _blur(x: Tensor) -> Tensor:
    """Gaussian window of 11x11, sigma 1.5, only where it fits (no padding)."""
    height, width = x.shape[-2:]
    if max(height, width) <= SMALL_SIDE:
        return _band(height, x.dtype) @ x @ _band(width, x.dtype).T
    return _along(_along(x, -2), -1)


def _along(x: Tensor, dim: int) -> Tensor:
    """The window along one dimension, as a sum of shifts: float64 convolves at a tenth of it."""
    kernel = _window(x.dtype).tolist()
    count = x.shape[dim] - WINDOW + 1
    total = x.narrow(dim, 0, count) * kernel[0]
    for shift, weight in enumerate(kernel[1:], 1):
        total.add_(x.narrow(dim, shift, count), alpha=weight)
    return total


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
        Not two uint8 colour images of one shape, or a side below 176 pixels.
    """
    _check(reference, image)
    if min(reference.shape[:2]) < MS_SSIM_SMALLEST_SIDE:
        raise ValueError(f"MS-SSIM needs both sides of at least {MS_SSIM_SMALLEST_SIDE} pixels")
    return float(_multi_scale(_planes(reference), _planes(image), MS_SSIM_WEIGHTS).mean())


def _multi_scale(x: Tensor, y: Tensor, weights: tuple[float, ...]) -> Tensor:
    """Product over the scales of planes ``P x 1 x H x W``; one number per plane."""
    result = torch.ones(len(x), dtype=x.dtype)
    for scale, weight in enumerate(weights):
        if scale:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        full, structure = _similarity(x, y)
        last = scale == len(weights) - 1
        result = result * (full if last else structure).clamp_min(0.0) ** weight
    return result


def ms_ssim_scales(height: int, width: int) -> int:
    """How many of MS-SSIM's five scales fit an image: its window is 11 pixels wide at each."""
    side, scales = min(height, width), 0
    while side >= WINDOW and scales < len(MS_SSIM_WEIGHTS):
        side, scales = side // 2, scales + 1
    return scales


def ms_ssim_name(height: int, width: int) -> str:
    """What :func:`reduced_ms_ssim` computes at that size, for titles and settings."""
    scales, whole = ms_ssim_scales(height, width), len(MS_SSIM_WEIGHTS)
    return "MS-SSIM" if scales == whole else f"MS-SSIM ({scales} of {whole} scales)"


def reduced_ms_ssim(reference: Photo, image: Photo) -> float:
    """MS-SSIM over the scales that fit; the same as :func:`ms_ssim` from 176 pixels on.

    Raises
    ------
    ValueError
        Not two uint8 colour images of one shape, or a side below 11 pixels.
    """
    _check(reference, image)
    return float(reduced_ms_ssim_each(reference[None], image[None])[0])


def _check_each(references: Photo, images: Photo) -> None:
    for name, array in (("references", references), ("images", images)):
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] != 3:
            raise ValueError(f"{name} must be uint8 NxHxWx3, not {array.dtype} {array.shape}")
    if references.shape != images.shape:
        raise ValueError(f"shapes differ: {references.shape} and {images.shape}")


def mse_each(references: Photo, images: Photo) -> NDArray[np.float64]:
    """Mean squared error of every image in units of 8-bit values squared, float64 ``N``."""
    _check_each(references, images)
    error = references.astype(np.int32) - images.astype(np.int32)
    return np.square(error).mean(axis=(1, 2, 3))


def psnr_of_mse(mse: NDArray[np.float64]) -> NDArray[np.float64]:
    """PSNR in dB of mean squared errors in 8-bit values squared; ``inf`` for 0."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(255.0**2 / mse)


def reduced_ms_ssim_each(references: Photo, images: Photo) -> NDArray[np.float64]:
    """:func:`reduced_ms_ssim` of every image, float64 ``N``.

    Raises
    ------
    ValueError
        Not two uint8 stacks of one shape, or a side below 11 pixels.
    """
    _check_each(references, images)
    count, height, width, colours = references.shape
    scales = ms_ssim_scales(height, width)
    if not scales:
        raise ValueError(f"MS-SSIM needs both sides of at least {WINDOW} pixels")
    weights = tuple(w / sum(MS_SSIM_WEIGHTS[:scales]) for w in MS_SSIM_WEIGHTS[:scales])
    if scales == len(MS_SSIM_WEIGHTS):
        weights = MS_SSIM_WEIGHTS
    reference, image = (
        torch.from_numpy(stack.astype(np.float64)).permute(0, 3, 1, 2).reshape(-1, 1, height, width)
        for stack in (references, images)
    )
    return _multi_scale(reference, image, weights).view(count, colours).mean(dim=1).numpy()
