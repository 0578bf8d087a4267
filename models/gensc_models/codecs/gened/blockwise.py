"""The linear analog code with a rate, a power and a design SNR of its own for every block.

Real channels are ``B x 256 x h x w`` as in :mod:`gensc_models.codecs.softcast.linear`; rates and
SNRs are maps ``B x h x w``. Blocks of one image and one rate are mixed and unmixed together
(:mod:`gensc_models.codecs.spreading`).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gensc_models.codecs.softcast.linear import COEFFICIENTS, PATCH, LinearCode, power_allocation
from gensc_models.codecs.spreading import despread, spread


def used_channels(rates: Tensor) -> Tensor:
    """Which real channels the blocks send, ``B x 256 x h x w`` of 0 and 1."""
    index = torch.arange(COEFFICIENTS, device=rates.device)
    return (index[:, None, None] < 2 * rates[:, None]).float()


def _distinct(snr_db: Tensor, rates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The SNRs and rates that occur together, and which of these pairs each block has."""
    pairs = torch.stack([snr_db, rates.to(snr_db.dtype)], dim=-1)
    distinct, which = pairs.flatten(0, -2).unique(dim=0, return_inverse=True)
    return distinct[:, 0], distinct[:, 1].round().long(), which.view(rates.shape)


def block_gains(linear: LinearCode, snr_db: Tensor, rates: Tensor) -> Tensor:
    """Gains of :meth:`LinearCode.gains` for maps, ``B x 256 x h x w``; rate 0 has none."""
    snrs, each, which = _distinct(snr_db, rates)
    power = power_allocation(linear.variance, snrs, each.clamp_min(1)) * (each > 0)[:, None]
    gains = (power / linear.variance.clamp_min(1e-12)).sqrt()
    return gains[which].permute(0, 3, 1, 2)


def expected_error(linear: LinearCode, met_db: Tensor, snr_db: Tensor, rates: Tensor) -> Tensor:
    """:meth:`LinearCode.expected_mse` for maps ``B x h x w``."""
    flat = (met_db.flatten(), snr_db.flatten(), rates.flatten())
    triples, which = torch.stack([x.float() for x in flat], dim=-1).unique(
        dim=0, return_inverse=True
    )
    met, told, each = triples.unbind(dim=-1)
    error = linear.expected_mse(met, told, each.round().clamp_min(1))
    nothing = linear.variance.sum() / PATCH
    return torch.where(each > 0, error, nothing)[which].view(rates.shape)


def _alike(rates: Tensor, mask: Tensor) -> Iterator[tuple[int, int, Tensor]]:
    """Image, rate and places of all blocks of one image, branch and rate; rate 0 is left out."""
    kinds = (2 * rates + mask.long()).flatten(1)
    for image, row in enumerate(kinds):
        for kind in row.unique().tolist():
            if kind // 2:
                yield image, kind // 2, (row == kind).nonzero()[:, 0]


def spread_blocks(channels: Tensor, rates: Tensor, mask: Tensor) -> Tensor:
    """:func:`spreading.spread` with the rate of each block; ``mask`` is ``B x h x w``."""
    flat = channels.flatten(2)
    mixed = torch.zeros_like(flat)
    for image, rate, places in _alike(rates, mask):
        part = flat[image][None, :, None, places]
        one = torch.tensor([rate], device=rates.device)
        mixed[image, :, places] = spread(part, one)[0, :, 0]
    return mixed.view_as(channels)


def despread_blocks(
    linear: LinearCode,
    received: Tensor,
    precision: Tensor,
    rates: Tensor,
    mask: Tensor,
    snr_db: Tensor,
    floor: float,
) -> tuple[Tensor, Tensor]:
    """:func:`spreading.despread` with the rate and the design SNR ``B x h x w`` of each block.

    ``floor`` is the power assumed where the linear code gives none.
    """
    values, weights = torch.zeros_like(received), torch.zeros_like(received)
    flat = [x.flatten(2) for x in (received, precision, values, weights)]
    told = snr_db.flatten(1)
    for image, rate, places in _alike(rates, mask):
        one = torch.tensor([rate], device=rates.device)
        power = linear.sent_power(told[image, places[:1]], one, floor)
        value, weight = (x[image][None, :, None, places] for x in flat[:2])
        for out, solved in zip(flat[2:], despread(value, weight, power, one), strict=True):
            out[image, :, places] = solved[0, :, 0]
    return flat[2].view_as(received), flat[3].view_as(received)
