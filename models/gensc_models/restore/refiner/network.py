"""The networks put together: as the receiver runs them, and as the first training step does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gensc_models.restore.refiner.config import RefinerConfig
from gensc_models.restore.refiner.diffusion import PriorDiffusion
from gensc_models.restore.refiner.prior import PriorExtraction
from gensc_models.restore.refiner.restoration import Restoration
from gensc_models.restore.refiner.scales import snr_feature


class RefinerNetwork(nn.Module):
    """Algorithm 2: decoded image to D (N1), Z_T and D to Z (diffusion), image and Z to N2."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        self.prior = PriorExtraction(config, images=1)
        self.diffusion = PriorDiffusion(config)
        self.restoration = Restoration(config)

    def estimate_prior(self, decoded: Tensor, snr_db: Tensor, noisy: Tensor) -> Tensor:
        """Z from the decoded image ``B x 3 x H x W``, SNR ``B`` in dB and Z_T ``B x 4C'``."""
        return self.diffusion.reverse(noisy, self.prior(decoded), snr_feature(snr_db))

    def forward(self, decoded: Tensor, snr_db: Tensor, noise: Tensor) -> Tensor:
        """Refined image, not clipped; ``noise`` (``B x 4C'``) is the standard normal Z_T."""
        return self.restoration(decoded, self.estimate_prior(decoded, snr_db, noise), snr_db)

    def start_from(self, first: PretrainingNetwork) -> None:
        """Takes over what the first training step learned: N2 and the body of N1."""
        self.restoration.load_state_dict(first.restoration.state_dict())
        self.prior.start_from(first.prior)


class PretrainingNetwork(nn.Module):
    """The first training step: N1 sees the original too, and N2 gets its Z directly (eq. 8)."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        self.prior = PriorExtraction(config, images=2)
        self.restoration = Restoration(config)

    def extract(self, decoded: Tensor, original: Tensor) -> Tensor:
        """Z (``B x 4C'``) of a pair of images ``B x 3 x H x W``."""
        return self.prior(torch.cat([decoded, original], dim=1))

    def forward(self, decoded: Tensor, original: Tensor, snr_db: Tensor) -> Tensor:
        """Refined image, not clipped."""
        return self.restoration(decoded, self.extract(decoded, original), snr_db)
