"""The code that both branches share: the photo codec's networks, block by block.

::

    image ─ KLT ─ gains of the block ─(+)─ first 2C of the block ─ power of its branch ─ spread
      └──────── encoder network ───────┘

As :class:`gensc_models.codecs.photo.network.ResidualJscc`, whose weights it takes, but rate, power
and design SNR are maps: a foreground block is sent as if the image had its rate and the channel its
SNR. The receiver's network sees beside the estimate what each block was sent with.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gensc_models.codecs.gened.blockwise import (
    block_gains,
    despread_blocks,
    expected_error,
    spread_blocks,
    used_channels,
)
from gensc_models.codecs.gened.split import Shares
from gensc_models.codecs.photo.network import (
    CORRECTION_GAIN,
    HIGHEST_SNR_DB,
    LOWEST_SNR_DB,
    SURPRISE_DB,
    DecoderNetwork,
    EncoderNetwork,
    JsccConfig,
    rate_feature,
    snr_feature,
)
from gensc_models.codecs.softcast.linear import LinearCode
from gensc_models.codecs.spreading import POWER_FLOOR

# Rates below this look to the networks like it: one symbol or two make no picture.
LEAST_RATE = 4


@dataclass(frozen=True)
class Plan:
    """Who sends what, as maps ``B x h x w`` over the blocks of a batch.

    ``mask`` is true in the foreground, ``rates`` are complex symbols, ``power_db`` the power of
    each of them (its mean over all symbols of an image is one), ``snr_db`` the Es/N0 that the
    encoder designs for, that power included.
    """

    mask: Tensor
    rates: Tensor
    power_db: Tensor
    snr_db: Tensor

    @classmethod
    def of(cls, images: list[Shares], snr_db: Tensor) -> Plan:
        """The shares of every image of a batch, and the SNR that each is coded for, ``B``."""
        device = snr_db.device
        power_db = 10.0 * torch.log10(torch.stack([s.power_map() for s in images])).to(device)
        mask = torch.stack([s.mask for s in images]).to(device)
        rates = torch.stack([s.rates for s in images]).to(device)
        return cls(mask, rates, power_db, snr_db[:, None, None] + power_db)

    def of_branch(self, values: Tensor) -> Tensor:
        """One value per branch, ``B x 2`` (foreground, background), to a map ``B x h x w``."""
        return torch.where(self.mask, values[:, :1, None], values[:, 1:, None])

    def sums(self, values: Tensor) -> Tensor:
        """Sum of a map ``B x h x w`` over each branch, ``B x 2``."""
        inside = (values * self.mask).sum(dim=(1, 2))
        return torch.stack([inside, values.sum(dim=(1, 2)) - inside], dim=1)


@dataclass(frozen=True)
class Estimate:
    """What the receiver's networks work on.

    ``image`` is the linear estimate, ``features`` (``B x 768 x h x w``) the coefficients, what was
    heard of them and how reliably, ``scalars`` (``B x h x w x 4``) how each block was sent and
    received, ``unit`` (``B x h x w``) the error expected in it: what corrections are measured in.
    """

    image: Tensor
    features: Tensor
    scalars: Tensor
    unit: Tensor


def met_snr_db(precision: Tensor, plan: Plan) -> Tensor:
    """SNR of the AWGN channel with the mean capacity that each branch met, ``B x 2`` in dB."""
    used = used_channels(plan.rates)
    capacity = plan.sums((torch.log1p(precision) * used).sum(dim=1))
    mean = capacity / plan.sums(used.sum(dim=1)).clamp_min(1.0)
    return 10.0 * torch.log10(torch.expm1(mean).clamp(1e-6, 1e7))


class Trunk(nn.Module):
    """Linear code and photo networks; sides of images are multiples of 16."""

    def __init__(self, config: JsccConfig) -> None:
        super().__init__()
        self.linear = LinearCode()
        self.encoder = EncoderNetwork(config)
        self.decoder = DecoderNetwork(config)

    def encode(self, image: Tensor, plan: Plan, additions: Tensor | None) -> tuple[Tensor, Tensor]:
        """Image ``B x 3 x H x W`` to real channels ``B x 256 x h x w`` and scales ``B x 2``.

        The channels of each branch have the power of the plan, so the image's mean power is one.
        ``additions`` are what the branches add to the linear symbols.
        """
        with torch.autocast(image.device.type, enabled=False):
            y = self.linear.analyse(image)
            z = block_gains(self.linear, plan.snr_db, plan.rates) * y
            whitened = y / self.linear.prior(y.shape[-2:]).sqrt()
        rates = plan.rates.clamp_min(LEAST_RATE)
        z = z + self.encoder(image, whitened, plan.snr_db, rates).float()
        if additions is not None:
            z = z + additions.float()
        used = used_channels(plan.rates)
        z = z * used
        count = plan.sums(used.sum(dim=1)).clamp_min(1.0)
        # A branch without blocks has no energy, and a root no derivative at zero.
        scales = (plan.sums(z.square().sum(dim=1)) / count).clamp_min(1e-12).sqrt()
        amplitude = 10.0 ** (plan.power_db / 20.0) / plan.of_branch(scales)
        with torch.autocast(image.device.type, enabled=False):
            return spread_blocks(z * amplitude[:, None], plan.rates, plan.mask), scales

    def estimate(self, received: Tensor, precision: Tensor, plan: Plan, scales: Tensor) -> Estimate:
        """The linear estimate from received channels and precisions (1 / noise variance, 0 lost).

        A channel much better than the encoder was told is treated as a little better only: the
        networks were not trained for the rest.
        """
        used = used_channels(plan.rates)
        amplitude = 10.0 ** (plan.power_db / 20.0)[:, None]
        precision = precision * used * amplitude.square()
        received = received / amplitude
        met = met_snr_db(precision, plan)
        # The design SNR of a branch, from any of its blocks.
        told = plan.sums(plan.snr_db) / plan.sums(torch.ones_like(plan.snr_db)).clamp_min(1.0)
        excess = (met - (told + SURPRISE_DB).clamp_max(HIGHEST_SNR_DB)).clamp_min(0.0)
        precision = precision * torch.pow(10.0, -plan.of_branch(excess) / 10.0)[:, None]
        met = met - excess
        scale = plan.of_branch(scales)[:, None]
        with torch.autocast(received.device.type, enabled=False):
            received, precision = despread_blocks(
                self.linear, received, precision, plan.rates, plan.mask, plan.snr_db, POWER_FLOOR
            )
            gains = block_gains(self.linear, plan.snr_db, plan.rates)
            estimate, reliability = self.linear.estimate(received, precision, scale, gains)
            image = self.linear.synthesise(estimate)
        whitened = estimate / self.linear.prior(estimate.shape[-2:]).sqrt()
        heard = received * precision / (1.0 + precision)
        lowest, sure = LOWEST_SNR_DB
        confidence = plan.of_branch(((met - lowest) / (sure - lowest)).clamp(0.0, 1.0))
        met_map = plan.of_branch(met.clamp_min(-10.0))
        rates = plan.rates.clamp_min(LEAST_RATE)
        scalars = torch.stack(
            [
                snr_feature(plan.snr_db),
                rate_feature(rates),
                snr_feature(met_map),
                torch.log(scale[:, 0]),
            ],
            dim=-1,
        )
        unit = expected_error(self.linear, met_map, plan.snr_db, plan.rates).sqrt()
        features = torch.cat([whitened, heard, reliability], dim=1)
        return Estimate(image, features, scalars, CORRECTION_GAIN * confidence * unit)
