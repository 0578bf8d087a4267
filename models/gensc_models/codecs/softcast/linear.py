"""The linear analog code: KLT of image blocks, SoftCast power allocation, LLSE at the receiver.

Jakubczak and Katabi, "A cross-layer design for scalable mobile video" (SoftCast, MobiCom 2011).
It needs no training beyond the statistics of photos, degrades gracefully with the SNR, and is
both a baseline of its own and the trunk that the learned codec starts from.

Units: the code works on *real channels* of unit average power. Two of them make one complex
symbol ``x = (a + jb) / sqrt(2)``, so that a complex noise variance ``nv`` (Es/N0 = 1/nv) is also
the noise variance of each real channel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.data.photos import BLOCK

PATCH = 3 * BLOCK * BLOCK
COEFFICIENTS = 256
MAX_RATE = COEFFICIENTS // 2
# Rows and columns of blocks.
Size = Sequence[int]


def real_channels(rate: Tensor) -> Tensor:
    """Mask ``B x 256 x 1 x 1`` of the real channels that ``rate`` complex symbols/block carry."""
    index = torch.arange(COEFFICIENTS, device=rate.device)
    return (index < 2 * rate[:, None]).float()[:, :, None, None]


def power_allocation(variance: Tensor, snr_db: Tensor, rate: Tensor) -> Tensor:
    """Power of each coefficient that minimises the LLSE distortion for a given SNR and rate.

    Minimising ``sum lam_i s2 / (P_i + s2)`` under ``sum P_i = 2 C`` gives the water-filling form
    ``P_i = max(0, c sqrt(lam_i) s - s2)``; at high SNR this is SoftCast's gain ``lam^(-1/4)``.

    Parameters
    ----------
    variance : ``K``, descending coefficient variances.
    snr_db : ``B``, Es/N0 in dB that the encoder designs for.
    rate : ``B``, complex symbols per block (C), of which 2C coefficients may be used.

    Returns
    -------
    ``B x K`` powers, zero beyond the first 2C, each row summing to 2C.
    """
    noise = torch.pow(10.0, -snr_db.double() / 10.0)[:, None]
    budget = 2.0 * rate.double()[:, None]
    deviation = variance.double().clamp_min(1e-12).sqrt()[None, :]
    allowed = torch.arange(1, deviation.shape[1] + 1, device=rate.device)[None, :]
    # Water level if exactly the first k coefficients were active, for every k at once.
    level = (budget + allowed * noise) / (noise.sqrt() * deviation.cumsum(dim=1))
    active = (level * deviation > noise.sqrt()) & (allowed <= budget)
    count = active.sum(dim=1, keepdim=True).clamp_min(1)
    chosen = level.gather(1, count - 1)
    power = chosen * deviation * noise.sqrt() - noise
    return torch.where(allowed <= count, power.clamp_min(0.0), 0.0).float()


class LinearCode(nn.Module):
    """KLT analysis and synthesis of 16x16x3 blocks with explicit gains and LLSE estimate.

    The basis is learnable (a codec that contains it fine-tunes it gently); coefficient variances
    and the mean colour are fixed statistics of the training photos.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.analysis = nn.Parameter(torch.eye(PATCH)[:COEFFICIENTS].clone())
        self.synthesis = nn.Parameter(torch.eye(PATCH)[:, :COEFFICIENTS].clone())
        self.register_buffer("mean", torch.full((3,), 0.5))
        self.register_buffer("variance", torch.ones(COEFFICIENTS))

    @torch.no_grad()
    def load_statistics(self, mean: Tensor, basis: Tensor, variance: Tensor) -> None:
        """Take over a mean colour ``3``, a basis ``256 x 768`` and its variances ``256``."""
        self.mean.copy_(mean)
        self.variance.copy_(variance)
        self.analysis.copy_(basis)
        self.synthesis.copy_(basis.T)

    def analyse(self, image: Tensor) -> Tensor:
        """``B x 3 x H x W`` in [0, 1] to coefficients ``B x 256 x H/16 x W/16``."""
        patches = F.pixel_unshuffle(image - self.mean[:, None, None], BLOCK)
        return F.conv2d(patches, self.analysis[:, :, None, None])

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """Inverse of :meth:`analyse` (least squares, the untransmitted part is zero)."""
        patches = F.conv2d(coefficients, self.synthesis[:, :, None, None])
        return F.pixel_shuffle(patches, BLOCK) + self.mean[:, None, None]

    def prior(self, size: Size) -> Tensor:
        """Variances of the coefficients of ``size`` blocks; broadcasts with ``B x 256 x h x w``."""
        return self.variance[None, :, None, None]

    def gains(self, snr_db: Tensor, rate: Tensor, size: Size = (1, 1)) -> Tensor:
        """Gain of each coefficient, ``sqrt(P_i / lam_i)``, to broadcast like :meth:`prior`."""
        power = power_allocation(self.variance, snr_db, rate)
        return (power / self.variance.clamp_min(1e-12)).sqrt()[:, :, None, None]

    def sent_power(self, snr_db: Tensor, rate: Tensor, floor: float) -> Tensor:
        """Mean power of each real channel as sent, ``B x 256``, with mean one over the used.

        ``floor`` is what is assumed where the allocation gives nothing.
        """
        power = power_allocation(self.variance, snr_db, rate) + floor
        return power / (1.0 + floor)

    def estimate(
        self, received: Tensor, precision: Tensor, scale: Tensor, gains: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Posterior mean of every coefficient from its own received value.

        The channel delivers ``r = (g y) / s + n`` with ``n ~ N(0, 1/precision)``; with the prior
        ``y ~ N(0, lam)`` the linear least-squares estimate is
        ``lam g p s r / (lam g^2 p + s^2)``. Precision 0 (an erasure) gives the prior mean.

        Parameters
        ----------
        received, precision : ``B x 256 x h x w``.
        scale : ``B``, the image's normalisation ``s``, or one per block, ``B x 1 x h x w``.
        gains : as :meth:`gains` gives them.

        Returns
        -------
        The estimate and its reliability ``lam g^2 p / (lam g^2 p + s^2)`` in [0, 1].
        """
        prior = self.prior(received.shape[-2:])
        s = scale[:, None, None, None] if scale.ndim == 1 else scale
        information = prior * gains.square() * precision
        posterior = information + s.square()
        estimate = prior * gains * precision * s * received / posterior
        return estimate, information / posterior

    def expected_mse(self, snr_db: Tensor, design_snr_db: Tensor, rate: Tensor) -> Tensor:
        """Distortion per pixel value that the model predicts at a true SNR, ``B``.

        All arguments are ``B``; the dynamic range is 1. Gains follow the encoder's design SNR.
        """
        power = power_allocation(self.variance, design_snr_db, rate)
        noise = torch.pow(10.0, -snr_db / 10.0)[:, None]
        return (self.variance * noise / (power + noise)).sum(dim=1) / PATCH


def fit_klt(patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Karhunen-Loeve basis of image blocks.

    Parameters
    ----------
    patches : ``N x 3 x 16 x 16`` in [0, 1].

    Returns
    -------
    Mean colour ``3``, basis ``256 x 768`` by descending variance, and the 256 variances.
    """
    mean = patches.mean(dim=(0, 2, 3))
    flat = F.pixel_unshuffle(patches - mean[:, None, None], BLOCK).flatten(1).double()
    values, vectors = torch.linalg.eigh(flat.T @ flat / flat.shape[0])
    order = torch.arange(PATCH - 1, PATCH - 1 - COEFFICIENTS, -1)
    basis = vectors[:, order].T
    # The sign of an eigenvector is arbitrary: fix it, so that two fits give the same code.
    largest = basis.abs().argmax(dim=1, keepdim=True)
    basis = basis * basis.gather(1, largest).sign()
    return mean.float(), basis.float(), values[order].clamp_min(1e-9).float()
