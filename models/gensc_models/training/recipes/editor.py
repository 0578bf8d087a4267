"""Trainer of an editor: a refiner that learns to look right, not to be near on average.

``python -m gensc_models.training.recipes.editor --data DIR... --out DIR`` starts from a trained
refiner and goes on with three losses on images of the dual-branch codec: the distance to the
original, that of the classifier's features, and what a critic of patches complains of. The critic's
share follows the others': its gradient with respect to the image is scaled to a part of theirs. The
filter that the refiner was given in closed form stays as it is.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gensc_models.codecs.gened.codec import load_gened
from gensc_models.data.photos import CropSampler, Photo, load_split
from gensc_models.metrics.brisque import brisque
from gensc_models.metrics.fidelity import psnr
from gensc_models.metrics.patch_distance import PatchDistance
from gensc_models.restore.refiner import Refiner, RefinerConfig, load_refiner
from gensc_models.restore.refiner.critic import PatchCritic
from gensc_models.restore.refiner.network import RefinerNetwork
from gensc_models.restore.refiner.pairs import LinkRange, PairPool, Pairs
from gensc_models.semantics.importance.classifier import DEFAULT as CLASSIFIER
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.training.gened_pairs import GenedPairMaker
from gensc_models.training.timed_run import RunSettings, TimedRun, add_run_options

PREFIX = "network."
# Share of the correction on the foreground. All of it costs 1.3 dB there, this 0.2 dB, and BRISQUE
# and Frechet distance keep most of their gain (ten photos, CBR 1/24, 1 to 10 dB).
ANCHORED = 0.35


@dataclass(frozen=True, kw_only=True)
class EditorTrainConfig(RunSettings):
    """What one training run needs to know.

    ``data`` are folders of photos. Pictures of ``size`` pixels go through ``codec`` and are cut
    into tiles of ``tile``; the pool holds up to ``pool`` tiles, ``start`` of them before training,
    and every ``refresh_steps`` steps a picture is sent anew. ``feature_weight`` is of the features'
    distance, ``critic_share`` the size of the critic's gradient relative to the other losses'.
    """

    data: tuple[Path, ...]
    exclude_prefix: tuple[str, ...] = ()
    codec: str = "gened-photo"
    refiner: str = "refiner-photo"
    classifier: str = CLASSIFIER
    rates: tuple[int, ...] = (8, 16, 24, 32, 48, 64)
    size: int = 192
    tile: int = 96
    batch: int = 8
    pool: int = 4000
    start: int = 1600
    refresh_steps: int = 4
    feature_weight: float = 0.2
    critic_share: float = 0.25
    refiner_share: float = 0.15
    learning_rate: float = 5e-4
    muon_rate: float = 1e-3
    warmup_steps: int = 200
    clip: float = 10.0
    held_out: int = 12


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


class EditorTrainer:
    """One step on tiles from the pool."""

    def __init__(
        self, config: EditorTrainConfig, run: TimedRun[Learner], classifier: Classifier
    ) -> None:
        self.config, self.run, self.classifier = config, run, classifier
        self.noise = torch.Generator().manual_seed(config.seed + run.step)

    def _features(self, images: Tensor) -> list[Tensor]:
        return [level.float() for level in self.classifier.features(images).levels[:2]]

    def _rebuild(self, refined: Tensor, original: Tensor) -> Tensor:
        """Distance of image and features, in absolute values."""
        loss = (refined - original).abs().mean()
        with torch.no_grad():
            wanted = self._features(original)
        for shown, right in zip(self._features(refined), wanted, strict=True):
            scale = right.abs().mean().clamp_min(1e-6)
            loss = loss + self.config.feature_weight * (shown - right).abs().mean() / scale
        return loss

    def loss(self, pairs: Pairs) -> Tensor:
        """Of refiner and critic; its gradient is all there is to it, for the refiner's part."""
        network, critic = self.run.network.network, self.run.network.critic
        decoded, original = (x.float() / 255.0 for x in pairs[:2])
        size = network.config.prior_size
        noise = torch.randn(len(decoded), size, generator=self.noise)
        with self.run.precision():
            refined = network(decoded, pairs.snr_db, noise).float()
            shown = refined.clamp(-0.1, 1.1)
            near = self._rebuild(shown, original)
            complaint = critic.complaint(shown, decoded)
            (towards,) = torch.autograd.grad(near, refined, retain_graph=True)
            (outwards,) = torch.autograd.grad(complaint, refined, retain_graph=True)
            scale = self.config.critic_share * towards.norm() / outwards.norm().clamp_min(1e-12)
            step = towards + scale * outwards
            return (refined * step).sum() + critic.loss(shown, original, decoded)


def mean_brisque(images: Sequence[Photo]) -> float:
    """Over those images that BRISQUE has a value for; some crops are too flat."""
    values = []
    for image in images:
        with suppress(ValueError):
            values.append(brisque(image))
    return float(np.mean(values)) if values else math.nan


def validate(network: RefinerNetwork, pairs: Pairs, classifier: Classifier) -> dict[str, float]:
    """PSNR, BRISQUE and the features' Frechet distance, decoded and edited, of tiles held out."""
    refiner = Refiner("run", network.config)
    refiner.network.load_state_dict(network.state_dict())
    decoded, original = ([x.permute(1, 2, 0).numpy() for x in part] for part in pairs[:2])
    edited = [
        refiner.refine(np.ascontiguousarray(image), snr_db)
        for image, snr_db in zip(decoded, pairs.snr_db.tolist(), strict=True)
    ]
    distance = PatchDistance(classifier)
    shown = {"decoded": decoded, "edited": edited}
    found = {
        f"psnr_{name}": np.mean([psnr(a, b) for a, b in zip(original, images, strict=True)])
        for name, images in shown.items()
    }
    found |= {f"brisque_{name}": mean_brisque(images) for name, images in shown.items()}
    found |= {f"frechet_{name}": distance(original, images) for name, images in shown.items()}
    return {name: round(float(value), 3) for name, value in found.items()}


def pairs_of(config: EditorTrainConfig, photos: Any, tile: int, seed: int) -> GenedPairMaker:
    """The maker of pairs over some photos."""
    links = LinkRange(rates=config.rates)
    sampler = CropSampler(photos, seed)
    return GenedPairMaker(load_gened(config.codec), sampler, links, config.size, tile, seed)


def train(config: EditorTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    Raises
    ------
    FileNotFoundError
        A folder does not exist or holds no photo.
    ValueError
        Too few photos, or a checkpoint of another kind of run.
    WeightsError
        Codec, refiner or classifier cannot be loaded.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    start = load_refiner(config.refiner)
    model = whole_correction(start.config)
    classifier = Classifier.from_pretrained(config.classifier).eval().requires_grad_(False)
    photos, held_out = load_split(config.data, config.exclude_prefix, config.held_out, config.size)
    config.out.mkdir(parents=True, exist_ok=True)
    described = {"network": model.as_json()}
    run = TimedRun(config, lambda: Learner(model), described, (PREFIX, config.refiner_share))
    if not run.checkpoint.exists():
        for learner in (run.network, run.average):
            learner.network.load_state_dict(start.network.state_dict())
    run.resume()
    pool = PairPool(
        pairs_of(config, photos, config.tile, config.seed + 7919 * run.step),
        config.pool,
        config.seed + run.step,
    )
    pool.fill(config.start)
    check = pairs_of(config, held_out, config.size, 100).make(2 * len(held_out))
    trainer = EditorTrainer(config, run, classifier)

    def advance() -> float:
        run.network.train()
        if run.step % config.refresh_steps == 0:
            pool.refresh(1)
        return run.descend(trainer.loss(pool.sample(config.batch)))

    return run.go_on(advance, lambda: validate(run.average.network, check, classifier))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    base = EditorTrainConfig(out=Path(), data=())
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.editor", description=__doc__
    )
    add_run_options(parser, base)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="of file names")
    parser.add_argument("--codec", default=base.codec)
    parser.add_argument("--refiner", default=base.refiner, help="weights to start from")
    parser.add_argument("--feature-weight", type=float, default=base.feature_weight)
    parser.add_argument("--critic-share", type=float, default=base.critic_share)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--validate-every", dest="validate_every_minutes", type=float, default=5.0)
    options = vars(parser.parse_args(arguments))
    for name in ("data", "exclude_prefix"):
        options[name] = tuple(options[name])
    train(replace(base, **options))


if __name__ == "__main__":
    main()
