"""Critical information extraction at the transmitter (GVIF-CIE, Section III).

An importance map says which blocks of an image matter; those at or above the threshold alpha are
coded by the codec bank (Eq. 17, 18), the rest is left to the receiver's inpainting. A container
that is longer than the link carries in time is shortened until it fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.data.photos import BLOCK
from gensc_models.semantics.gvif import gvif_parts, information

POINT_STEP = 0.86
"""Length of a container from one operating point to the next coarser one, about."""
HEADROOM = 0.98
"""Share of the budget that a predicted length may take."""

Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]
ImportanceMap = Callable[[Photo], NDArray[np.floating]]
"""Image, uint8 ``H x W x 3``, to a map of any size, larger where it matters more."""


class Coded(Protocol):
    """A coded image."""

    @property
    def data(self) -> bytes:
        """The container."""


class Bank(Protocol):
    """What is asked of a codec bank; :class:`gensc_models.codecs.bank.HyperpriorCodec` is one."""

    @property
    def points(self) -> tuple[int, ...]:
        """Operating points, the least distortion first."""

    def encode(self, image: Photo, point: int, keep: Mask | None = None) -> Coded:
        """Codes the blocks of ``keep``; None codes all."""

    def scales(self, image: Photo, point: int) -> Tensor:
        """Scales of the latents in steps of the quantiser, ``1 x C x h x w`` (Eq. 28)."""


def information_map(bank: Bank, image: Photo) -> NDArray[np.float64]:
    """Bits of visual information in each block at the bank's finest point, ``h x w``.

    An importance that needs neither labels nor further weights: it keeps what GVIF counts.
    """
    return _bits_of_blocks(bank.scales(image, bank.points[0]))


def _bits_of_blocks(scales: Tensor) -> NDArray[np.float64]:
    """Visual information of each block, bits, ``h x w``."""
    return information(scales)[0].sum(dim=0).cpu().numpy()


def on_blocks(importance: NDArray[np.floating], height: int, width: int) -> NDArray[np.float64]:
    """Importance of the blocks of an image of that size, 0 … 1, ``ceil(H/16) x ceil(W/16)``.

    Each block takes the mean of the map over its area; then the least becomes 0 and the largest 1
    (Section III-A: normalised, brought to the grid of the latents). Where all blocks are alike all
    are 1: nothing can be told apart, so nothing is filtered out.

    Raises
    ------
    ValueError
        Not a map, or not finite.
    """
    if importance.ndim != 2 or 0 in importance.shape or not np.isfinite(importance).all():
        raise ValueError(f"an importance must be a finite map, not of shape {importance.shape}")
    importance = importance.astype(np.float64)
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    if importance.shape != (rows, columns):
        # The last blocks may reach beyond the image, and so beyond its map.
        tall = importance.shape[0] * rows * BLOCK / height
        wide = importance.shape[1] * columns * BLOCK / width
        importance = _area_mean(importance, rows, columns, tall, wide)
    low, high = float(importance.min()), float(importance.max())
    if high - low <= 1e-12 * max(abs(high), abs(low), 1e-30):
        return np.ones((rows, columns))
    return (importance - low) / (high - low)


def _area_mean(
    values: NDArray[np.float64], rows: int, columns: int, height: float, width: float
) -> NDArray[np.float64]:
    """Means of ``values`` over a grid of equal cells covering ``height x width`` of its pixels."""
    down = _overlaps(values.shape[0], rows, height)
    across = _overlaps(values.shape[1], columns, width)
    return down @ values @ across.T


def _overlaps(pixels: int, cells: int, extent: float) -> NDArray[np.float64]:
    """Share of each pixel in the mean of each cell, ``cells x pixels``; beyond the end: 0."""
    edges = np.linspace(0, extent, cells + 1)
    start = np.arange(pixels)
    shared = np.minimum(edges[1:, None], start + 1) - np.maximum(edges[:-1, None], start)
    shared = np.maximum(shared, 0.0)
    return shared / np.maximum(shared.sum(axis=1, keepdims=True), 1e-12)


def gvif_of_blocks(reference: Tensor, coded: Tensor) -> NDArray[np.float64]:
    """Each block's share of an image's GVIF, ``h x w``; they sum to the GVIF of the whole image.

    Parameters
    ----------
    reference, coded : scales ``1 x C x h x w``, as in :func:`gensc_models.semantics.gvif.gvif`.
    """
    arrives, there = gvif_parts(reference, coded, torch.ones(1, dtype=torch.bool))
    total = float(there.sum())
    if total == 0:  # nothing to see arrives whole
        return np.full(arrives.shape[-2:], 1.0 / arrives[0, 0].numel())
    return (arrives[0].sum(dim=0) / total).cpu().numpy()


@dataclass(frozen=True)
class Extracted:
    """What of an image is sent, and how it came to it.

    ``keep`` are the blocks sent (``h x w``), ``gvif`` the fidelity of this image at this choice,
    ``tries`` how often it was coded. ``fits`` is False where even the most important blocks at
    the coarsest point are longer than the budget.
    """

    data: bytes
    point: int
    alpha: float
    keep: Mask
    gvif: float
    tries: int
    fits: bool

    @property
    def bits(self) -> int:
        """Length of the container."""
        return 8 * len(self.data)


class CriticalEncoder:
    """Codes what matters of an image, within a number of bits.

    Parameters
    ----------
    bank : the codec.
    importance : map of an image; None takes :func:`information_map` of the bank.
    alpha_max : threshold that shortening does not exceed while a coarser point is left.
    max_tries : containers coded for one image at most; the last one is the shortest there is.
    """

    def __init__(
        self,
        bank: Bank,
        importance: ImportanceMap | None = None,
        alpha_max: float = 0.8,
        max_tries: int = 6,
    ) -> None:
        if not 0 <= alpha_max <= 1 or max_tries < 2:
            raise ValueError("alpha_max must lie in 0 … 1, max_tries be at least 2")
        self.bank = bank
        self.alpha_max = float(alpha_max)
        self.max_tries = int(max_tries)
        self._importance = importance

    def encode(
        self, image: Photo, point: int, alpha: float, budget_bits: float = math.inf
    ) -> Extracted:
        """The blocks at or above ``alpha`` at operating point ``point``; less where they are many.

        A container longer than the budget is coded again with a higher threshold, up to
        ``alpha_max``, then with coarser points; in the end with the most important blocks alone.

        Parameters
        ----------
        image : uint8 ``H x W x 3``.
        point : of the bank.
        alpha : threshold, 0 … 1.
        budget_bits : longest container wanted.

        Raises
        ------
        ValueError
            An image the bank does not take, no such point, or a threshold outside 0 … 1.
        """
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha {alpha}: must lie in 0 … 1")
        if point not in self.bank.points:
            raise ValueError(f"operating point {point}: there are {self.bank.points}")
        reference = self.bank.scales(image, self.bank.points[0])
        given = _bits_of_blocks(reference) if self._importance is None else self._importance(image)
        importance = on_blocks(np.asarray(given), *image.shape[:2])
        coded = reference if point == self.bank.points[0] else self.bank.scales(image, point)
        weight = _bits_of_blocks(coded) + 1.0
        tries, first = 1, point
        data = self._code(image, point, importance >= alpha)
        while 8 * len(data) > budget_bits and tries < self.max_tries:
            share = HEADROOM * budget_bits / (8 * len(data))
            last = tries + 1 == self.max_tries
            point, alpha = self._shorter(importance, weight, point, alpha, share, last)
            data = self._code(image, point, importance >= alpha)
            tries += 1
        keep = importance >= alpha
        if point != first:
            coded = self.bank.scales(image, point)
        share_of = gvif_of_blocks(reference, coded)
        return Extracted(
            data=data,
            point=point,
            alpha=alpha,
            keep=keep,
            gvif=min(1.0, float(share_of[keep].sum())),
            tries=tries,
            fits=8 * len(data) <= budget_bits,
        )

    def _code(self, image: Photo, point: int, keep: Mask) -> bytes:
        return self.bank.encode(image, point, None if keep.all() else keep).data

    def _shorter(
        self,
        importance: NDArray[np.float64],
        weight: NDArray[np.float64],
        point: int,
        alpha: float,
        share: float,
        last: bool,
    ) -> tuple[int, float]:
        """Point and threshold of a container about ``share`` times as long."""
        points = self.bank.points
        if last:
            return points[-1], 1.0
        # The information of the blocks foretells their bits.
        steps = np.unique(importance[importance > alpha])
        steps = steps[steps <= max(self.alpha_max, alpha)]
        there = weight[importance >= alpha].sum()
        for step in steps:
            if weight[importance >= step].sum() <= share * there:
                return point, float(step)
        if steps.size:
            share *= there / weight[importance >= steps[-1]].sum()
            alpha = float(steps[-1])
        position = points.index(point)
        if position + 1 == len(points):
            return point, 1.0
        coarser = max(1, math.ceil(math.log(min(share, 1.0)) / math.log(POINT_STEP)))
        return points[min(position + coarser, len(points) - 1)], alpha
