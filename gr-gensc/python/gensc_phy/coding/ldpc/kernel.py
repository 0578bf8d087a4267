"""The layered decoder's inner loops, compiled; `reference` does the same in NumPy.

Index arithmetic is unsigned throughout: with signed indices Numba looks for negative ones at every
access, and the loops over the lanes of a circulant are not vectorised.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding.ldpc.reference import CORRECTION, MAX_LLR, SLOPE
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


@compiled("float32(float32, float32)")
def box_plus(a: np.float32, b: np.float32) -> np.float32:
    """LLR of the sum of two bits, for magnitudes a, b >= 0; see `reference.box_plus`."""
    near = CORRECTION - SLOPE * abs(a - b)
    far = CORRECTION - SLOPE * (a + b)
    near = near if near > _ZERO else _ZERO
    far = far if far > _ZERO else _ZERO
    return (a if a < b else b) + (far - near)


@compiled(
    "void(float32[::1], float32[::1], int64[::1], int64[::1], int64[::1], int64, "
    "float32[::1], float32[::1], float32[:, ::1])"
)
def iterate(
    posterior: NDArray[np.float32],
    messages: NDArray[np.float32],
    columns: NDArray[np.int64],
    shifts: NDArray[np.int64],
    layers: NDArray[np.int64],
    z: int,
    extrinsic: NDArray[np.float32],
    before: NDArray[np.float32],
    scratch: NDArray[np.float32],
) -> None:
    """Once over all layers, updating `posterior` [columns z] and `messages` [edges z] in place.

    `extrinsic` and `before` [widest layer's edges z] and `scratch` [2, z] are workspace. The edges
    of a check are gone through twice: forwards for the sum of all before each edge, backwards for
    the sum of all behind it.
    """
    behind, sign = scratch[0], scratch[1]
    lanes = _U(z)
    for layer in range(layers.size - 1):
        first, last = layers[layer], layers[layer + 1]
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
                sign[i] *= math.copysign(_ONE, extrinsic[own + i])
            if edge == first:
                for i in range(lanes):
                    before[i] = abs(extrinsic[i])
            else:
                previous = own - lanes
                for i in range(lanes):
                    before[own + i] = box_plus(before[previous + i], abs(extrinsic[own + i]))
        for edge in range(last - 1, first - 1, -1):
            block, shift = columns[edge] * z, shifts[edge]
            own, new, cut = _U((edge - first) * z), _U(edge * z), _U(z - shift)
            previous = own - lanes
            # What all others say goes to `messages`, what this edge adds for the next to `behind`.
            if edge == last - 1:
                for i in range(lanes):
                    messages[new + i] = before[previous + i]
                    behind[i] = abs(extrinsic[own + i])
            elif edge == first:
                for i in range(lanes):
                    messages[new + i] = behind[i]
            else:
                for i in range(lanes):
                    messages[new + i] = box_plus(behind[i], before[previous + i])
                    behind[i] = box_plus(behind[i], abs(extrinsic[own + i]))
            for i in range(lanes):
                value = extrinsic[own + i]
                message = math.copysign(messages[new + i], value) * sign[i]
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
    before = np.empty(widest * z, np.float32)
    scratch = np.empty((2, z), np.float32)
    for word in range(llr.shape[0]):
        for i in range(n):
            value = llr[word, i]
            value = _ZERO if math.isnan(value) else value
            posterior[i] = min(max(value, -_LIMIT), _LIMIT)
        messages[:] = _ZERO
        iteration = 0
        done = converged(posterior, columns, shifts, layers, z, scratch[0])
        while not done and iteration < max_iter:
            iterate(posterior, messages, columns, shifts, layers, z, extrinsic, before, scratch)
            iteration += 1
            done = converged(posterior, columns, shifts, layers, z, scratch[0])
        for i in range(bits.shape[1]):
            bits[word, i] = posterior[i] < _ZERO
        ok[word] = done
        iterations[word] = iteration


@compiled("void(uint8[:, ::1], int64[::1], int64[::1], int64[::1], int64, uint8[:, :, ::1])")
def parity(
    words: NDArray[np.uint8],
    columns: NDArray[np.int64],
    shifts: NDArray[np.int64],
    layers: NDArray[np.int64],
    z: int,
    sums: NDArray[np.uint8],
) -> None:
    """Add the bits of each check: sums[b, layer, lane] ^= bits of word b on the layer's edges.

    Args:
        words: bits, uint8 [B, n].
        columns: as in `decode`.
        shifts: as in `decode`.
        layers: as in `decode`.
        z: lifting size.
        sums: changed in place; uint8 [B, rows, z].
    """
    for word in range(words.shape[0]):
        bits = words[word]
        for layer in range(layers.size - 1):
            total = sums[word, layer]
            for edge in range(layers[layer], layers[layer + 1]):
                block, shift = columns[edge] * z, shifts[edge]
                cut, start = _U(z - shift), _U(block + shift)
                for i in range(cut):
                    total[i] ^= bits[start + i]
                start = _U(block)
                for i in range(_U(shift)):
                    total[cut + i] ^= bits[start + i]
