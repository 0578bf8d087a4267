"""Separation filters of a whole frame: one matrix per carrier, for all of its symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.equalise import Separation, separation_filter, zf_filter


def carrier_filter(
    kind: Separation, h: NDArray[np.complex64], noise: float
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Separation filter [carriers, U, A] for h [A, U, carriers], and h as [carriers, A, U]."""
    matrix = np.ascontiguousarray(np.moveaxis(h, -1, 0), dtype=np.complex128)
    return separation_filter(kind, matrix, noise), matrix


def payload_filter(
    separation: Separation, h: NDArray[np.complex64], heard: list[int], noise: float
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Filter [carriers, heard, A] for h [A, U, carriers], and h as [carriers, A, U].

    Zero forcing nulls the users whose header was read. One too weak for that is known too badly
    to be worth an antenna: it belongs to the noise.
    """
    if separation == "mmse" or len(heard) == h.shape[1]:
        g, matrix = carrier_filter(separation, h, noise)
        return g[:, heard], matrix
    matrix = np.ascontiguousarray(np.moveaxis(h, -1, 0), dtype=np.complex128)
    others = np.delete(matrix, heard, axis=2)
    covariance = others @ np.conj(np.swapaxes(others, 1, 2)) + noise * np.eye(len(h))
    return zf_filter(matrix[..., heard], covariance), matrix


def apply_filter(g: NDArray[np.complex128], y: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Filter [carriers, U, A] on received [A, symbols, carriers]; [U, symbols, carriers]."""
    g = g.astype(np.complex64)
    out = np.zeros((g.shape[1], *y.shape[1:]), dtype=np.complex64)
    for u in range(g.shape[1]):
        for a, antenna in enumerate(y):
            out[u] += g[:, u, a] * antenna
    return out
