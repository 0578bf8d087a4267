"""What a photo is padded with to whole blocks, where its sides are no multiples of 16.

The receiver cuts it off again, so it may be anything: best what costs no bits. Repeating the
border would carry its texture on through the padding, up to a tenth of all bits. Instead the
details beyond the border are made to vanish, by projections in turn onto the images that are the
photo inside and onto those without such details.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs import layout
from gensc_models.codecs.bank import wavelet
from gensc_models.data.photos import BLOCK

ROUNDS = 6


def details_beyond(height: int, width: int) -> Tensor:
    """Which detail coefficients are centred outside a ``height x width`` photo, ``768 x h x w``."""
    rows, columns = (BLOCK * n for n in wavelet.grid(height, width))
    maps = [torch.zeros(wavelet.APPROXIMATION, rows >> wavelet.LEVELS, columns >> wavelet.LEVELS)]
    for level in range(wavelet.LEVELS, 0, -1):
        step = 1 << level
        below = (torch.arange(rows // step) + 0.5) * step >= height
        right = (torch.arange(columns // step) + 0.5) * step >= width
        outside = (below[:, None] | right[None]).float().expand(wavelet.DETAILS, -1, -1)
        maps.append(F.pixel_unshuffle(outside[None], 1 << (wavelet.LEVELS - level))[0])
    return torch.cat(maps) > 0.5


def padded(image: Tensor) -> Tensor:
    """``1 x 3 x H x W`` in [0, 1] to sides that are multiples of 16, the photo at the top left."""
    height, width = image.shape[-2:]
    whole = layout.pad_to_blocks(image)
    if whole.shape == image.shape:
        return whole
    kept = ~details_beyond(height, width).to(image.device)
    for _ in range(ROUNDS):
        whole = wavelet.synthesise(wavelet.analyse(whole) * kept)
        whole[..., :height, :width] = image
    return whole
