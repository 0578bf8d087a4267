"""The Wiener estimate of a channel with a handful of unknowns, compiled.

`wiener.fit` does the same for any channel by matrix products; for so few unknowns calling them
takes many times as long as what they do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.compiled import compiled


@compiled(
    "float64(complex128[:, :, :, ::1], complex128[::1], int64[::1], float64, complex128[:, ::1], "
    "complex128[::1])"
)
def solve(
    gram: NDArray[np.complex128],
    right: NDArray[np.complex128],
    terms: NDArray[np.int64],
    energy: float,
    lower: NDArray[np.complex128],
    c: NDArray[np.complex128],
) -> float:
    """Coefficients of unit variance into `c`, the Cholesky factor of their precision in `lower`.

    Args:
        gram: information on every pair of products of functions, [T, T, L, L].
        right: what matches each of them, [T * L].
        terms: which of the products of T and L functions are looked for, [n].
        energy: that the functions are to be scaled by.

    Returns:
        Log-likelihood of the data up to a constant of theirs.
    """
    width, size = gram.shape[3], terms.size
    score = 0.0
    for i in range(size):
        m, k = terms[i] // width, terms[i] % width
        c[i] = right[terms[i]]
        for j in range(i + 1):
            lower[i, j] = gram[m, terms[j] // width, k, terms[j] % width]
        lower[i, i + 1 :] = 0
    root, inverse = np.sqrt(energy), np.empty(size)
    # Cholesky, row by row, and the forward substitution along with it.
    for i in range(size):
        c[i] *= root
        for j in range(i + 1):
            total = lower[i, j] * energy
            if i == j:
                total += 1
            for q in range(j):
                total -= lower[i, q] * np.conj(lower[j, q])
            if i == j:
                lower[i, i] = np.sqrt(total.real)
                inverse[i] = 1 / lower[i, i].real
                score += 2 * np.log(inverse[i])
            else:
                lower[i, j] = total * inverse[j]
        for q in range(i):
            c[i] -= lower[i, q] * c[q]
        c[i] *= inverse[i]
        score += c[i].real ** 2 + c[i].imag ** 2
    for i in range(size - 1, -1, -1):
        for q in range(i + 1, size):
            c[i] -= np.conj(lower[q, i]) * c[q]
        c[i] *= inverse[i]
    return score


@compiled("void(complex128[:, ::1], int64[::1], float32[:, :], complex64[:, ::1], float32[:, ::1])")
def error(
    lower: NDArray[np.complex128],
    terms: NDArray[np.int64],
    b: NDArray[np.float32],
    u: NDArray[np.complex64],
    variance: NDArray[np.float32],
) -> None:
    """Variance of b C u^T for coefficients C of that precision, into `variance`.

    Args:
        lower, terms: as of `solve`.
        b: functions of time at some symbols, [symbols, T].
        u: basis over the carriers, [occupied, L].
        variance: comes out, [symbols, occupied].
    """
    occupied, width = u.shape
    size, steps = terms.size, b.shape[1]
    inverse = np.empty(size)
    for i in range(size):
        inverse[i] = 1 / lower[i, i].real
    w = np.empty((steps, size), dtype=np.complex128)
    pairs = np.empty((steps, steps))
    for k in range(occupied):
        # Of every function of time what it contributes, in coordinates of unit variance.
        for m in range(steps):
            for i in range(size):
                part = 0j
                if terms[i] // width == m:
                    part += np.conj(np.complex128(u[k, terms[i] % width]))
                for j in range(i):
                    part -= lower[i, j] * w[m, j]
                w[m, i] = part * inverse[i]
            for other in range(m + 1):
                total = 0.0
                for i in range(size):
                    total += w[m, i].real * w[other, i].real + w[m, i].imag * w[other, i].imag
                pairs[m, other] = pairs[other, m] = total
        for at in range(b.shape[0]):
            total = 0.0
            for m in range(steps):
                for other in range(steps):
                    total += b[at, m] * b[at, other] * pairs[m, other]
            variance[at, k] = total
