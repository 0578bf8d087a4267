"""Linear separation of users that send on the same carrier: zero forcing and MMSE.

Model of one resource element: y = H x + n with y [A] antennas, x [K] users of unit energy and
n of variance N0 in each antenna. A filter G [K, A] gives x^ = G y; both filters here are unbiased,
(G H)_kk = 1, so that the rest of x^ - x is an error whose variance is

    sum over j != k of |(G H)_kj|^2 p_j  +  N0 sum over a of |G_ka|^2,

with p_j the power user j really sends with: residual interference and noise.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Separation = Literal["zf", "mmse"]
SEPARATIONS: tuple[Separation, ...] = get_args(Separation)

_LOADING = 1e-10


def _hermitian(h: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    return np.conj(np.swapaxes(h, -1, -2))


def zf_filter(
    h: NDArray[np.complexfloating], covariance: NDArray[np.complexfloating] | None = None
) -> NDArray[np.complex128]:
    """Zero forcing: the pseudo-inverse (H^H H)^-1 H^H, or (H^H R^-1 H)^-1 H^H R^-1.

    Args:
        h: [..., A, K] with A >= K.
        covariance: R [..., A, A], of the noise and of users that are not to be nulled; None is
            white noise.

    Returns:
        [..., K, A]; G H = I.

    Raises:
        ValueError: more users than antennas.
    """
    if h.shape[-1] > h.shape[-2]:
        raise ValueError(f"zero forcing of {h.shape[-1]} users needs as many antennas")
    hh = _hermitian(h).astype(np.complex128)
    if covariance is not None:
        hh = _hermitian(np.linalg.solve(covariance, h))
    gram = hh @ h
    return _unbiased(np.linalg.solve(_loaded(gram), hh), h)


def _loaded(gram: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    """Users with the same channel cannot be separated: a large variance, but no division by 0."""
    size = np.trace(gram, axis1=-2, axis2=-1).real[..., None, None] * _LOADING + 1e-300
    return gram + size * np.eye(gram.shape[-1])


def _unbiased(g: NDArray[np.complex128], h: NDArray[np.complexfloating]) -> NDArray[np.complex128]:
    """Every row scaled to (G H)_kk = 1; a user without any channel keeps its row of zeros."""
    gain = np.einsum("...ka,...ak->...k", g, h).real
    return g / np.where(gain > 0, gain, 1)[..., None]


def mmse_filter(
    h: NDArray[np.complexfloating], noise: NDArray[np.floating] | float
) -> NDArray[np.complex128]:
    """Minimum mean square error, (H^H H + N0 I)^-1 H^H, every row scaled to be unbiased.

    Args:
        h: [..., A, K].
        noise: N0, [...] or a number.

    Returns:
        [..., K, A]; the diagonal of G H is 1.
    """
    hh = _hermitian(h).astype(np.complex128)
    gram = hh @ h
    loaded = gram + np.asarray(noise)[..., None, None] * np.eye(h.shape[-1])
    return _unbiased(np.linalg.solve(_loaded(loaded), hh), h)


def separation_filter(
    kind: Separation, h: NDArray[np.complexfloating], noise: NDArray[np.floating] | float
) -> NDArray[np.complex128]:
    """The filter of that name.

    Raises:
        ValueError: no such filter, or more users than it separates.
    """
    if kind == "zf":
        return zf_filter(h)
    if kind == "mmse":
        return mmse_filter(h, noise)
    raise ValueError(f"separation {kind!r}: must be one of {', '.join(SEPARATIONS)}")


def error_variance(
    g: NDArray[np.complexfloating],
    h: NDArray[np.complexfloating],
    noise: NDArray[np.floating] | float,
) -> NDArray[np.float64]:
    """Variance of x^ - x for an unbiased filter and users of unit energy; [..., K].

    Infinite for a user without any channel.
    """
    c = g @ h
    others = (c.real**2 + c.imag**2) * (1 - np.eye(h.shape[-1]))
    of_noise = (g.real**2 + g.imag**2).sum(axis=-1) * np.asarray(noise)[..., None]
    gain = np.einsum("...kk->...k", c).real
    return np.where(gain > 0, others.sum(axis=-1) + of_noise, np.inf)


def _equalise(
    g: NDArray[np.complex128],
    h: NDArray[np.complexfloating],
    y: NDArray[np.complexfloating],
    noise: NDArray[np.floating] | float,
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    x = (g @ y[..., None])[..., 0]
    variance = np.broadcast_to(error_variance(g, h, noise), x.shape)
    return x.astype(np.complex64), variance.astype(np.float32)


def zf(
    h: NDArray[np.complexfloating],
    y: NDArray[np.complexfloating],
    noise: NDArray[np.floating] | float,
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Separate users by zero forcing.

    Args:
        h: channel, [..., A, K].
        y: received, [..., A]; the leading axes (symbols, carriers) are broadcast.
        noise: N0 per antenna, [...] or a number.

    Returns:
        symbols [..., K] and the variance of their error, the same shape.

    Raises:
        ValueError: more users than antennas.
    """
    return _equalise(zf_filter(h), h, y, noise)


def mmse(
    h: NDArray[np.complexfloating],
    y: NDArray[np.complexfloating],
    noise: NDArray[np.floating] | float,
) -> tuple[NDArray[np.complex64], NDArray[np.float32]]:
    """Separate users by unbiased MMSE; arguments and result as of `zf`, any number of users."""
    return _equalise(mmse_filter(h, noise), h, y, noise)
