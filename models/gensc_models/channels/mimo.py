"""Torch-only multi-user uplink: block-fading MIMO with perfect channel state information.

K users with one antenna each send at the same time to a receiver with A antennas,

    y = H x + n,    n ~ CN(0, N0 I),    N0 = 10^(-snr_db/10),

and a linear filter ``G`` separates them again. Both filters are scaled to be unbiased,
``(G H)_kk = 1``, and come with the variance of the error they leave in every stream:

    zf    G ~ (H^H H)^-1 H^H             N0 [(H^H H)^-1]_kk
    mmse  G ~ (H^H H + N0 I)^-1 H^H      1 / SINR_k = 1 / (1 / [(I + H^H H / N0)^-1]_kk - 1)

``H`` has CN(0, 1) entries and stays the same for one image of every user (``rayleigh``), or is the
identity, in which the users do not meet (``awgn``). The receiver knows it: ``csi = "perfect"``.

As in the bursts, every user sends its symbols in an order of its own: strong ones of different
users do not meet systematically, and what is left of one in another is noise, not a ghost image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from gensc_models.channels.random import complex_normal

Separation = Literal["zf", "mmse"]
SEPARATIONS: tuple[str, ...] = get_args(Separation)
CHANNELS = ("awgn", "rayleigh")
CSI = "perfect"


class Separated(NamedTuple):
    """Streams ``... x K``, complex, and the variance of their error, real, the same shape."""

    symbols: Tensor
    noise_var: Tensor


def _separate(g: Tensor, h: Tensor, y: Tensor, noise: float | Tensor) -> Separated:
    """Unbiased streams and error variances of a filter ``g``, ``... x K x A``."""
    c = g @ h
    gain = torch.diagonal(c, dim1=-2, dim2=-1).real
    # A user without any channel has no stream, and an infinite variance.
    scale = torch.where(gain > 0, gain, 1)[..., None]
    g, c = g / scale, c / scale
    others = c.abs().square() * (1 - torch.eye(h.shape[-1], device=h.device))
    noise = torch.as_tensor(noise, device=h.device)
    variance = others.sum(-1) + noise[..., None] * g.abs().square().sum(-1)
    variance = torch.where(gain > 0, variance, torch.inf)
    x = (g @ y[..., None])[..., 0]
    return Separated(x, variance.expand(x.shape))


def zf(h: Tensor, y: Tensor, noise: float | Tensor) -> Separated:
    """Zero forcing.

    Parameters
    ----------
    h : complex ``... x A x K``, A >= K.
    y : complex ``... x A``; the leading axes are broadcast.
    noise : N0 per antenna, a number or ``...``.

    Raises
    ------
    ValueError
        More users than antennas.
    """
    if h.shape[-1] > h.shape[-2]:
        raise ValueError(f"zero forcing of {h.shape[-1]} users needs as many antennas")
    return _separate(torch.linalg.solve(h.mH @ h, h.mH), h, y, noise)


def mmse(h: Tensor, y: Tensor, noise: float | Tensor) -> Separated:
    """Minimum mean square error, unbiased; arguments as of :func:`zf`, any number of users."""
    loading = torch.as_tensor(noise, device=h.device)[..., None, None]
    identity = torch.eye(h.shape[-1], dtype=h.dtype, device=h.device)
    return _separate(torch.linalg.solve(h.mH @ h + loading * identity, h.mH), h, y, noise)


def simulate_uplink(
    symbols: Tensor,
    snr_db: float,
    generator: torch.Generator,
    *,
    channel: str = "rayleigh",
    separation: Separation = "mmse",
    antennas: int | None = None,
    gains_db: Sequence[float] | None = None,
    matrix: Tensor | None = None,
) -> Separated:
    """Sends one image of every user at the same time and separates them again.

    Parameters
    ----------
    symbols : complex ``... x K x N``, unit power: N symbols of each of K users. Every slot, that is
        every index of the leading axes, has a matrix of its own.
    snr_db : Es/N0 in each antenna of a user of gain 0 dB, averaged over the fading.
    generator : source of all randomness.
    channel : ``rayleigh``, CN(0, 1) entries; ``awgn``, the identity.
    separation : ``zf`` or ``mmse``.
    antennas : of the receiver; K where None.
    gains_db : power of every user; ``-inf`` is silent (its stream comes back with infinite noise).
    matrix : ``... x A x K`` in place of a drawn one.

    Returns
    -------
    Separated
        Streams and noise variances, both ``... x K x N``.

    Raises
    ------
    ValueError
        Unknown channel or separation, or fewer antennas than users.
    """
    if channel not in CHANNELS:
        raise ValueError(f"unknown channel {channel!r}; known: {', '.join(CHANNELS)}")
    if separation not in SEPARATIONS:
        raise ValueError(f"unknown separation {separation!r}; known: {', '.join(SEPARATIONS)}")
    *slots, users, count = symbols.shape
    a = users if antennas is None else antennas
    if a < users:
        raise ValueError(f"{users} users need as many antennas, not {a}")
    h = matrix
    if h is None and channel == "awgn":
        h = torch.eye(a, users, dtype=torch.complex64).expand(*slots, a, users)
    elif h is None:
        h = complex_normal((*slots, a, users), generator)
    gains = torch.as_tensor([0.0] * users if gains_db is None else list(gains_db))
    h = h * 10 ** (gains / 20)
    n0 = 10.0 ** (-snr_db / 10.0)
    order = torch.stack([torch.randperm(count, generator=generator) for _ in range(users)])
    order = order.expand(symbols.shape)
    y = h @ symbols.gather(-1, order) + complex_normal((*slots, a, count), generator) * n0**0.5
    heard = torch.isfinite(gains)
    streams = torch.zeros_like(symbols)
    variance = torch.full(symbols.shape, torch.inf)
    if heard.any():
        separate = zf if separation == "zf" else mmse
        got = separate(h[..., None, :, heard], y.mT, n0)
        streams[..., heard, :] = got.symbols.mT
        # Within a slot it is the same for all symbols of a user: their order does not matter.
        variance[..., heard, :] = got.noise_var.mT
    return Separated(torch.zeros_like(streams).scatter(-1, order, streams), variance)
