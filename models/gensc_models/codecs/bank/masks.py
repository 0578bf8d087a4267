"""Which latents are coded when only part of the image is to be sent.

A mask has one flag per block of 16x16 pixels. A kept block's latents are all coded. Of the blocks
around it the coarse bands are coded too, because the wavelets of neighbouring blocks overlap: the
approximation two blocks wide, the details of level 4 one block wide. Without them the border of a
kept region would fade into whatever the decoder predicts next to it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.transforms import GROUP

APPROXIMATION_BORDER = 2
DETAIL_BORDER = 1


def with_border(keep: Tensor, blocks: int) -> Tensor:
    """``B x h x w`` bool, widened by some blocks in each direction."""
    wide = F.max_pool2d(keep[:, None].float(), 2 * blocks + 1, stride=1, padding=blocks)
    return wide[:, 0] > 0.5


def coded_latents(keep: Tensor) -> Tensor:
    """Latents that a mask ``B x h x w`` has coded: ``B x 768 x h x w`` bool."""
    channels = (
        (with_border(keep, APPROXIMATION_BORDER), wavelet.APPROXIMATION),
        (with_border(keep, DETAIL_BORDER), wavelet.LOW_CHANNELS - wavelet.APPROXIMATION),
        (keep, wavelet.CHANNELS - wavelet.LOW_CHANNELS),
    )
    return torch.cat([flags[:, None].expand(-1, n, -1, -1) for flags, n in channels], dim=1)


def coded_groups(keep: Tensor) -> Tensor:
    """Hyper-latents that are coded, ``B x ceil(h/4) x ceil(w/4)`` bool.

    Those whose 4x4 blocks hold one that is kept or next to a kept one.
    """
    wide = with_border(keep, DETAIL_BORDER).float()[:, None]
    h, w = wide.shape[-2:]
    return F.max_pool2d(F.pad(wide, (0, -w % GROUP, 0, -h % GROUP)), GROUP)[:, 0] > 0.5
