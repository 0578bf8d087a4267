"""The median of a few numbers, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled


@compiled("float64(float64[::1], int64)")
def upper_median(values: NDArray[np.float64], n: int) -> float:
    """The (upper) median of the first n of some values, which are put in another order."""
    low, high, middle = 0, n - 1, n // 2
    # Hoare's selection.
    while low < high:
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            break
    return values[middle]
