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
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled
from gensc_phy.waveform.median import upper_median
from gensc_phy.waveform.shrinkage import shrink_into

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

    @cached_property
    def level(self) -> float:
        """Mean over the carriers."""
        return float(self.carrier.mean())

    @property
    def uneven(self) -> bool:
        """Whether some cells are much noisier than others."""
        most = max(float(self.carrier.max()) / self.level, float(self.symbol.max()))
        return most > 1.5 or float(self.tile.max()) > 1.5

    def alike(self, other: Noise) -> bool:
        """Whether nothing that is estimated with one would be much better with the other."""
        return bool(
            _close(self.carrier, other.carrier)
            and _close(self.symbol, other.symbol)
            and _close(self.tile.ravel(), other.tile.ravel())
        )

    def longer(self, n: int) -> Noise:
        """The same for n symbols, of which the later ones are like most."""
        symbol = np.ones(n, dtype=np.float32)
        symbol[: len(self.symbol)] = self.symbol
        tile = np.ones((-(-n // _TILE_SYMBOLS), _BANDS), dtype=np.float32)
        tile[: len(self.tile)] = self.tile
        return Noise(self.carrier, symbol, tile)

    @cached_property
    def cells(self) -> NDArray[np.float32]:
        """Variance of every cell, [symbols, occupied]."""
        variance = np.empty((len(self.symbol), len(self.carrier)), dtype=np.float32)
        _cells(self.carrier, self.symbol, self.tile, variance)
        return variance


@compiled("boolean(float32[::1], float32[::1])")
def _close(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Whether no element differs by a quarter."""
    close = True
    for i in range(a.size):
        close &= abs(a[i] - b[i]) < 0.25 * b[i]
    return close


@compiled("void(float32[::1], float32[::1], float32[:, ::1], float32[:, ::1])")
def _cells(
    carrier: NDArray[np.float32],
    symbol: NDArray[np.float32],
    tile: NDArray[np.float32],
    variance: NDArray[np.float32],
) -> None:
    """The product of all three of every cell, into `variance`."""
    band = np.arange(carrier.size) * _BANDS // carrier.size
    for m in range(symbol.size):
        for k in range(carrier.size):
            variance[m, k] = symbol[m] * carrier[k] * tile[m // _TILE_SYMBOLS, band[k]]


@compiled("void(float32[:, ::1], float64[::1])")
def _relative(empty: NDArray[np.float32], relative: NDArray[np.float64]) -> None:
    """How loud every symbol is on the empty carriers, about 1, into `relative` [symbols]."""
    n, width = empty.shape
    usual = np.empty(width)
    least = 0.0
    for k in range(width):
        usual[k] = upper_median(empty[:, k].astype(np.float64), n)
        for m in range(n):
            least += empty[m, k]
    # Not even digital silence is without any noise.
    least = 1e-3 * least / (n * width) + _TINY
    row = np.empty(width)
    for m in range(n):
        for k in range(width):
            row[k] = empty[m, k] / max(usual[k], least)
        # The middle: a narrow interferer that comes and goes on a few is none of the payload's.
        relative[m] = upper_median(row, width)
    usually = upper_median(relative.copy(), n)
    for m in range(n):
        relative[m] = relative[m] / usually if usually > _TINY else 1.0


@compiled("void(float32[:, ::1], float32[:, ::1], float64[::1], float64[::1], float64[:, ::1])")
def _local(
    residual: NDArray[np.float32],
    count: NDArray[np.float32],
    carrier: NDArray[np.float64],
    symbol: NDArray[np.float64],
    tile: NDArray[np.float64],
) -> None:
    """Factors of the tiles, from residuals over the variances without them, into `tile`."""
    n, occupied = residual.shape
    bands = tile.shape[1]
    estimates, counts = np.zeros(tile.size), np.zeros(tile.size)
    scales, band = 1 / carrier, np.arange(occupied) * bands // occupied
    for m in range(n):
        first, scale = m // _TILE_SYMBOLS * bands, 1 / symbol[m]
        for k in range(occupied):
            if count[m, k] <= 0:
                continue
            at = first + band[k]
            estimates[at] += residual[m, k] * scale * scales[k]
            counts[at] += count[m, k]
    for at in range(tile.size):
        estimates[at] /= max(counts[at], _TINY)
    factors = np.empty(tile.size)
    shrink_into(estimates, counts, False, factors)
    if factors.max() > _LOUD:
        # What is loud there has made its carriers' variances too large elsewhere.
        shrink_into(estimates, counts, True, factors)
    # Where they are all alike they are 1: what they have in common, the other factors have.
    centre = max(upper_median(factors.copy(), tile.size), _TINY)
    for at in range(tile.size):
        even = counts[at] <= 0 or abs(factors[at] / centre - 1) < 0.25
        tile[at // bands, at % bands] = 1.0 if even else max(factors[at], 1e-4)


@compiled(
    "void(float32[:, ::1], float32[:, ::1], float32[:, ::1], float64[::1], float64[::1], "
    "float64[:, ::1])"
)
def _estimate(
    residual: NDArray[np.float32],
    count: NDArray[np.float32],
    empty: NDArray[np.float32],
    carrier: NDArray[np.float64],
    symbol: NDArray[np.float64],
    tile: NDArray[np.float64],
) -> None:
    """What `estimate` does, into `carrier`, `symbol` and `tile`."""
    n, occupied = residual.shape
    relative = np.ones(n)
    if empty.size:
        _relative(empty, relative)
    n_empty = 0.7 * empty.shape[1]  # a median is worth that much of a mean
    # The cells of which something is known, most often a few.
    rows, columns = np.empty(residual.size, dtype=np.int64), np.empty(residual.size, dtype=np.int64)
    energy, per_symbol, per_carrier = np.empty(residual.size), np.zeros(n), np.zeros(occupied)
    size = 0
    for m in range(n):
        for k in range(occupied):
            if count[m, k] > 0:
                rows[size], columns[size], energy[size] = m, k, residual[m, k]
                per_symbol[m] += count[m, k]
                per_carrier[k] += count[m, k]
                size += 1
    total = per_symbol + n_empty
    known = max(per_symbol.sum(), _TINY)
    symbol[:] = 1
    for _ in range(3):
        sums, scales = np.zeros(occupied), 1 / symbol
        for i in range(size):
            sums[columns[i]] += energy[i] * scales[rows[i]]
        for k in range(occupied):
            sums[k] /= max(per_carrier[k], _TINY)
        shrink_into(sums, per_carrier, False, carrier)
        least = 1e-9 * carrier.max() + _TINY
        for k in range(occupied):
            carrier[k] = max(carrier[k], least)
        left, scales = n_empty * relative, 1 / carrier
        for i in range(size):
            left[rows[i]] += energy[i] * scales[columns[i]]
        for m in range(n):
            left[m] /= max(total[m], _TINY)
        shrink_into(left, total, False, symbol)
        mean = 0.0
        for m in range(n):
            symbol[m] = max(symbol[m], 1e-3)
            mean += symbol[m] * per_symbol[m] / known
        for m in range(n):
            symbol[m] /= max(mean, _TINY)
        if symbol.max() < 1.5:
            break
    _local(residual, count, carrier, symbol, tile)


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
    carrier, symbol = np.empty(residual.shape[1]), np.empty(len(residual))
    tile = np.empty((-(-len(residual) // _TILE_SYMBOLS), _BANDS))
    _estimate(residual, count, empty, carrier, symbol, tile)
    return Noise(*(part.astype(np.float32) for part in (carrier, symbol, tile)))
