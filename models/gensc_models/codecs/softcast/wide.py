"""The linear code over groups of 2x2 blocks: 32x32 pixels at a time.

Neighbouring blocks resemble each other, most of all in their means. A second KLT over the 4 x 256
coefficients of a group removes that: on CIFAR-10 it gains 0.6 dB at every SNR. The 1024 results
are ordered by variance and dealt out to the four blocks, four to each channel, so that channel k
of any block has about the variance it would have alone and everything after goes on unchanged.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.softcast.linear import (
    COEFFICIENTS,
    PATCH,
    LinearCode,
    Size,
    power_allocation,
)
from gensc_models.data.photos import BLOCK

GROUP = 2
WIDE = COEFFICIENTS * GROUP**2
WIDE_BLOCK = BLOCK * GROUP


class WideLinearCode(LinearCode):
    """As :class:`LinearCode`, for images whose sides are multiples of 32 pixels."""

    rotation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.variance = torch.ones(WIDE)
        self.register_buffer("rotation", torch.eye(WIDE))

    @torch.no_grad()
    def load_statistics(
        self, mean: Tensor, basis: Tensor, variance: Tensor, rotation: Tensor | None = None
    ) -> None:
        """As :meth:`LinearCode.load_statistics`, with 1024 variances and the ``rotation``."""
        super().load_statistics(mean, basis, variance)
        if rotation is not None:
            self.rotation.copy_(rotation)

    def analyse(self, image: Tensor) -> Tensor:
        """``B x 3 x H x W`` in [0, 1] to coefficients ``B x 256 x H/16 x W/16``.

        Raises
        ------
        ValueError
            A side is no multiple of 32.
        """
        height, width = image.shape[-2:]
        if height % WIDE_BLOCK or width % WIDE_BLOCK:
            raise ValueError(f"image of {width}x{height}: sides must be multiples of {WIDE_BLOCK}")
        group = F.pixel_unshuffle(super().analyse(image), GROUP)
        return F.pixel_shuffle(torch.einsum("ij,bjhw->bihw", self.rotation, group), GROUP)

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """Inverse of :meth:`analyse` (least squares, the untransmitted part is zero)."""
        group = F.pixel_unshuffle(coefficients, GROUP)
        turned = torch.einsum("ij,bihw->bjhw", self.rotation, group)
        return super().synthesise(F.pixel_shuffle(turned, GROUP))

    def _dealt(self, values: Tensor, size: Size) -> Tensor:
        """``B x 1024`` by rank to ``B x 256 x h x w``."""
        once = values.view(-1, COEFFICIENTS, GROUP, GROUP)
        return once.repeat(1, 1, size[0] // GROUP, size[1] // GROUP)

    def _power(self, snr_db: Tensor, rate: Tensor) -> Tensor:
        return power_allocation(self.variance, snr_db, rate * GROUP**2)

    def prior(self, size: Size) -> Tensor:
        """Variances of the coefficients of ``size`` blocks, ``1 x 256 x h x w``."""
        return self._dealt(self.variance, size)

    def gains(self, snr_db: Tensor, rate: Tensor, size: Size = (GROUP, GROUP)) -> Tensor:
        """Gain of each coefficient, ``B x 256 x h x w``."""
        power = self._power(snr_db, rate)
        return self._dealt((power / self.variance.clamp_min(1e-12)).sqrt(), size)

    def sent_power(self, snr_db: Tensor, rate: Tensor, floor: float) -> Tensor:
        """As :meth:`LinearCode.sent_power`, averaged over the blocks of a group."""
        power = self._power(snr_db, rate).view(-1, COEFFICIENTS, GROUP**2).mean(dim=2)
        return (power + floor) / (1.0 + floor)

    def expected_mse(self, snr_db: Tensor, design_snr_db: Tensor, rate: Tensor) -> Tensor:
        """As :meth:`LinearCode.expected_mse`."""
        power = self._power(design_snr_db, rate)
        noise = torch.pow(10.0, -snr_db / 10.0)[:, None]
        return (self.variance * noise / (power + noise)).sum(dim=1) / (PATCH * GROUP**2)


def fit_wide(images: Tensor, mean: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """The second KLT behind that of :func:`gensc_models.codecs.softcast.linear.fit_klt`.

    Parameters
    ----------
    images : ``N x 3 x 32 x 32`` in [0, 1].
    mean, basis : of the first.

    Returns
    -------
    Rotation ``1024 x 1024`` and the 1024 variances, descending.
    """
    first = LinearCode()
    first.load_statistics(mean, basis, first.variance)
    with torch.no_grad():
        group = F.pixel_unshuffle(first.analyse(images), GROUP).flatten(1).double()
    values, vectors = torch.linalg.eigh(group.T @ group / len(group))
    rotation = vectors.flip(1).T
    # The sign of an eigenvector is arbitrary: fix it, so that two fits give the same code.
    largest = rotation.abs().argmax(dim=1, keepdim=True)
    rotation = rotation * rotation.gather(1, largest).sign()
    return rotation.float(), values.flip(0).clamp_min(1e-9).float()
