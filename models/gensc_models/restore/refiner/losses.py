"""What a refined image is trained by: mean error, and decibels of the error and of SSIM gained.

The paper's ``|I - refined|_1`` and, because PSNR and SSIM are what a refined image is measured by,
logarithms of its squared error and of 1 - SSIM relative to the decoded image's.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def structural_similarity(image: Tensor, original: Tensor) -> Tensor:
    """SSIM over windows of 7x7 pixels with equal weights, mean per image ``B``; in [0, 1]."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 7, stride=1)

    x, y = mean(image), mean(original)
    var_x, var_y = mean(image.square()) - x.square(), mean(original.square()) - y.square()
    covariance = mean(image * original) - x * y
    luminance = (2.0 * x * y + 0.01**2) / (x.square() + y.square() + 0.01**2)
    structure = (2.0 * covariance + 0.03**2) / (var_x + var_y + 0.03**2)
    return (luminance * structure).mean(dim=(1, 2, 3))


def restoration_loss(
    refined: Tensor,
    decoded: Tensor,
    original: Tensor,
    squared_error_weight: float,
    structure_weight: float = 0.0,
) -> Tensor:
    """``|I - refined|_1`` plus logarithms of two errors relative to the decoded image's.

    These are of the squared error and of 1 - SSIM. The logarithm makes a decibel worth the same
    at every SNR; a tenth of the decoded image's own error beside it keeps trivially easy pictures
    from taking over.
    """
    error = refined - original
    mse = error.square().mean(dim=(1, 2, 3))
    coarse = (decoded - original).square().mean(dim=(1, 2, 3))
    loss = error.abs().mean()
    loss = (
        loss
        + squared_error_weight
        * torch.log((mse + 0.1 * coarse + 1e-7) / (1.1 * coarse + 1e-7)).mean()
    )
    if structure_weight == 0.0:
        return loss
    after = 1.0 - structural_similarity(refined, original)
    before = 1.0 - structural_similarity(decoded, original)
    relative = torch.log((after + 0.1 * before + 1e-4) / (1.1 * before + 1e-4)).mean()
    return loss + structure_weight * relative
