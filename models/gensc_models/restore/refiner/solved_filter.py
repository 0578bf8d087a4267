"""The part of the correction that needs no training: a linear filter fitted to the image at hand.

Whether a decoded image wants smoothing (noise came through) or sharpening (the rate was low) shows
in a few statistics of it. The filter's kernel is bilinear in the SNR and these statistics, so the
best one has a closed form; a few thousand pairs give it within a minute, and everything that is
trained starts from there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.restore.refiner.pairs import Pairs
from gensc_models.restore.refiner.scales import snr_feature, strength

SIDE = 7
TAPS = 3 * SIDE**2
LEVELS = 3
# Levels of which the calmest parts are looked at besides: what remains there is noise.
CALM_LEVELS = 2
CALM_WINDOW = 8
CALM_QUANTILE = 0.2
STATISTICS = LEVELS + CALM_LEVELS
TERMS = 2 + 2 * STATISTICS
# Statistics further from the mean than this many standard deviations count as that far.
FURTHEST = 2.5
FLOOR = 1e-7
# Neighbouring pixels say nearly the same.
STRIDE = 4
PAIRS_PER_PASS = 64
RIDGE = 1e-3


def image_statistics(image: Tensor) -> Tensor:
    """Log energies of the diagonal Haar coefficients of ``B x 3 x H x W``: ``B x STATISTICS``.

    Of each of three levels, finest first, over the whole image; of the first two also over its
    calmest fifth. Sides are at least 16.
    """
    grey = image.mean(dim=1, keepdim=True)
    whole, calm = [], []
    for level in range(LEVELS):
        height, width = (side // 2 * 2 for side in grey.shape[-2:])
        a, b = grey[..., :height:2, :width:2], grey[..., :height:2, 1:width:2]
        c, d = grey[..., 1:height:2, :width:2], grey[..., 1:height:2, 1:width:2]
        energy = ((a - b - c + d) / 4.0).square()
        whole.append(energy.mean(dim=(1, 2, 3)))
        if level < CALM_LEVELS:
            local = F.avg_pool2d(energy, CALM_WINDOW >> level).flatten(1)
            calm.append(local.quantile(CALM_QUANTILE, dim=1))
        grey = (a + b + c + d) / 4.0
    return torch.log(torch.stack(whole + calm, dim=1) + FLOOR)


def differences(image: Tensor, stride: int = 1) -> Tensor:
    """7x7 neighbourhoods minus their centre, ``B x TAPS x positions``: blind to flat areas."""
    padded = F.pad(image, (SIDE // 2,) * 4, mode="replicate")
    patches = F.unfold(padded, SIDE, stride=stride)
    patches = patches.reshape(len(image), 3, SIDE**2, -1)
    return (patches - patches[:, :, SIDE**2 // 2, None]).flatten(1, 2)


class SolvedFilter(nn.Module):
    """``K(image, SNR) * image`` with a kernel linear in ``TERMS`` numbers; zero until fitted."""

    kernels: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.zeros(3 * TERMS, 3, SIDE, SIDE))
        self.register_buffer("mean", torch.zeros(STATISTICS))
        self.register_buffer("deviation", torch.ones(STATISTICS))

    def terms(self, image: Tensor, snr_db: Tensor) -> Tensor:
        """``[1, s, h, s h]`` for scaled SNR s and standardised statistics h: ``B x TERMS``."""
        h = (image_statistics(image) - self.mean) / self.deviation
        h = h.clamp(-FURTHEST, FURTHEST)
        snr = snr_feature(snr_db)
        return torch.cat([torch.ones_like(snr), snr, h, snr * h], dim=1)

    @torch.no_grad()
    def forward(self, image: Tensor, snr_db: Tensor) -> Tensor:
        """Correction of ``B x 3 x H x W`` in units of :func:`scales.strength`."""
        count, _, height, width = image.shape
        with torch.autocast(image.device.type, enabled=False):
            of_terms = self.kernels.reshape(TERMS, 3, 3, SIDE, SIDE)
            kernel = torch.einsum("bt,t...->b...", self.terms(image, snr_db), of_terms)
            # The centre tap makes each colour's taps sum to zero, as `differences` does.
            kernel[..., SIDE // 2, SIDE // 2] -= kernel.sum(dim=(-2, -1))
            padded = F.pad(image, (SIDE // 2,) * 4, mode="replicate")
            each = padded.reshape(1, 3 * count, *padded.shape[-2:])
            result = F.conv2d(each, kernel.flatten(0, 1), groups=count)
        return result.reshape(count, 3, height, width)

    @torch.no_grad()
    def fit(self, pairs: Pairs) -> None:
        """Solves for the kernels that minimise the squared error over the pairs.

        Each picture counts by the inverse of its decoded mean squared error, so that decibels and
        not the worst links decide.
        """
        stored = image_statistics(pairs.decoded.float() / 255.0)
        self.mean.copy_(stored.mean(dim=0))
        self.deviation.copy_(stored.std(dim=0) + 1e-3)
        size = TERMS * TAPS
        gram = torch.zeros(TERMS**2, TAPS**2, dtype=torch.float64)
        cross = torch.zeros(TERMS, 3 * TAPS, dtype=torch.float64)
        device = self.mean.device
        for first in range(0, len(pairs), PAIRS_PER_PASS):
            decoded, original, snr_db = (x[first : first + PAIRS_PER_PASS] for x in pairs)
            image, target = decoded.float() / 255.0, original.float() / 255.0
            terms = self.terms(image.to(device), snr_db.to(device)).cpu()
            error = (target - image) / strength(snr_db)[:, None, None, None]
            weight = 1.0 / (error.square().mean(dim=(1, 2, 3)) + 1e-2)
            patches = differences(image, STRIDE)
            weighted = weight[:, None, None] * patches
            wanted = error[:, :, ::STRIDE, ::STRIDE].flatten(2)
            own = (weighted @ patches.transpose(1, 2)).flatten(1)
            towards = (weighted @ wanted.transpose(1, 2)).flatten(1)
            products = (terms[:, :, None] * terms[:, None, :]).flatten(1)
            gram += products.T @ own
            cross += terms.T @ towards
        gram = gram.reshape(TERMS, TERMS, TAPS, TAPS).transpose(1, 2)
        matrix = gram.reshape(size, size)
        matrix += torch.eye(size, dtype=torch.float64) * RIDGE * matrix.diagonal().mean()
        solution = torch.linalg.solve(matrix, cross.reshape(size, 3)).float()
        kernels = solution.reshape(TERMS, 3, SIDE, SIDE, 3).permute(0, 4, 1, 2, 3)
        self.kernels.copy_(kernels.flatten(0, 1))
