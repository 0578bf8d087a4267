"""Variances that are mostly alike: estimates shrunk towards their common mean, compiled.

Most of them differ by chance only. They are shrunk by as much as their spread is what chance
explains (James and Stein; Efron and Morris, 1975), and those that stand out are believed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled
from gensc_phy.waveform.median import upper_median

# Standard deviations by which an estimate of its own must exceed the common one.
_STANDS_OUT = 4.5
_TINY = 1e-30


@compiled("void(float64[::1], float64[::1], boolean, float64[::1])")
def shrink_into(
    estimates: NDArray[np.float64],
    counts: NDArray[np.float64],
    below: bool,
    shrunk: NDArray[np.float64],
) -> None:
    """What `shrink` does, into `shrunk`."""
    size = estimates.size
    plain = np.zeros(size, dtype=np.bool_)
    corrected = np.empty(size)
    seen = 0
    for i in range(size):
        if counts[i] > 0:
            # The median of a mean of n exponential variables is below its expectation by about
            # 1/(3n).
            corrected[seen] = estimates[i] / (1 - 1 / (9 * max(counts[i], 1.0))) ** 3
            seen += 1
    centre = upper_median(corrected, seen) if seen else 0.0
    number, weights, common, by_chance = 0, 0.0, 0.0, 0.0
    for i in range(size):
        n = max(counts[i], 1.0)
        far = _STANDS_OUT / np.sqrt(n)
        least = centre * np.exp(-far) if below else -np.inf
        if counts[i] > 0 and least <= estimates[i] <= centre * (1 + far):
            plain[i] = True
            number += 1
            weights += counts[i]
            common += counts[i] * estimates[i]
            by_chance += 1 / n
    number = max(1, number)
    common /= max(weights, _TINY)
    by_chance /= number
    spread = 0.0
    for i in range(size):
        if plain[i]:
            spread += (estimates[i] / max(common, _TINY) - 1) ** 2
    # Of the spread's own scatter nothing is believed.
    spread = spread / number - by_chance
    spread = max(0.0, spread - 2 * by_chance * (2 / number) ** 0.5)
    for i in range(size):
        # What stands out is believed, and of what was not seen all is common.
        if counts[i] <= 0:
            shrunk[i] = common
        elif plain[i]:
            relative = estimates[i] / max(common, _TINY) - 1
            shrunk[i] = common * (1 + spread / (spread + 1 / max(counts[i], 1.0)) * relative)
        else:
            shrunk[i] = estimates[i]


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
    shrunk = np.empty(len(estimates))
    shrink_into(estimates, counts, below, shrunk)
    return shrunk
