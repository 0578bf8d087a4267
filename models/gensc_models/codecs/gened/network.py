"""The transmitter and the receiver as tensors.

::

    image ┬ stem ┬ score head ─ score ┐
          │      ├──────────────── SIPM ─ mask ─ split ┐
          │      └ foreground / background branch ─ merge ─ additions ┐
          └ trunk: linear code with rate and power of the block ─────(+)─ symbols of both branches

    symbols ─ trunk: estimate, features ─ two decoders ─ merge ─ correction ─(+)─ image

Every learned part ends in a zero-initialised layer, so with the trunk of a trained photo codec the
network starts as that codec with the symbols where the mask wants them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.gened.branches import PATCH_TOKENS, BranchPair
from gensc_models.codecs.gened.config import TOKEN, GenedConfig
from gensc_models.codecs.gened.sipm import (
    Routing,
    ScoreHead,
    Sipm,
    gate,
    guide_layers,
    guides_from,
    logits_of,
)
from gensc_models.codecs.gened.split import Shares, Split, best_split, shares
from gensc_models.codecs.gened.trunk import LEAST_RATE, Plan, Trunk
from gensc_models.codecs.layers import Conditioner, FilmBlock, zero_initialised
from gensc_models.codecs.photo.network import rate_feature, snr_feature
from gensc_models.codecs.softcast.linear import COEFFICIENTS
from gensc_models.data.photos import BLOCK

COLOURS = 3
# Gumbel-softmax in training.
TEMPERATURE = 1.0


@dataclass(frozen=True)
class Analysis:
    """What the transmitter finds in images, before anything is sent.

    ``features`` are ``B x width x H/4 x W/4``, ``score`` logits ``B x h x w``, ``gate`` is
    ``B x h x w`` of 0 and 1 (with gradient in training).
    """

    features: Tensor
    score: Tensor
    routing: Routing
    gate: Tensor

    @property
    def mask(self) -> Tensor:
        """Bool ``B x h x w``, true in the foreground."""
        return self.gate.detach() > 0.5

    @property
    def sure(self) -> Tensor:
        """How probably each block is foreground, ``B x h x w``, without gradient."""
        logits = self.routing.mask_logits.detach()
        return torch.sigmoid(logits[..., 0] - logits[..., 1])


class Transmitter(nn.Module):
    """Stem, score head, SIPM and both branches; the trunk is :class:`GenedNetwork`'s."""

    def __init__(self, config: GenedConfig) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.pixels = nn.Conv2d(COLOURS * TOKEN**2, width, 3, padding=1)
        self.block = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )
        self.score = ScoreHead(config) if config.importance else None
        self.sipm = Sipm(config)
        self.conditioner = Conditioner(3, config.condition)
        self.branches = BranchPair(width, config)
        self.out = zero_initialised(nn.Conv2d(width * PATCH_TOKENS**2, COEFFICIENTS, 1))

    def features(self, image: Tensor) -> Tensor:
        """The convolutional encoder (Eq. 1): ``B x 3 x H x W`` to ``B x width x H/4 x W/4``."""
        x = self.pixels(F.pixel_unshuffle(2.0 * image - 1.0, TOKEN))
        return x + self.block(x)

    def analyse(self, image: Tensor, score: Tensor | None = None) -> Analysis:
        """Finds the foreground in ``B x 3 x H x W``; without ``dual`` all of it is.

        ``score`` are logits ``B x h x w`` from elsewhere, in place of the predicted ones; they are
        the mask's as well.
        """
        features = self.features(image)
        if score is not None:
            routing = self.sipm(features, score)._replace(mask_logits=logits_of(score))
        else:
            grid = (len(image), image.shape[2] // BLOCK, image.shape[3] // BLOCK)
            score = self.score(features) if self.score is not None else image.new_zeros(grid)
            routing = self.sipm(features, score)
        mask = gate(routing.mask_logits, TEMPERATURE, self.training)
        if not self.config.dual:
            mask = torch.ones_like(mask)
        return Analysis(features, score, routing, mask)

    def additions(self, found: Analysis, plan: Plan) -> Tensor:
        """What both branches add to the linear symbols, ``B x 256 x h x w``."""
        condition = self.conditioner(sent_scalars(plan))
        merged = self.branches(found.features, found.gate, found.routing.guides, condition)
        return self.out(F.pixel_unshuffle(merged, PATCH_TOKENS))


def sent_scalars(plan: Plan) -> Tensor:
    """How each block is sent, ``B x h x w x 3``."""
    rate = rate_feature(plan.rates.clamp_min(LEAST_RATE))
    return torch.stack([snr_feature(plan.snr_db), rate, plan.mask.float()], dim=-1)


class Receiver(nn.Module):
    """Both decoders and their fusion, behind the trunk's features."""

    def __init__(self, config: GenedConfig) -> None:
        super().__init__()
        width = config.trunk.decoder_width_4
        self.reach = config.reach
        # The trunk's four scalars (SNRs designed for and met, rate, scale) and the mask.
        self.conditioner = Conditioner(5, config.condition)
        self.guides = guide_layers(width + 1, width)
        self.branches = BranchPair(width, config)
        self.fuse = FilmBlock(width, config.condition)
        self.out = zero_initialised(nn.Conv2d(width, COLOURS * TOKEN**2, 3, padding=1))

    def forward(self, hidden: Tensor, scalars: Tensor, mask: Tensor) -> Tensor:
        """Correction ``B x 3 x H x W`` of features ``B x width x H/4 x W/4`` (Eq. 8-10)."""
        inside = mask.float()
        condition = self.conditioner(torch.cat([scalars, inside[..., None]], dim=-1))
        wide = inside[:, None].repeat_interleave(PATCH_TOKENS, 2).repeat_interleave(PATCH_TOKENS, 3)
        guides = guides_from(self.guides, torch.cat([hidden, wide], dim=1), self.reach)
        merged = self.branches(hidden, inside, guides, condition)
        return F.pixel_shuffle(self.out(self.fuse(merged, condition)), TOKEN)


class GenedNetwork(nn.Module):
    """Transmitter, receiver and the trunk of both; height and width are multiples of 16."""

    def __init__(self, config: GenedConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = Trunk(config.trunk)
        self.transmitter = Transmitter(config)
        self.receiver = Receiver(config)

    @torch.no_grad()
    def energy(self, image: Tensor) -> Tensor:
        """Squared coefficients of the linear code, ``B x 256 x h x w``."""
        with torch.autocast(image.device.type, enabled=False):
            return self.trunk.linear.analyse(image).square()

    def choose(
        self, image: Tensor, mask: Tensor, weights: Tensor, symbols: Sequence[int], snr_db: Tensor
    ) -> list[Split]:
        """The split of every image for its number of complex symbols.

        Parameters
        ----------
        image : ``B x 3 x H x W``.
        mask : bool ``B x h x w``.
        weights : ``B x h x w``, what the error of each block counts.
        symbols, snr_db : ``B``.

        Raises
        ------
        SplitError
            More symbols than the blocks take.
        """
        energy, mask, weights = self.energy(image).cpu(), mask.cpu(), weights.cpu()
        return [
            best_split(
                self.trunk.linear, energy[i], mask[i], weights[i], count, float(snr_db[i])
            ).split
            for i, count in enumerate(symbols)
        ]

    def plan(
        self, mask: Tensor, symbols: Sequence[int], splits: Sequence[Split], snr_db: Tensor
    ) -> tuple[Plan, list[Shares]]:
        """Rate and power of every block, which both ends derive from mask and split."""
        parts = [
            shares(mask[i].cpu(), count, split)
            for i, (count, split) in enumerate(zip(symbols, splits, strict=True))
        ]
        return Plan.of(parts, snr_db), parts

    def encode(self, image: Tensor, found: Analysis, plan: Plan) -> tuple[Tensor, Tensor]:
        """Image ``B x 3 x H x W`` in [0, 1] to real channels and scales; see :class:`Trunk`."""
        return self.trunk.encode(image, plan, self.transmitter.additions(found, plan))

    def decode(self, received: Tensor, precision: Tensor, plan: Plan, scales: Tensor) -> Tensor:
        """Received channels and their precision to the image, which is not clipped."""
        trunk = self.trunk
        known = trunk.estimate(received, precision, plan, scales)
        condition = trunk.decoder.conditioner(known.scalars)
        hidden = trunk.decoder.hidden(known.features, known.image, condition)
        correction = trunk.decoder.correction(hidden).float()
        correction = correction + self.receiver(hidden, known.scalars, plan.mask).float()
        unit = known.unit[:, None].repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)
        return known.image + unit * correction
