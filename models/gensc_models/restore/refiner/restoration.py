"""N2, the restoration network: a U of dynamic transformer blocks that corrects the decoded image.

::

    decoded ─ unshuffle ─ 3x3 ─ stage 1 ─────────────(cat)─ stage 1' ─ refine ─ 3x3 ─ shuffle
       │                           └ down ─ stage 2 ───┘ up                              │
       │                                    (and so on)                                  │
       ├─ dynamic filter ───────────────────────────────────────── x calibration(SNR) ─(+)
       ├─ solved filter (optional, not trained) ────────────────────────────────────────(+)
       └────────────────────────────────────────────── strength(SNR) x applied(SNR) x ─(+)─┘

The dynamic filter, a mixture of linear kernels chosen by Z and the SNR, takes care of what a whole
image needs (smoothing or sharpening) and learns it in minutes; the U is for what depends on the
place. All start at zero, so an untrained refiner is the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.layers import Upsample, zero_initialised
from gensc_models.restore.refiner.config import RefinerConfig
from gensc_models.restore.refiner.scales import calibration, snr_feature, strength
from gensc_models.restore.refiner.solved_filter import SolvedFilter
from gensc_models.restore.refiner.transformer import DynamicStage

FILTER_SIDE = 7
FILTERS = 6


class DynamicFilter(nn.Module):
    """``sum_m w_m(Z, SNR) K_m * image``: 7x7 kernels over the colours that ignore flat areas."""

    def __init__(self, modulation: int) -> None:
        super().__init__()
        self.kernels = nn.Parameter(torch.zeros(3 * FILTERS, 3, FILTER_SIDE, FILTER_SIDE))
        self.mixture = nn.Linear(modulation, FILTERS)

    def forward(self, image: Tensor, modulation: Tensor) -> Tensor:
        """Images ``B x 3 x H x W`` and modulation ``B x m`` to corrections ``B x 3 x H x W``."""
        count, _, height, width = image.shape
        balanced = self.kernels - self.kernels.mean(dim=(2, 3), keepdim=True)
        padded = F.pad(image, (FILTER_SIDE // 2,) * 4, mode="replicate")
        each = F.conv2d(padded, balanced).reshape(count, FILTERS, 3, height, width)
        return torch.einsum("bm,bmchw->bchw", self.mixture(modulation), each)


class Restoration(nn.Module):
    """Decoded image, Z and SNR to the refined image (paper, eq. 9)."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        c = config
        self.unshuffle = c.unshuffle
        self.calibration, self.applied = c.calibration, c.applied
        self.solved = SolvedFilter() if c.solved_filter else None
        modulation = c.prior_size + c.condition
        pixels = 3 * c.unshuffle**2

        def stage(depth: int, level: int) -> DynamicStage:
            return DynamicStage(depth, c.widths[level], c.heads[level], c.expansion, modulation)

        levels = range(len(c.widths))
        self.condition = nn.Sequential(
            nn.Linear(1, c.condition), nn.SiLU(), nn.Linear(c.condition, c.condition)
        )
        self.first = nn.Conv2d(pixels, c.widths[0], 3, padding=1)
        self.encoder = nn.ModuleList(stage(c.blocks[i], i) for i in levels)
        self.down = nn.ModuleList(
            nn.Conv2d(4 * c.widths[i], c.widths[i + 1], 1) for i in levels[:-1]
        )
        self.up = nn.ModuleList(Upsample(c.widths[i + 1], c.widths[i]) for i in levels[:-1])
        self.merge = nn.ModuleList(nn.Conv2d(2 * c.widths[i], c.widths[i], 1) for i in levels[:-1])
        self.decoder = nn.ModuleList(stage(c.blocks[i], i) for i in levels[:-1])
        self.refinement = stage(c.refinement_blocks, 0)
        self.filter = DynamicFilter(modulation)
        self.last = zero_initialised(nn.Conv2d(c.widths[0], pixels, 3, padding=1))

    def start(self, decoded: Tensor, snr_db: Tensor) -> Tensor:
        """What the trained part corrects: the decoded image after the solved filter, if any."""
        if self.solved is None:
            return decoded
        return decoded + strength(snr_db)[:, None, None, None] * self.solved(decoded, snr_db)

    def forward(self, decoded: Tensor, prior: Tensor, snr_db: Tensor) -> Tensor:
        """``B x 3 x H x W`` in [0, 1], Z ``B x 4C'`` and SNR ``B`` in dB; not clipped.

        H and W are multiples of ``RefinerConfig.multiple``.
        """
        modulation = torch.cat([prior, self.condition(snr_feature(snr_db))], dim=1)
        x = self.first(F.pixel_unshuffle(2.0 * decoded - 1.0, self.unshuffle))
        skips: list[Tensor] = []
        for encoder, down in zip(self.encoder, self.down, strict=False):
            x = encoder(x, modulation)
            skips.append(x)
            x = down(F.pixel_unshuffle(x, 2))
        x = self.encoder[-1](x, modulation)
        for level in reversed(range(len(self.down))):
            x = self.merge[level](torch.cat([self.up[level](x), skips[level]], dim=1))
            x = self.decoder[level](x, modulation)
        correction = F.pixel_shuffle(self.last(self.refinement(x, modulation)), self.unshuffle)
        correction = correction + self.filter(decoded, modulation)
        unit = strength(snr_db) * calibration(snr_db, self.calibration)
        refined = self.start(decoded, snr_db) + unit[:, None, None, None] * correction.float()
        applied = calibration(snr_db, self.applied)[:, None, None, None]
        return decoded + applied * (refined - decoded)
