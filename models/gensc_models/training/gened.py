"""The objective of the dual-branch codec: section IV-C of the paper, end to end through a channel.

Half the images are routed by the predicted mask, through which its gradient comes, the others by
their map of saliency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from gensc_models.codecs.gened.blockwise import expected_error, used_channels
from gensc_models.codecs.gened.config import GenedConfig
from gensc_models.codecs.gened.features import FeatureNetwork
from gensc_models.codecs.gened.losses import (
    LossWeights,
    contextual_loss,
    matching_loss,
    total_loss,
    weighted_mse,
)
from gensc_models.codecs.gened.matching import ClipEncoder, ContextMatching, prompt
from gensc_models.codecs.gened.network import Analysis, GenedNetwork
from gensc_models.codecs.gened.samples import Sample, per_block
from gensc_models.codecs.gened.trunk import Plan
from gensc_models.training.channel import KNOWN_SNR_JITTER_DB, ChannelSampler, OperatingRange

# A block is foreground where its map's mean exceeds a threshold that is drawn from these.
MASK_THRESHOLDS = (0.1, 0.6)
# What a background block counts in choosing the split, drawn evenly in its logarithm.
BACKGROUND_WEIGHTS = (0.03, 0.3)
# Expected errors enter the logarithm of an error at this share: easy crops must not take over.
REFERENCE = 0.3


class Learner(nn.Module):
    """What the optimiser moves: the codec's network and, with CLIP, the matching module."""

    def __init__(self, config: GenedConfig, matching: ContextMatching | None) -> None:
        super().__init__()
        self.network = GenedNetwork(config)
        # The bases are the best there are for photos; the networks around them learn the rest.
        self.network.trunk.linear.requires_grad_(False)
        self.matching = matching


@dataclass(frozen=True)
class Draws:
    """What operating points are drawn from: SNRs (the paper's), symbols per block, channels.

    ``own_mask`` is the share of the images that the predicted mask routes.
    """

    snrs_db: tuple[float, ...] = (1.0, 4.0, 7.0, 10.0)
    rates: tuple[int, ...] = (16, 24, 32, 48, 64)
    channels: OperatingRange = field(
        default_factory=lambda: OperatingRange(block=0.1, fast=0.05, selective=0.15, lossy=0.1)
    )
    own_mask: float = 0.5


class Objective:
    """The weighted sum (26) on freshly drawn operating points, splits and channels.

    ``semantic`` tells foreground from background; without it the error of the whole image counts.
    """

    def __init__(
        self,
        draws: Draws,
        weights: LossWeights,
        semantic: bool,
        features: FeatureNetwork | None,
        clip: ClipEncoder | None,
        seed: int,
    ) -> None:
        self.draws, self.weights, self.semantic = draws, weights, semantic
        self.features, self.clip = features, clip
        self.generator = torch.Generator().manual_seed(seed)
        self.channel = ChannelSampler(draws.channels, self.generator)

    def loss(self, learner: Learner, crops: Sample, wholes: Sample) -> Tensor:
        """Of random crops through the channel, and of whole images' maps."""
        parts = self.reconstruction(learner.network, crops)
        if self.semantic and learner.network.config.importance:
            parts |= self.matching(learner, wholes)
        return total_loss(parts, self.weights)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator)

    def _of(self, values: Sequence[float]) -> float:
        return values[int(self._uniform(1) * len(values))]

    def _routes(
        self, network: GenedNetwork, found: Analysis, saliency: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The gate of every image, its own or its map's, and how sure it is, ``B x h x w``."""
        gate, sure = found.gate, found.sure
        if not network.config.dual:
            return gate, torch.ones_like(sure)
        low, high = MASK_THRESHOLDS
        told = per_block(saliency)
        threshold = (low + (high - low) * self._uniform(len(gate), 1, 1)).to(told.device)
        own = (self._uniform(len(gate), 1, 1) < self.draws.own_mask).to(told.device)
        return (
            torch.where(own, gate, (told > threshold).to(gate.dtype)),
            torch.where(own, sure, told),
        )

    def reconstruction(self, network: GenedNetwork, sample: Sample) -> dict[str, Tensor]:
        """Losses (22) and (24) of crops that went through the channel, ``B`` each."""
        image, count = sample.images, len(sample.images)
        found = network.transmitter.analyse(image)
        gate, sure = self._routes(network, found, sample.saliency)
        found = replace(found, gate=gate)
        snr = torch.tensor([self._of(self.draws.snrs_db) for _ in range(count)])
        known = snr + KNOWN_SNR_JITTER_DB * torch.randn(count, generator=self.generator)
        blocks = gate[0].numel()
        symbols = [int(self._of(self.draws.rates)) * blocks for _ in range(count)]
        low, high = BACKGROUND_WEIGHTS
        background = (low * (high / low) ** self._uniform(count, 1, 1)).to(sure.device)
        splits = network.choose(image, found.mask, sure + background, symbols, known)
        plan, _ = network.plan(found.mask, symbols, splits, known.to(image.device))
        sent, scales = network.encode(image, found, plan)
        precision = self._precision(snr, sent, plan)
        received = self.channel.transmit(sent, precision)
        decoded = network.decode(received, precision, plan, scales)
        unit = expected_error(network.trunk.linear, plan.snr_db, plan.snr_db, plan.rates)
        reference = REFERENCE * unit.mean(dim=(1, 2))
        if not self.semantic:
            everywhere = torch.ones_like(sample.saliency)
            return {"foreground": torch.log(weighted_mse(decoded, image, everywhere) + reference)}
        inside, outside = sample.saliency, 1.0 - sample.saliency
        parts = {
            "foreground": torch.log(weighted_mse(decoded, image, inside) + reference),
            "fidelity": torch.log(weighted_mse(decoded, image, outside) + reference),
        }
        if self.features is not None:
            with torch.no_grad():
                original = self.features.features(image)
            shown = self.features.features(decoded.clamp(0.0, 1.0))
            parts["background"] = contextual_loss(shown, original, sample.saliency)
        return parts

    def _precision(self, snr: Tensor, sent: Tensor, plan: Plan) -> Tensor:
        """1 / noise variance of every real channel that is sent, 0 where it is lost."""
        height, width = sent.shape[-2:]
        drawn = self.channel.precision(snr, sent.shape[1] // 2, height, width)
        return drawn.repeat_interleave(2, dim=1).to(sent.device) * used_channels(plan.rates)

    def matching(self, learner: Learner, sample: Sample) -> dict[str, Tensor]:
        """Loss (21) of whole images: of score map and mask, and of CLIP's map if there is one."""
        weights = self.weights
        found = learner.network.transmitter.analyse(sample.images)
        score, told = found.score, per_block(sample.saliency)
        # What the mask says of its own certainty decides the split: it must be true.
        logits = found.routing.mask_logits
        routed = matching_loss(logits[..., 0] - logits[..., 1], told, weights.elsewhere)
        if self.clip is None or learner.matching is None:
            return {"matching": routed + matching_loss(score, told, weights.elsewhere)}
        seen = self.clip(sample.images, [prompt(name) for name in sample.classes])
        mapped = nn.functional.interpolate(
            learner.matching(seen)[:, None], size=score.shape[-2:], mode="bilinear"
        )[:, 0]
        aligned = matching_loss(mapped, told, weights.elsewhere)
        target = 0.5 * (told + torch.sigmoid(mapped.detach()))
        followed = matching_loss(score, target, weights.elsewhere)
        return {"matching": routed + aligned + followed}
