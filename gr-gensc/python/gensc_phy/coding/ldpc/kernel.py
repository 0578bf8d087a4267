"""The layered decoder's inner loops, compiled; `reference` does the same in NumPy.

Index arithmetic is unsigned throughout: with signed indices Numba looks for negative ones at every
access, and the loops over the lanes of a circulant are not vectorised.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding.ldpc.reference import MAX_LLR, NORMALISATION
from gensc_phy.compiled import compiled

_U = np.uint64
_ZERO, _ONE, _INFINITE = np.float32(0), np.float32(1), np.float32(np.inf)
_LIMIT = np.float32(MAX_LLR)


@compiled("boolean(float32[::1], int64[::1], int64[::1], int64[::1], int64, float32[::1])")
def converged(
    posterior: NDArray[np.float32],
    columns: NDArray[np.int64],
    shifts: NDArray[np.int64],
    layers: NDArray[np.int64],
    z: int,
    sign: NDArray[np.float32],
) -> bool:
    """Every parity check holds and no bit is undecided; `sign` [z] is scratch."""
    for layer in range(layers.size - 1):
        sign[:] = _ONE
        for edge in range(layers[layer], layers[layer + 1]):
            block, shift = columns[edge] * z, shifts[edge]
            cut, start = _U(z - shift), _U(block + shift)
            for i in range(cut):
                sign[i] *= math.copysign(_ONE, posterior[start + i])
            start = _U(block)
            for i in range(_U(shift)):
                sign[cut + i] *= math.copysign(_ONE, posterior[start + i])
        for i in range(z):
            if sign[i] < _ZERO:
                return False
    undecided = 0
    for i in range(posterior.size):
        undecided += posterior[i] == _ZERO
    return undecided == 0


@compiled(
    "void(float32[::1], float32[::1], int64[::1], int64[::1], int64[::1], int64, "
    "float32[::1], float32[:, ::1])"
)
def iterate(
    posterior: NDArray[np.float32],
    messages: NDArray[np.float32],
    columns: NDArray[np.int64],
    shifts: NDArray[np.int64],
    layers: NDArray[np.int64],
    z: int,
    extrinsic: NDArray[np.float32],
    scratch: NDArray[np.float32],
) -> None:
    """Once over all layers, updating `posterior` [columns z] and `messages` [edges z] in place.

    `extrinsic` [widest layer's edges z] and `scratch` [3, z] are workspace.
    """
    lowest, second, sign = scratch[0], scratch[1], scratch[2]
    lanes = _U(z)
    for layer in range(layers.size - 1):
        first, last = layers[layer], layers[layer + 1]
        lowest[:] = _INFINITE
        second[:] = _INFINITE
        sign[:] = _ONE
        for edge in range(first, last):
            block, shift = columns[edge] * z, shifts[edge]
            own, old, cut = _U((edge - first) * z), _U(edge * z), _U(z - shift)
            start = _U(block + shift)
            for i in range(cut):
                extrinsic[own + i] = posterior[start + i] - messages[old + i]
            start, rest, old_rest = _U(block), own + cut, old + cut
            for i in range(_U(shift)):
                extrinsic[rest + i] = posterior[start + i] - messages[old_rest + i]
            for i in range(lanes):
                value = extrinsic[own + i]
                magnitude = abs(value) * NORMALISATION
                low, next_low = lowest[i], second[i]
                higher = low if low > magnitude else magnitude
                second[i] = next_low if next_low < higher else higher
                lowest[i] = low if low < magnitude else magnitude
                sign[i] *= math.copysign(_ONE, value)
        for edge in range(first, last):
            block, shift = columns[edge] * z, shifts[edge]
            own, new, cut = _U((edge - first) * z), _U(edge * z), _U(z - shift)
            for i in range(lanes):
                value = extrinsic[own + i]
                # Equal to the lowest: either it is the lowest, or the second is as low.
                is_lowest = abs(value) * NORMALISATION == lowest[i]
                others = second[i] if is_lowest else lowest[i]
                message = math.copysign(others, value) * sign[i]
                messages[new + i] = message
                extrinsic[own + i] = value + message
            start = _U(block + shift)
            for i in range(cut):
                posterior[start + i] = extrinsic[own + i]
            start, rest = _U(block), own + cut
            for i in range(_U(shift)):
                posterior[start + i] = extrinsic[rest + i]


@compiled(
    "void(float32[:, ::1], int64[::1], int64[::1], int64[::1], int64, int64, "
    "uint8[:, ::1], boolean[::1], int32[::1])"
)
def decode(
    llr: NDArray[np.float32],
    columns: NDArray[np.int64],
    shifts: NDArray[np.int64],
    layers: NDArray[np.int64],
    z: int,
    max_iter: int,
    bits: NDArray[np.uint8],
    ok: NDArray[np.bool_],
    iterations: NDArray[np.int32],
) -> None:
    """Decode words one after another, each until it converges; see `QuasiCyclicCode.decode`.

    Args:
        llr: channel LLRs, float32 [B, n].
        columns: block column of every edge of the base graph, layer after layer, int64 [E].
        shifts: cyclic shift of every edge, int64 [E].
        layers: where each layer's edges start, and E, int64 [rows + 1].
        z: lifting size.
        max_iter: most iterations.
        bits: hard decisions, written; uint8 [B, k], the first k of n.
        ok: written; bool [B].
        iterations: written; int32 [B].
    """
    n = llr.shape[1]
    widest = 0
    for layer in range(layers.size - 1):
        widest = max(widest, layers[layer + 1] - layers[layer])
    posterior = np.empty(n, np.float32)
    messages = np.empty(columns.size * z, np.float32)
    extrinsic = np.empty(widest * z, np.float32)
    scratch = np.empty((3, z), np.float32)
    for word in range(llr.shape[0]):
        for i in range(n):
            value = llr[word, i]
            value = _ZERO if math.isnan(value) else value
            posterior[i] = min(max(value, -_LIMIT), _LIMIT)
        messages[:] = _ZERO
        iteration = 0
        done = converged(posterior, columns, shifts, layers, z, scratch[0])
        while not done and iteration < max_iter:
            iterate(posterior, messages, columns, shifts, layers, z, extrinsic, scratch)
            iteration += 1
            done = converged(posterior, columns, shifts, layers, z, scratch[0])
        for i in range(bits.shape[1]):
            bits[word, i] = posterior[i] < _ZERO
        ok[word] = done
        iterations[word] = iteration
