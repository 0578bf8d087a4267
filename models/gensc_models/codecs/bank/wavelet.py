"""The linear trunk: colour rotation and the CDF 9/7 wavelet, four levels, as channels per block.

The transform of JPEG 2000 (Cohen, Daubechies and Feauveau 1992; lifting steps of Daubechies and
Sweldens 1998), normalised to be nearly orthonormal. All coefficients that belong to one 16x16
block become the channels of one latent position, coarsest band first, so that the latents have
the 1/16 resolution of any hyperprior codec. Nothing is left out: of saturated fine patterns the
finest colour details alone are worth 40 dB.

====== ========================================== ========
band   content                                    channels
====== ========================================== ========
low    approximation, three colours               3
4      details of level 4, three colours          9
3      details of level 3 (2x2 per block)         36
2      details of level 2 (4x4 per block)         144
1      details of level 1 (8x8), luminance only   192
====== ========================================== ========
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.photos import BLOCK

LEVELS = 4
CHANNELS = 768
APPROXIMATION = 3
DETAILS = 9
"""Three directions of three colours."""
LOW_CHANNELS = APPROXIMATION + DETAILS
"""Approximation and coarsest details: what a block needs of its neighbours to be whole itself."""
LIFTING = (-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971)
BANDS = 8
SCALE = 1.149604398860241
# Details of one level are three directions of three colours each; luminance is put first.
LUMINANCE_FIRST = (0, 3, 6, 1, 2, 4, 5, 7, 8)
DIRECTION_FIRST = tuple(LUMINANCE_FIRST.index(i) for i in range(9))


@lru_cache(maxsize=1)
def _colours() -> Tensor:
    """Orthonormal luminance and two colour differences: nearly the KLT of photos, ``3 x 3``."""
    # Kept for later calls, of which some train: never an inference tensor.
    with torch.inference_mode(False):
        rows = [[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [1.0, -2.0, 1.0]]
        matrix = torch.tensor(rows, dtype=torch.float64)
        return (matrix / matrix.square().sum(dim=1, keepdim=True).sqrt()).float()


def _next(x: Tensor, dim: int) -> Tensor:
    """Each sample's right neighbour, the last repeated: symmetric extension of even samples."""
    last = x.narrow(dim, x.shape[dim] - 1, 1)
    return torch.cat([x.narrow(dim, 1, x.shape[dim] - 1), last], dim)


def _previous(x: Tensor, dim: int) -> Tensor:
    """Each sample's left neighbour, the first repeated: symmetric extension of odd samples."""
    return torch.cat([x.narrow(dim, 0, 1), x.narrow(dim, 0, x.shape[dim] - 1)], dim)


def _split(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """One level in one direction: low and high band of half the length."""
    pairs = x.unflatten(dim, (-1, 2))
    even, odd = pairs.unbind(dim if dim < 0 else dim + 1)
    a, b, c, d = LIFTING
    odd = odd + a * (even + _next(even, dim))
    even = even + b * (odd + _previous(odd, dim))
    odd = odd + c * (even + _next(even, dim))
    even = even + d * (odd + _previous(odd, dim))
    return even * SCALE, odd / SCALE


def _join(low: Tensor, high: Tensor, dim: int) -> Tensor:
    """Inverse of :func:`_split`."""
    a, b, c, d = LIFTING
    even, odd = low / SCALE, high * SCALE
    even = even - d * (odd + _previous(odd, dim))
    odd = odd - c * (even + _next(even, dim))
    even = even - b * (odd + _previous(odd, dim))
    odd = odd - a * (even + _next(even, dim))
    at = dim if dim < 0 else dim + 1
    return torch.stack([even, odd], at).flatten(at - 1, at)


def analyse(image: Tensor) -> Tensor:
    """``B x 3 x H x W`` in [0, 1], sides multiples of 16, to ``B x 768 x H/16 x W/16``.

    Units: grey levels of an 8-bit image times an orthonormal basis, so that a squared error here
    is nearly the squared error of the image.
    """
    low = torch.einsum("ij,bjhw->bihw", _colours().to(image), (image - 0.5) * 255.0)
    bands = []
    for level in range(1, LEVELS + 1):
        left, right = _split(low, -1)
        low, vertical = _split(left, -2)
        details = torch.cat([vertical, *_split(right, -2)], dim=1)
        if level == 1:
            details = details[:, LUMINANCE_FIRST]
        factor = 1 << (LEVELS - level)
        bands.append(F.pixel_unshuffle(details, factor) if factor > 1 else details)
    return torch.cat([low, *reversed(bands)], dim=1)


def synthesise(coefficients: Tensor) -> Tensor:
    """Inverse of :func:`analyse`."""
    sizes = [3] + [9 << (2 * i) for i in range(LEVELS)]
    low, *bands = coefficients.split(sizes, dim=1)
    for i, band in enumerate(bands):
        details = F.pixel_shuffle(band, 1 << i) if i else band
        if i == LEVELS - 1:
            details = details[:, DIRECTION_FIRST]
        vertical, horizontal, diagonal = details.chunk(3, dim=1)
        left = _join(low, vertical, -2)
        low = _join(left, _join(horizontal, diagonal, -2), -1)
    image = torch.einsum("ij,bihw->bjhw", _colours().to(low), low)
    return image / 255.0 + 0.5


def band_of_channel() -> list[int]:
    """Which of eight bands a channel belongs to, ``768``: those whose activity goes together.

    0: approximation and level 4; luminance details of 1: level 3, 2: level 2, 3 to 5: level 1 by
    direction; 6: colour details of levels 3 and 2, 7: of level 1.
    """
    bands = [0] * LOW_CHANNELS
    for level, positions in ((1, 4), (2, 16)):
        for channel in range(9):
            bands += [level if channel % 3 == 0 else 6] * positions
    for direction in range(3):
        bands += [3 + direction] * 64
    return bands + [BANDS - 1] * (CHANNELS - len(bands))


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of latents of an image."""
    return math.ceil(height / BLOCK), math.ceil(width / BLOCK)
