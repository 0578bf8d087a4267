"""Trainer of the learned importance: ``python -m gensc_models.training.recipes.importance --data
DIR ...``.

Starts from the classifier's backbone, which has seen a hundred times as many images as there are
photos with maps, and learns what remains from these for a given number of minutes. Photos are
mirrored, cropped, scaled and changed in colour, differently every time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.photos import photo_files, prefetch
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.semantics.importance.maps import MappedPhoto, with_maps
from gensc_models.semantics.importance.pixels import scaled
from gensc_models.semantics.importance.saliency import SaliencyConfig, SaliencyNetwork
from gensc_models.training.timed_run import RunSettings, TimedRun, add_run_options

SHRINK = 4
"""Pixels of the network's input per side of an element of its map."""


@dataclass(frozen=True, kw_only=True)
class ImportanceTrainConfig(RunSettings):
    """What one training run needs to know.

    ``data`` are folders of photos, of which those whose names begin with one of ``exclude_prefix``
    are left out and every ``held_out``-th is kept for validation; ``maps`` is the folder of their
    maps. ``start`` names the classifier whose backbone it starts from ("": none), which
    then learns at ``backbone_share`` of the learning rates. ``smallest_crop`` is the least share
    of a side that is shown.
    """

    data: tuple[Path, ...]
    maps: Path
    exclude_prefix: tuple[str, ...] = ()
    start: str = ""
    model: SaliencyConfig = field(default_factory=SaliencyConfig)
    backbone_share: float = 0.15
    held_out: int = 10
    smallest_crop: float = 0.75
    minutes: float = 10.0
    batch: int = 16
    muon_rate: float = 3e-3
    ema: float = 0.99
    clip: float = 1.0
    warmup_steps: int = 40
    validate_every_minutes: float = 1.0


class MappedSampler:
    """Random crops of photos with their maps, brought to one size and mirrored or not."""

    def __init__(self, pairs: Sequence[MappedPhoto], config: ImportanceTrainConfig) -> None:
        self.pairs = pairs
        self.config = config
        self.random = np.random.default_rng(config.seed)

    def crop(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """A photo ``height x width x 3`` and its map at a quarter of that, both uint8."""
        pair = self.pairs[self.random.integers(len(self.pairs))]
        share = self.random.uniform(self.config.smallest_crop, 1.0, 2)
        high, wide = (max(1, round(n * s)) for n, s in zip(pair.map.shape, share, strict=True))
        top = int(self.random.integers(pair.map.shape[0] - high + 1))
        left = int(self.random.integers(pair.map.shape[1] - wide + 1))
        area = (left, top, left + wide, top + high)
        photo = Image.fromarray(pair.photo).resize((width, height), Image.Resampling.BICUBIC, area)
        size = (width // SHRINK, height // SHRINK)
        target = Image.fromarray(pair.map).resize(size, Image.Resampling.BOX, area)
        both = np.asarray(photo), np.asarray(target)
        if self.random.random() < 0.5:
            both = both[0][:, ::-1], both[1][:, ::-1]
        return both

    def batch(self) -> tuple[Tensor, Tensor]:
        """Photos ``B x 3 x H x W`` and maps ``B x H/4 x W/4`` in [0, 1]; upright or lying."""
        side = self.config.model.side
        size = (side, side * 2 // 3) if self.random.random() < 0.5 else (side * 2 // 3, side)
        size = tuple(n // 16 * 16 for n in size)
        crops = [self.crop(*size) for _ in range(self.config.batch)]
        photos = torch.from_numpy(np.stack([c[0] for c in crops])).permute(0, 3, 1, 2).float()
        maps = torch.from_numpy(np.stack([c[1] for c in crops])).float()
        return self._other_light(photos / 255.0), maps / 255.0

    def _other_light(self, photos: Tensor) -> Tensor:
        """Other exposure, contrast and balance of colours for each; some lose their colours."""
        count = len(photos)
        gain = torch.from_numpy(self.random.uniform(0.8, 1.25, (count, 3, 1, 1))).float()
        gamma = torch.from_numpy(self.random.uniform(0.75, 1.33, (count, 1, 1, 1))).float()
        grey = torch.from_numpy(self.random.random((count, 1, 1, 1)) < 0.15)
        photos = torch.where(grey, photos.mean(dim=1, keepdim=True), photos)
        return (photos * gain).clamp(0.0, 1.0) ** gamma


def saliency_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy with the soft map, and one minus the soft intersection over union.

    The first makes probabilities, the second weighs small objects like large ones.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    found = torch.sigmoid(logits)
    shared = (found * target).sum(dim=(1, 2))
    union = (found + target).sum(dim=(1, 2)) - shared
    return entropy + (1.0 - (shared + 1.0) / (union + 1.0)).mean()


@torch.inference_mode()
def mean_error(network: SaliencyNetwork, pairs: Sequence[MappedPhoto]) -> float:
    """Mean absolute error of the maps at a quarter of the network's resolution."""
    device = next(network.parameters()).device
    total = 0.0
    for pair in pairs:
        found = torch.sigmoid(network(scaled(pair.photo, network.config.side).to(device)))[0].cpu()
        size = (found.shape[1], found.shape[0])
        target = np.asarray(Image.fromarray(pair.map).resize(size, Image.Resampling.BOX)) / 255.0
        total += float(np.abs(found.numpy() - target).mean())
    return total / len(pairs)


def train(config: ImportanceTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    The log's validation is the mean absolute error on the photos held out.

    Raises
    ------
    FileNotFoundError
        No photos, or no map for one.
    ValueError
        A map of another size than its photo, or a classifier with another backbone.
    WeightsError
        No such classifier.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    classifier = Classifier.from_pretrained(config.start) if config.start else None
    pairs = with_maps(photo_files(config.data, config.exclude_prefix), config.maps)
    held_out = pairs[:: config.held_out]
    others = [pair for n, pair in enumerate(pairs) if n % config.held_out]
    if not others:
        raise ValueError(f"{config.data[0]}: {len(pairs)} photos are too few to train on")
    config.out.mkdir(parents=True, exist_ok=True)
    run = TimedRun(
        config, lambda: SaliencyNetwork(config.model), asdict(config.model),
        ("backbone.", config.backbone_share if config.start else 1.0),
    )  # fmt: skip
    if classifier is not None and not run.checkpoint.exists():
        _start_from(run, classifier)
    run.resume()
    sampler = MappedSampler(others, replace(config, seed=config.seed + 7919 * run.step))
    batches = prefetch(sampler.batch)

    def advance() -> float:
        run.network.train()
        if config.start:
            # The statistics of 38 000 images are better than those of 16 photos.
            run.network.backbone.eval()
        photos, maps = next(batches)
        photos = photos.to(config.device).contiguous(memory_format=torch.channels_last)
        with run.precision():
            logits = run.network(photos).float()
        return run.descend(saliency_loss(logits, maps.to(config.device)))

    return run.go_on(advance, lambda: {"mae": round(mean_error(run.average, held_out), 4)})


def _start_from(run: TimedRun[SaliencyNetwork], classifier: Classifier) -> None:
    tensors = {k: v for k, v in classifier.state_dict().items() if not k.startswith("linear.")}
    try:
        run.network.backbone.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(f"{classifier.name}: another backbone than is asked for") from error
    run.average.load_state_dict(run.network.state_dict())


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    config = ImportanceTrainConfig(out=Path(), data=(), maps=Path())
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.importance", description=__doc__
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--maps", type=Path, required=True, help="folder of their maps (.png)")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--start", default="", help="classifier: name or folder of weights")
    add_run_options(parser, config)
    parser.add_argument("--backbone-share", type=float, default=config.backbone_share)
    options = vars(parser.parse_args(arguments))
    lists = {key: tuple(options[key]) for key in ("data", "exclude_prefix")}
    train(replace(config, **{**options, **lists}))


if __name__ == "__main__":
    main()
