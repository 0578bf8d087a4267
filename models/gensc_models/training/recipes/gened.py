"""Trainer of the dual-branch codec: ``python -m gensc_models.training.recipes.gened --images DIR
--maps DIR``.

Starts from a photo codec (its networks become the trunk) and trains transmitter, channel and
receiver end to end for a given time, as section IV-C of the paper says it: photos with maps of
their saliency show what is foreground. Half the images are routed by the predicted mask, through
which its gradient comes, the others by their map. With ``--clip`` the score map follows that of the
context matching module as well; ``--variant`` takes the parts away that Tables I and II do without.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gensc_models.codecs.gened.blockwise import expected_error, used_channels
from gensc_models.codecs.gened.codec import GenedCodec, GenedCodecConfig
from gensc_models.codecs.gened.config import VARIANTS, GenedConfig
from gensc_models.codecs.gened.features import FeatureNetwork, feature_network
from gensc_models.codecs.gened.losses import (
    LossWeights,
    contextual_loss,
    matching_loss,
    total_loss,
    weighted_mse,
)
from gensc_models.codecs.gened.matching import ClipEncoder, ContextMatching, matching_for, prompt
from gensc_models.codecs.gened.network import Analysis, GenedNetwork
from gensc_models.codecs.gened.samples import SaliencySampler, Sample, per_block, pseudo_labelled
from gensc_models.codecs.gened.trunk import Plan
from gensc_models.codecs.jscc import load_jscc
from gensc_models.codecs.photo.network import JsccConfig
from gensc_models.data.photos import prefetch
from gensc_models.metrics.clip import load_clip
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from gensc_models.semantics.importance.saliency import SaliencyNetwork
from gensc_models.semantics.importance.sources import LearnedImportance
from gensc_models.training.channel import KNOWN_SNR_JITTER_DB, ChannelSampler, OperatingRange
from gensc_models.training.evaluation.gened import cropped, evaluate_gened
from gensc_models.training.timed_run import RunSettings, TimedRun
from gensc_models.weights.store import WeightsError

# The paper's.
SNRS_DB = (1.0, 4.0, 7.0, 10.0)
VALIDATION_POINTS = ((32, 1.0), (32, 10.0))
# A block is foreground where its map's mean exceeds a threshold that is drawn from these.
MASK_THRESHOLDS = (0.1, 0.6)
# What a background block counts in choosing the split, drawn evenly in its logarithm.
BACKGROUND_WEIGHTS = (0.03, 0.3)
# Expected errors enter the logarithm of an error at this share: easy crops must not take over.
REFERENCE = 0.3


@dataclass(frozen=True, kw_only=True)
class GenedTrainConfig(RunSettings):
    """What one training run needs to know.

    ``images`` and ``maps`` are folders of photos and their saliency, of which those whose names
    begin with ``prefixes`` are used, every ``held_out``-th for validation only. ``photos`` are
    folders without maps: ``importance`` names the weights that make theirs. ``start`` is the photo
    codec whose networks become the trunk ("": none), which learns at ``trunk_share`` of the
    rates. ``clip`` is a model for :func:`gensc_models.metrics.clip.load_clip` ("": without),
    ``features`` one for :func:`gensc_models.codecs.gened.features.feature_network`.
    """

    images: Path
    maps: Path
    prefixes: tuple[str, ...] = ("",)
    photos: tuple[Path, ...] = ()
    importance: str = ""
    start: str = "deepjscc-photo"
    variant: str = "full"
    model: GenedConfig = field(default_factory=GenedConfig)
    clip_model: str = ""
    features: str = "auto"
    weights: LossWeights = field(default_factory=LossWeights)
    snrs_db: tuple[float, ...] = SNRS_DB
    rates: tuple[int, ...] = (16, 24, 32, 48, 64)
    channels: OperatingRange = field(
        default_factory=lambda: OperatingRange(block=0.1, fast=0.05, selective=0.15, lossy=0.1)
    )
    own_mask: float = 0.5
    trunk_share: float = 0.1
    held_out: int = 25
    validation_photos: int = 8
    batch: int = 4
    side: int = 192
    wholes: int = 6
    whole_size: tuple[int, int] = (128, 192)
    learning_rate: float = 1e-3
    muon_rate: float = 3e-3
    clip: float = 1.0
    ema: float = 0.998
    warmup_steps: int = 50

    @property
    def network(self) -> GenedConfig:
        """The model as the variant changes it.

        Raises
        ------
        ValueError
            Unknown variant.
        """
        if self.variant not in VARIANTS:
            raise ValueError(f"variant {self.variant!r}: must be one of {', '.join(VARIANTS)}")
        return replace(self.model, **VARIANTS[self.variant])

    def with_trunk(self, shape: JsccConfig) -> GenedTrainConfig:
        """The same with a trunk of that shape."""
        return replace(self, model=replace(self.model, trunk=shape))

    def described(self) -> dict[str, Any]:
        """What the run's checkpoint carries."""
        return {"variant": self.variant, "network": self.network.as_json()}

    @property
    def semantic(self) -> bool:
        """Whether the objective tells foreground from background."""
        return self.variant != "no-semantic-objective"


class Learner(nn.Module):
    """What the optimiser moves: the codec's network and, with CLIP, the matching module."""

    def __init__(self, config: GenedConfig, matching: ContextMatching | None) -> None:
        super().__init__()
        self.network = GenedNetwork(config)
        # The bases are the best there are for photos; the networks around them learn the rest.
        self.network.trunk.linear.requires_grad_(False)
        self.matching = matching


def load_pairs(config: GenedTrainConfig) -> tuple[list[MappedPhoto], list[MappedPhoto]]:
    """Photos with maps to train on, and those held out.

    Raises
    ------
    FileNotFoundError
        No photo, or no map for one.
    ValueError
        A map of another size, photos without a source of importance, or too few photos.
    WeightsError
        The source of importance is not installed.
    """
    pairs = load_mapped(config.images, config.maps, config.prefixes)
    held_out = pairs[:: config.held_out][: config.validation_photos]
    kept = {pair.name for pair in held_out}
    train_on = [pair for pair in pairs if pair.name not in kept]
    if config.photos:
        if not config.importance:
            raise ValueError("photos without maps need the name of an importance network")
        source = LearnedImportance(SaliencyNetwork.from_pretrained(config.importance))
        train_on += pseudo_labelled(config.photos, source)
    if not train_on:
        raise ValueError(f"{config.images}: {len(pairs)} photos are too few to train on")
    return train_on, cropped(held_out)


def trunk_of(name: str) -> tuple[JsccConfig, dict[str, Tensor]]:
    """Shape and weights of the photo codec to start from.

    Raises
    ------
    WeightsError
        Missing, damaged, or no photo codec with networks.
    """
    codec = load_jscc(name)
    shape = codec.config.network
    if not isinstance(shape, JsccConfig) or not shape.residual:
        raise WeightsError(f"weights '{name}': the trunk starts from a convolutional photo codec")
    return shape, codec.network.state_dict()


class Trainer:
    """One step of the end-to-end training, on freshly drawn images, splits and channels."""

    def __init__(
        self,
        config: GenedTrainConfig,
        run: TimedRun[Learner],
        features: FeatureNetwork | None,
        clip: ClipEncoder | None,
    ) -> None:
        self.config, self.run = config, run
        self.features, self.clip = features, clip
        self.generator = torch.Generator().manual_seed(config.seed + 7919 * run.step)
        self.channel = ChannelSampler(config.channels, self.generator)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator)

    def _of(self, values: Sequence[float]) -> float:
        return values[int(self._uniform(1) * len(values))]

    def _routes(self, found: Analysis, saliency: Tensor) -> tuple[Tensor, Tensor]:
        """The gate of every image, its own or its map's, and how sure it is, ``B x h x w``."""
        gate, sure = found.gate, found.sure
        if not self.config.network.dual:
            return gate, torch.ones_like(sure)
        low, high = MASK_THRESHOLDS
        told = per_block(saliency)
        threshold = low + (high - low) * self._uniform(len(gate), 1, 1)
        own = self._uniform(len(gate), 1, 1) < self.config.own_mask
        return (
            torch.where(own, gate, (told > threshold.to(told.device)).to(gate.dtype)),
            torch.where(own, sure, told),
        )

    def reconstruction(self, sample: Sample) -> dict[str, Tensor]:
        """Losses (22) and (24) of crops that went through the channel, ``B`` each."""
        network = self.run.network.network
        image, count = sample.images, len(sample.images)
        found = network.transmitter.analyse(image)
        gate, sure = self._routes(found, sample.saliency)
        found = replace(found, gate=gate)
        snr = torch.tensor([self._of(self.config.snrs_db) for _ in range(count)])
        known = snr + KNOWN_SNR_JITTER_DB * torch.randn(count, generator=self.generator)
        blocks = gate[0].numel()
        symbols = [int(self._of(self.config.rates)) * blocks for _ in range(count)]
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
        if not self.config.semantic:
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

    def matching(self, sample: Sample) -> dict[str, Tensor]:
        """Loss (21) of whole images: of score map and mask, and of CLIP's map if there is one."""
        weights, learner = self.config.weights, self.run.network
        found = learner.network.transmitter.analyse(sample.images)
        score, told = found.score, per_block(sample.saliency)
        # What the mask says of its own certainty decides the split: it must be true.
        logits = found.routing.mask_logits
        routed = matching_loss(logits[..., 0] - logits[..., 1], told, weights.elsewhere)
        if self.clip is None:
            return {"matching": routed + matching_loss(score, told, weights.elsewhere)}
        seen = self.clip(sample.images, [prompt(name) for name in sample.classes])
        mapped = nn.functional.interpolate(
            learner.matching(seen)[:, None], size=score.shape[-2:], mode="bilinear"
        )[:, 0]
        aligned = matching_loss(mapped, told, weights.elsewhere)
        target = 0.5 * (told + torch.sigmoid(mapped.detach()))
        followed = matching_loss(score, target, weights.elsewhere)
        return {"matching": routed + aligned + followed}

    def loss(self, crops: Sample, wholes: Sample) -> Tensor:
        """The weighted sum (26)."""
        with self.run.precision():
            parts = self.reconstruction(crops)
            if self.config.semantic and self.config.network.importance:
                parts |= self.matching(wholes)
        return total_loss(parts, self.config.weights)


def codec_of(network: GenedNetwork) -> GenedCodec:
    """A codec with the weights of a network."""
    codec = GenedCodec(GenedCodecConfig("gened-run", network=network.config))
    codec.network.load_state_dict(network.state_dict())
    return codec


def validate(network: GenedNetwork, pairs: Sequence[MappedPhoto]) -> dict[str, float]:
    """Foreground PSNR over AWGN at two points, and the IoU of the mask, of photos held out."""
    points = list(evaluate_gened(codec_of(network), pairs, VALIDATION_POINTS))
    shown = {f"C{p.rate}@{p.snr_db:g}dB": p.foreground_psnr_db for p in points}
    return {**shown, "iou": points[0].mask_iou}


def train(config: GenedTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    Raises
    ------
    FileNotFoundError
        No photos, or no map for one.
    ValueError
        Unusable data, an unknown variant, or a checkpoint of another kind of run.
    WeightsError
        Weights to start from that cannot be used.
    UnavailableError
        CLIP or a feature network that is named but cannot be had.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    shape, known = trunk_of(config.start) if config.start else (config.model.trunk, None)
    config = config.with_trunk(shape)
    pairs, held_out = load_pairs(config)
    clip = ClipEncoder(load_clip(config.clip_model)) if config.clip_model else None
    features = feature_network(config.features) if config.semantic else None
    config.out.mkdir(parents=True, exist_ok=True)

    def make() -> Learner:
        return Learner(config.network, matching_for(clip) if clip is not None else None)

    run = TimedRun(config, make, config.described(), ("network.trunk.", config.trunk_share))
    if known is not None and not run.checkpoint.exists():
        run.network.network.trunk.load_state_dict(known)
        run.average.load_state_dict(run.network.state_dict())
    run.resume()
    trainer = Trainer(config, run, features, clip)
    sampler = SaliencySampler(pairs, config.seed + 7919 * run.step)

    def draw() -> tuple[Sample, Sample]:
        size = config.whole_size if sampler.random.random() < 0.5 else config.whole_size[::-1]
        crops = sampler.sample(config.batch, (config.side, config.side))
        return crops, sampler.sample(config.wholes, size, whole=True)

    batches = prefetch(draw)

    def advance() -> float:
        run.network.train()
        return run.descend(trainer.loss(*next(batches)))

    return run.go_on(advance, lambda: validate(run.average.network, held_out))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    base = GenedTrainConfig(out=Path(), images=Path(), maps=Path())
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.gened", description=__doc__
    )
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument("--maps", type=Path, required=True, help="folder of their maps (.png)")
    parser.add_argument("--prefixes", nargs="+", default=base.prefixes, help="of file names")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders without maps")
    parser.add_argument("--importance", default="", help="weights that make maps for these")
    parser.add_argument("--start", default=base.start, help="photo codec: name or folder, or ''")
    parser.add_argument("--variant", default=base.variant, choices=list(VARIANTS))
    parser.add_argument("--clip", dest="clip_model", default="", help="model of open_clip")
    parser.add_argument("--features", default=base.features, help="vgg19, none, auto, classifier")
    parser.add_argument("--snrs", dest="snrs_db", type=float, nargs="+", default=base.snrs_db)
    parser.add_argument("--rates", type=int, nargs="+", default=base.rates)
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=base.minutes)
    parser.add_argument("--learning-rate", type=float, default=base.learning_rate)
    parser.add_argument("--muon-rate", type=float, default=base.muon_rate)
    parser.add_argument("--trunk-share", type=float, default=base.trunk_share)
    parser.add_argument("--batch", type=int, default=base.batch)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--validate-every", dest="validate_every_minutes", type=float, default=5.0)
    parser.add_argument("--threads", type=int, default=base.threads)
    parser.add_argument("--bfloat16", action="store_true", help="networks in bfloat16")
    parser.add_argument("--seed", type=int, default=base.seed)
    options = vars(parser.parse_args(arguments))
    lists = {key: tuple(options[key]) for key in ("prefixes", "photos", "snrs_db", "rates")}
    train(replace(base, **{**options, **lists}))


if __name__ == "__main__":
    main()
