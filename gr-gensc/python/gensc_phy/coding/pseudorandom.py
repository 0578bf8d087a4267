"""Pseudo-random words and permutations from closed formulas on integers.

Transmitter and receiver agree whatever their NumPy version is.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def splitmix64(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Steele, Lea and Flood's 64-bit mixing function (OOPSLA 2014), element by element."""
    with np.errstate(over="ignore"):
        z = x + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hashes(n: int, seed: int) -> NDArray[np.uint64]:
    """`n` portable pseudo-random 64-bit words."""
    base = splitmix64(np.array([seed], dtype=np.uint64))
    return splitmix64(np.arange(n, dtype=np.uint64) ^ base)


@lru_cache(maxsize=16)
def permutation(n: int, seed: int) -> NDArray[np.int64]:
    """A pseudo-random permutation of 0 … n-1; read-only, cached."""
    order = np.argsort(hashes(n, seed), kind="stable")
    order.setflags(write=False)
    return order
