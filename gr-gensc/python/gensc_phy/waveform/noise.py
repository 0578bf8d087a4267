"""Noise variance of every carrier and every symbol from what the channel estimate leaves.

The variance of a cell is taken to be a product v_k s_m t_km: v_k sees an interferer that stays on
its carriers, s_m an impulse that hits a symbol, and t, constant over tiles of a few carriers and
symbols, a narrow signal that comes and goes. Each is the mean of few squared residuals, and most
of them differ by chance only: they are shrunk towards their common mean by as much as their
spread is what chance explains (James and Stein; Efron and Morris, 1975), and those that stand out
are believed as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Standard deviations by which an estimate of its own must exceed the common one.
_STANDS_OUT = 4.5
_TINY = 1e-30
# Factor of a tile that is no chance.
_LOUD = 4.0
# Extent of a tile: symbols, and bands of carriers that there are.
_TILE_SYMBOLS, _BANDS = 8, 8


@dataclass(frozen=True)
class Noise:
    """Noise variance of cell (m, k): `symbol[m] * carrier[k] * tile[m', k']`.

    Attributes:
        carrier: [occupied].
        symbol: [symbols], about 1.
        tile: factor of every tile of cells, [time, bands], about 1.
    """

    carrier: NDArray[np.float32]
    symbol: NDArray[np.float32]
    tile: NDArray[np.float32]

    @property
    def level(self) -> float:
        """Mean over the carriers."""
        return float(self.carrier.mean())

    @property
    def uneven(self) -> bool:
        """Whether some cells are much noisier than others."""
        parts = (self.carrier / self.level, self.symbol, self.tile)
        return any(float(part.max()) > 1.5 for part in parts)

    def alike(self, other: Noise) -> bool:
        """Whether nothing that is estimated with one would be much better with the other."""
        pairs = zip(
            (self.carrier, self.symbol, self.tile),
            (other.carrier, other.symbol, other.tile),
            strict=True,
        )
        return all(float(np.abs(a / b - 1).max()) < 0.25 for a, b in pairs)

    def longer(self, n: int) -> Noise:
        """The same for n symbols, of which the later ones are like most."""
        symbol = np.ones(n, dtype=np.float32)
        symbol[: len(self.symbol)] = self.symbol
        tile = np.ones((_tiles(n, len(self.carrier))[0].max() + 1, _BANDS), dtype=np.float32)
        tile[: len(self.tile)] = self.tile
        return Noise(self.carrier, symbol, tile)

    def cells(self) -> NDArray[np.float32]:
        """Variance of every cell, [symbols, occupied]."""
        product = self.symbol[:, None] * self.carrier
        if np.all(self.tile == 1):
            return product
        time, band = _tiles(*product.shape)
        return product * self.tile[time[:, None], band]


def _tiles(n: int, occupied: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tile of every symbol [n] and of every carrier [occupied]."""
    return np.arange(n) // _TILE_SYMBOLS, np.arange(occupied) * _BANDS // occupied


def shrink(
    estimates: NDArray[np.float64], counts: NDArray[np.float64], below: bool = False
) -> NDArray[np.float64]:
    """Variances that are mostly alike, from estimates of them that are not.

    Args:
        estimates: means of `counts` squared magnitudes each, [n].
        counts: [n], may be 0.
        below: believe those that are far below the common mean as well.

    Returns:
        [n].
    """
    n = np.maximum(counts, 1)
    # The median of a mean of n exponential variables is below its expectation by about 1/(3n).
    corrected = estimates / (1 - 1 / (9 * n)) ** 3
    seen = counts > 0
    centre = float(_median(corrected if seen.all() else corrected[seen])) if seen.any() else 0.0
    far = _STANDS_OUT / np.sqrt(n)
    plain = seen & (estimates <= centre * (1 + far))
    if below:
        plain &= estimates >= centre * np.exp(-far)
    weight = counts * plain
    number = max(1, int(plain.sum()))
    common = float(weight @ estimates) / max(float(weight.sum()), _TINY)
    relative = (estimates / max(common, _TINY) - 1) * plain
    by_chance = float(np.sum(plain / n)) / number
    # Of the spread's own scatter nothing is believed.
    spread = float(relative @ relative) / number - by_chance
    spread = max(0.0, spread - 2 * by_chance * (2 / number) ** 0.5)
    # What stands out is believed, and of what was not seen all is common.
    shrunk = common * (1 + spread / (spread + 1 / n) * relative)
    return np.where(plain | ~seen, shrunk, estimates)


def _median(values: NDArray[np.floating], axis: int = -1) -> NDArray[np.floating]:
    """The (upper) median; np.median takes many times as long on so few."""
    return np.partition(values, values.shape[axis] // 2, axis=axis).take(
        values.shape[axis] // 2, axis=axis
    )


def estimate(
    residual: NDArray[np.float32], count: NDArray[np.float32], empty: NDArray[np.float32]
) -> Noise:
    """Variances from residuals.

    Args:
        residual: squared residuals of the known cells, 0 elsewhere; [symbols, occupied].
        count: degrees of freedom of each, 0 where nothing is known; same shape.
        empty: squared magnitudes of the carriers that carry nothing, [symbols, empty]. They
            need not be as noisy as the others, but an impulse hits them all.
    """
    per_symbol = count.sum(axis=1, dtype=np.float64)
    per_carrier = count.sum(axis=0, dtype=np.float64)
    symbol = np.ones(len(residual))
    carrier = np.ones(residual.shape[1])
    relative = _relative(empty)
    n_empty = 0.7 * empty.shape[1]  # a median is worth that much of a mean
    for _ in range(3):
        sums = (residual / symbol[:, None]).sum(axis=0, dtype=np.float64)
        carrier = shrink(sums / np.maximum(per_carrier, _TINY), per_carrier)
        carrier = np.maximum(carrier, 1e-9 * carrier.max() + _TINY)
        left = (residual / carrier).sum(axis=1, dtype=np.float64)
        total = per_symbol + n_empty
        symbol = shrink((left + n_empty * relative) / np.maximum(total, _TINY), total)
        symbol = np.maximum(symbol, 1e-3)
        symbol /= float(symbol @ per_symbol) / max(float(per_symbol.sum()), _TINY)
        if symbol.max() < 1.5:
            break
    return Noise(
        carrier.astype(np.float32),
        symbol.astype(np.float32),
        _local(residual / (symbol[:, None] * carrier), count).astype(np.float32),
    )


def _local(relative: NDArray[np.floating], count: NDArray[np.float32]) -> NDArray[np.float64]:
    """Factors of the tiles from residuals over the variances without them; [time, bands]."""
    time, band = _tiles(*count.shape)
    edges = np.searchsorted(time, np.arange(time[-1] + 1)), np.searchsorted(band, range(_BANDS))
    sums, counts = (
        np.add.reduceat(np.add.reduceat(x, edges[0], axis=0, dtype=np.float64), edges[1], axis=1)
        for x in (relative, count)
    )
    estimates = sums / np.maximum(counts, _TINY)
    flat = estimates.ravel(), counts.ravel()
    factors = shrink(*flat)
    if factors.max() > _LOUD:
        # What is loud there has made its carriers' variances too large elsewhere.
        factors = shrink(*flat, below=True)
    factors = factors.reshape(counts.shape)
    # Where they are all alike they are 1: what they have in common, the other factors have.
    centre = float(np.sort(factors, axis=None)[factors.size // 2])
    even = np.abs(factors / max(centre, _TINY) - 1) < 0.25
    return np.where(counts > 0, np.where(even, 1.0, np.maximum(factors, 1e-4)), 1.0)


def _relative(empty: NDArray[np.float32]) -> NDArray[np.float64]:
    """How loud every symbol is on the empty carriers, about 1; [symbols]."""
    if not empty.size:
        return np.ones(len(empty))
    # Not even digital silence is without any noise.
    usual = np.maximum(_median(empty, axis=0), 1e-3 * float(empty.mean()) + _TINY)
    # The middle of them: a narrow interferer that comes and goes on a few is none of the payload's.
    middle = _median(empty / usual).astype(np.float64)
    usually = float(_median(middle))
    return middle / usually if usually > _TINY else np.ones(len(empty))
