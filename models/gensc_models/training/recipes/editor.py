"""An editor: a refiner that learns to look right, not to be near on average.

Starts from a trained refiner and goes on with three losses on images of the dual-branch codec: the
distance to the original, that of the classifier's features, and what a critic of patches complains
of. The critic's share follows the others': its gradient with respect to the image is scaled to a
part of theirs. The filter that the refiner was given in closed form stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gensc_models.codecs.gened.codec import load_gened
from gensc_models.data.photos import CropSampler, Photo, load_split
from gensc_models.metrics.brisque import brisque
from gensc_models.metrics.fidelity import psnr
from gensc_models.metrics.patch_distance import PatchDistance
from gensc_models.metrics.st_lpips import load_st_lpips
from gensc_models.restore.refiner import Refiner, RefinerConfig, load_refiner
from gensc_models.restore.refiner.critic import PatchCritic
from gensc_models.restore.refiner.gened_pairs import GenedPairMaker
from gensc_models.restore.refiner.network import RefinerNetwork
from gensc_models.restore.refiner.pairs import LinkRange, PairPool, Pairs
from gensc_models.semantics.importance.classifier import DEFAULT as CLASSIFIER
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe
from gensc_models.weights.store import WeightsError

PREFIX = "network."
# Share of the correction on the foreground. All of it costs 1.3 dB there, this 0.2 dB, and BRISQUE
# and Frechet distance keep most of their gain (ten photos, CBR 1/24, 1 to 10 dB).
ANCHORED = 0.35


@dataclass(frozen=True, kw_only=True)
class EditorOptions(Options):
    """What a run of the editor can be told."""

    codec: str = option("gened-photo", "dual-branch codec whose images it learns on")
    refiner: str = option("refiner-photo", "weights that it starts from")
    classifier: str = option(CLASSIFIER, "weights of the network of features")
    rates: tuple[int, ...] = option((8, 16, 24, 32, 48, 64), "symbols per block")
    picture: int = option(192, "pixels a side that are coded at once")
    tile: int = option(96, "pixels a side that the network sees")
    pool: int = option(4000, "tiles that are held")
    start: int = option(1600, "tiles before training")
    refresh_steps: int = option(4, "until a picture is sent anew")
    feature_weight: float = option(0.2, "of the features' distance")
    st_lpips_weight: float = option(0.0, "of ST-LPIPS (extra pretrained); 0 does without it")
    critic_share: float = option(0.25, "size of the critic's gradient, of the other losses'")
    refiner_share: float = option(0.15, "learning rate of the refiner, of the critic's")
    held_out: int = option(12, "photos, for validation")
    batch: int = 8
    learning_rate: float = 5e-4
    muon_rate: float = 1e-3
    decay: float = 0.1
    warmup_steps: int = 200
    clip: float = 10.0


class Learner(nn.Module):
    """The refiner's network and its critic."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.network = RefinerNetwork(config)
        if self.network.restoration.solved is not None:
            self.network.restoration.solved.requires_grad_(False)
        self.critic = PatchCritic()


def whole_correction(config: RefinerConfig) -> RefinerConfig:
    """The same network with all of its correction applied, but on the foreground."""
    ones = tuple(1.0 for _ in config.applied)
    return replace(config, applied=ones, calibration=ones, anchored=ANCHORED)


class EditorRecipe(Recipe[Learner, Pairs, EditorOptions]):
    """Distance of image and features, and a critic."""

    name = "editor"
    summary = "editor behind the dual-branch codec, from folders of photos"
    usage = "gensc demo --model gened-photo --edit {}"
    OPTIONS = EditorOptions

    def __init__(self, settings: RunSettings, options: EditorOptions) -> None:
        super().__init__(settings, options)
        if options.refiner in ("", "none"):
            raise WeightsError("refiner=none: an editor starts from a refiner")
        self.refiner = load_refiner(options.refiner)
        self.config = whole_correction(self.refiner.config)
        classifier = Classifier.from_pretrained(options.classifier)
        self.classifier = classifier.eval().requires_grad_(False)
        self.perceptual = load_st_lpips() if options.st_lpips_weight else None
        self.codec = load_gened(options.codec)
        prefixes = settings.exclude_prefix
        self.photos, held_out = load_split(
            settings.data, prefixes, options.held_out, options.picture
        )
        self.check = self._maker(held_out, options.picture, 100).make(2 * len(held_out))

    def _maker(self, photos: Sequence[Photo], tile: int, seed: int) -> GenedPairMaker:
        o = self.options
        links, crops = LinkRange(rates=o.rates), CropSampler(photos, seed)
        return GenedPairMaker(self.codec, crops, links, o.picture, tile, seed)

    def model(self) -> Learner:
        return Learner(self.config)

    def described(self) -> dict[str, Any]:
        return {"network": self.config.as_json()}

    def begin(self, network: Learner) -> None:
        network.network.load_state_dict(self.refiner.network.state_dict())

    def groups(self, learner: nn.Module) -> list[Group]:
        o = self.options
        slower = (PREFIX, o.refiner_share)
        return kernels_and_others(learner, o.muon_rate, o.learning_rate, o.decay, slower)

    def sampler(self, seed: int) -> Callable[[], Pairs]:
        o = self.options
        self.noise = torch.Generator().manual_seed(seed)
        pool = PairPool(self._maker(self.photos, o.tile, seed), o.pool, seed)
        pool.fill(o.start)
        return pool.refreshed(o.batch, o.refresh_steps, 1)

    def _features(self, images: Tensor) -> list[Tensor]:
        levels = self.classifier.to(images.device).features(images).levels
        return [level.float() for level in levels[:2]]

    def _rebuild(self, refined: Tensor, original: Tensor) -> Tensor:
        """Distance of image and features, in absolute values."""
        loss = (refined - original).abs().mean()
        with torch.no_grad():
            wanted = self._features(original)
        for shown, right in zip(self._features(refined), wanted, strict=True):
            scale = right.abs().mean().clamp_min(1e-6)
            loss = loss + self.options.feature_weight * (shown - right).abs().mean() / scale
        if self.perceptual is not None:
            far = self.perceptual.to(refined.device)(refined.clamp(0.0, 1.0), original).mean()
            loss = loss + self.options.st_lpips_weight * far
        return loss

    def loss(self, network: Learner, batch: Pairs, progress: float) -> dict[str, Tensor]:
        decoded, original = (x.float() / 255.0 for x in (batch.decoded, batch.original))
        noise = torch.randn(len(decoded), self.config.prior_size, generator=self.noise)
        refined = network.network(decoded, batch.snr_db, noise.to(decoded.device)).float()
        shown = refined.clamp(-0.1, 1.1)
        near = self._rebuild(shown, original)
        complaint = network.critic.complaint(shown, decoded)
        (towards,) = torch.autograd.grad(near, refined, retain_graph=True)
        (outwards,) = torch.autograd.grad(complaint, refined, retain_graph=True)
        scale = self.options.critic_share * towards.norm() / outwards.norm().clamp_min(1e-12)
        # Its gradient is all there is to the refiner's term.
        return {
            "refiner": (refined * (towards + scale * outwards)).sum(),
            "critic": network.critic.loss(shown, original, decoded),
        }

    def validate(self, network: Learner) -> Figures:
        refiner = self.product(network, "run")
        decoded, original = (
            [x.permute(1, 2, 0).numpy() for x in part]
            for part in (self.check.decoded, self.check.original)
        )
        edited = [
            refiner.refine(np.ascontiguousarray(image), snr_db)
            for image, snr_db in zip(decoded, self.check.snr_db.tolist(), strict=True)
        ]
        distance = PatchDistance(self.classifier.to("cpu"))
        shown: dict[str, list[Photo]] = {"decoded": decoded, "edited": edited}
        found: dict[str, dict[str, float]] = {
            "PSNR (dB)": {},
            "BRISQUE": {},
            "Frechet distance": {},
        }
        for name, images in shown.items():
            each = [psnr(a, b) for a, b in zip(original, images, strict=True)]
            values = (float(np.mean(each)), mean_brisque(images), distance(original, images))
            for quantity, value in zip(found, values, strict=True):
                found[quantity][name] = round(value, 3)
        return found

    def product(self, network: Learner, name: str) -> Refiner:
        refiner = Refiner(name, self.config)
        refiner.network.load_state_dict(network.network.state_dict())
        return refiner


def mean_brisque(images: Sequence[Photo]) -> float:
    """Over those images that BRISQUE has a value for; some crops are too flat."""
    values = []
    for image in images:
        with suppress(ValueError):
            values.append(brisque(image))
    return float(np.mean(values)) if values else math.nan
