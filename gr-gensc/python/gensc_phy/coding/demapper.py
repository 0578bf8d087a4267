"""The soft demapper's inner loop, compiled; `qam.soft_demap` is its entrance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled

_ZERO, _ONE = np.float32(0), np.float32(1)
_LEAST = np.float32(1e-30)


@compiled("void(float32[:, ::1], float32[::1], float32[::1], float32[:, :, ::1])")
def demap(
    received: NDArray[np.float32],
    scale: NDArray[np.float32],
    levels: NDArray[np.float32],
    llr: NDArray[np.float32],
) -> None:
    """LLRs of the labels of one-dimensional constellations.

    Args:
        received: amplitudes on both axes, float32 [n, 2].
        scale: 1 / N0 of each symbol, float32 [n].
        levels: amplitude of every label, float32 [2^m].
        llr: written; float32 [n, 2, m], the label's most significant bit first.
    """
    count, bits = levels.size, llr.shape[2]
    metric = np.empty(count, np.float32)
    weight = np.empty(count, np.float32)
    for symbol in range(received.shape[0]):
        for axis in range(2):
            best = -np.float32(np.inf)
            for label in range(count):
                distance = received[symbol, axis] - levels[label]
                metric[label] = -distance * distance * scale[symbol]
                best = max(best, metric[label])
            for label in range(count):
                weight[label] = math.exp(metric[label] - best)
            for bit in range(bits):
                mask = 1 << (bits - 1 - bit)
                zero, one = _ZERO, _ZERO
                for label in range(count):
                    if label & mask:
                        one += weight[label]
                    else:
                        zero += weight[label]
                if min(zero, one) > _LEAST:
                    llr[symbol, axis, bit] = math.log(zero / one)
                    continue
                # One side is out of an exponential's reach: its nearest label alone counts.
                best_zero = best_one = -np.float32(np.inf)
                for label in range(count):
                    if label & mask:
                        best_one = max(best_one, metric[label])
                    else:
                        best_zero = max(best_zero, metric[label])
                llr[symbol, axis, bit] = best_zero - best_one
