"""Integer probability tables of the entropy coder, made once and shipped with the weights.

Counts, not floating-point formulas, are what encoder and decoder share: a Gaussian computed with
another erf on another machine would sooner or later round to another table. All counts of a table
add up to 2^20 and none is zero.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gensc_models.codecs.bank.scales import LEVELS, TAIL_RATIO, scale_of_level, tail_weight

TOTAL = 1 << 20
REACH = 12.0
Z_LIMIT = 63
"""Hyper-latents are integers in [-63, 63]."""

Counts = NDArray[np.int32]


def limit_of_level(level: int) -> int:
    """Largest magnitude with a symbol of its own: twelve standard deviations, at least 1."""
    return max(1, math.ceil(REACH * float(scale_of_level(torch.tensor(float(level))))))


def symbols_of_level(level: int) -> int:
    """Alphabet of a level: ``-limit ... limit`` and, last, the escape for anything beyond."""
    return 2 * limit_of_level(level) + 2


def quantise_counts(probability: NDArray[np.float64]) -> Counts:
    """Positive integers in proportion to ``probability`` that add up to ``TOTAL``.

    Raises
    ------
    ValueError
        More symbols than counts, or probabilities that are negative or not finite.
    """
    if not (np.isfinite(probability).all() and (probability >= 0).all() and probability.sum() > 0):
        raise ValueError("probabilities must be finite and not negative, and not all zero")
    if len(probability) > TOTAL // 2:
        raise ValueError(f"{len(probability)} symbols are too many for a table")
    spare = TOTAL - len(probability)
    counts = 1 + np.floor(probability / probability.sum() * spare).astype(np.int64)
    counts[np.argmax(probability)] += TOTAL - counts.sum()
    return counts.astype(np.int32)


def latent_counts(level: int) -> Counts:
    """Table of the latents of that level (:mod:`.scales`)."""
    limit = limit_of_level(level)
    scale = float(scale_of_level(torch.tensor(float(level))))
    wide = float(tail_weight(torch.tensor(float(level))))
    # Probabilities of n and more, n = 1 ...; the negative side mirrors them.
    tail = np.array(
        [
            sum(
                share * 0.5 * math.erfc((n - 0.5) / (ratio * scale * math.sqrt(2.0)))
                for share, ratio in ((1.0 - wide, 1.0), (wide, TAIL_RATIO))
            )
            for n in range(1, limit + 2)
        ]
    )
    side = tail[:-1] - tail[1:]
    centre = 1.0 - 2.0 * tail[0]
    return quantise_counts(np.concatenate([side[::-1], [centre], side, [2.0 * tail[-1]]]))


class ProbabilityTables(nn.Module):
    """All tables as flat integer buffers: ``latent`` by level, then ``hyper`` by channel of z."""

    latent: Tensor
    hyper: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        size = sum(symbols_of_level(level) for level in range(LEVELS))
        self.channels = channels
        self.register_buffer("latent", torch.zeros(size, dtype=torch.int32))
        self.register_buffer("hyper", torch.zeros(channels * (2 * Z_LIMIT + 1), dtype=torch.int32))

    @torch.no_grad()
    def fill(self, hyper: NDArray[np.float64]) -> None:
        """Makes all tables; ``hyper`` are probabilities ``channels x 127`` of z = -63 ... 63."""
        latent = np.concatenate([latent_counts(level) for level in range(LEVELS)])
        self.latent.copy_(torch.from_numpy(latent))
        counts = np.concatenate([quantise_counts(row) for row in hyper])
        self.hyper.copy_(torch.from_numpy(counts))

    def latent_tables(self) -> list[Counts]:
        """One table per level.

        Raises
        ------
        ValueError
            The buffers hold something else than tables.
        """
        sizes = [symbols_of_level(level) for level in range(LEVELS)]
        return _checked(np.split(self.latent.cpu().numpy(), np.cumsum(sizes)[:-1]))

    def hyper_tables(self) -> list[Counts]:
        """One table per channel of z; errors as :meth:`latent_tables`."""
        return _checked(list(self.hyper.cpu().numpy().reshape(self.channels, -1)))


def _checked(tables: list[Counts]) -> list[Counts]:
    for number, counts in enumerate(tables):
        if counts.min() < 1 or int(counts.sum()) != TOTAL:
            raise ValueError(f"probability table {number} is damaged")
    return tables
