"""Coarse to fine: holes are larger than a tile at full resolution, but not at a fraction of it.

Each level adds an octave of detail to the one below, about equally strong at all its frequencies.
So does the noise of the diffusion, and even a network that has learned little errs by no more.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gensc_models.restore.inpainting.fill import enlarge, pull, smooth_fill

# A coarsest level of at most this side lies well within what the network sees at once.
LARGEST_COARSEST = 24
# What the network is told of a level: how often the image was halved (0 ... 3, or more often), or
# that it is the coarsest, whose continuation has nothing to start from but the kept pixels.
KINDS = 5
COARSEST = KINDS - 1


@dataclass(frozen=True)
class Level:
    """One resolution of a partly known image.

    ``values`` are ``B x 3 x H x W`` in [0, 1]; ``weight`` is ``B x 1 x H x W``, 1 where known.
    """

    values: Tensor
    weight: Tensor
    kind: int


def levels(values: Tensor, weight: Tensor) -> list[Level]:
    """The image halved until its longer side is at most 24, coarsest first.

    A very small image has one level only, which is a coarsest one.
    """
    sizes = [(values, weight)]
    while max(sizes[-1][0].shape[-2:]) > LARGEST_COARSEST:
        sizes.append(pull(*sizes[-1]))
    last = len(sizes) - 1
    kinds = [min(halvings, COARSEST - 1) for halvings in range(last)] + [COARSEST]
    return [Level(*size, kind) for size, kind in zip(sizes, kinds, strict=True)][::-1]


def continuation(values: Tensor, weight: Tensor, coarser: Tensor | None = None) -> Tensor:
    """What a level starts from: exact where known, smooth elsewhere.

    Parameters
    ----------
    values, weight : as of :class:`Level`.
    coarser : the finished level below, ``B x 3 x ceil(H/2) x ceil(W/2)``. It is enlarged, and what
        it lacks on the kept pixels is continued into the hole, so that the border fits.
    """
    if coarser is None:
        return smooth_fill(values, weight)
    enlarged = enlarge(coarser, *values.shape[-2:])
    return enlarged + smooth_fill(values - enlarged, weight)
