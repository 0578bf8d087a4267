"""The learned importance: which parts of a photo people see as its objects.

Starts from the classifier's backbone, which has seen a hundred times as many images as there are
photos with maps. Photos are mirrored, cropped, scaled and changed in colour, differently each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.data.photos import photo_files
from gensc_models.metrics.importance import evaluate
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.semantics.importance.maps import MappedPhoto, with_maps
from gensc_models.semantics.importance.pixels import scaled
from gensc_models.semantics.importance.saliency import SaliencyConfig, SaliencyNetwork
from gensc_models.semantics.importance.sources import LearnedImportance
from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe

SHRINK = 4
"""Pixels of the network's input per side of an element of its map."""
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class ImportanceOptions(Options):
    """What a run of the importance network can be told."""

    maps: Path | None = option(None, "folder of maps named like the photos (.png); needed")
    start: str = option("", "classifier whose backbone it starts from: name or folder of weights")
    backbone_share: float = option(0.15, "with start: the backbone's share of the learning rates")
    network: SaliencyConfig = option(SaliencyConfig(), "sizes")
    held_out: int = option(10, "every so many-th photo is kept for validation")
    smallest_crop: float = option(0.75, "least share of a side that is shown")
    minutes: float = 10.0
    batch: int = 16
    muon_rate: float = 3e-3
    decay: float = 0.1
    ema: float = 0.99
    clip: float = 1.0
    warmup_steps: int = 40
    validate_every: float = 1.0


class ImportanceRecipe(Recipe[SaliencyNetwork, Batch, ImportanceOptions]):
    """Cross-entropy and soft intersection over union."""

    name = "importance"
    summary = "importance of the parts of a photo, from photos with maps (--set maps=DIR)"
    usage = "gensc adapt PHOTOS --importance learned:{}"
    OPTIONS = ImportanceOptions

    def __init__(self, settings: RunSettings, options: ImportanceOptions) -> None:
        super().__init__(settings, options)
        if options.maps is None:
            raise ValueError(
                "importance needs --set maps=DIR, a folder of maps named like the photos"
            )
        self.classifier = Classifier.from_pretrained(options.start) if options.start else None
        pairs = with_maps(photo_files(settings.data, settings.exclude_prefix), options.maps)
        self.held_out = pairs[:: options.held_out]
        self.pairs = [pair for n, pair in enumerate(pairs) if n % options.held_out]
        if not self.pairs:
            raise ValueError(f"{settings.data[0]}: {len(pairs)} photos are too few to train on")

    def model(self) -> SaliencyNetwork:
        return SaliencyNetwork(self.options.network)

    def described(self) -> dict[str, Any]:
        return asdict(self.options.network)

    def begin(self, network: SaliencyNetwork) -> None:
        if self.classifier is None:
            return
        stored = self.classifier.state_dict()
        tensors = {k: v for k, v in stored.items() if not k.startswith("linear.")}
        try:
            network.backbone.load_state_dict(tensors)
        except RuntimeError as error:
            raise ValueError(
                f"{self.classifier.name}: another backbone than is asked for"
            ) from error

    def groups(self, learner: nn.Module) -> list[Group]:
        o = self.options
        slower = ("backbone.", o.backbone_share if o.start else 1.0)
        return kernels_and_others(learner, o.muon_rate, o.learning_rate, o.decay, slower)

    def sampler(self, seed: int) -> Callable[[], Batch]:
        o = self.options
        return MappedSampler(self.pairs, o.network.side, o.smallest_crop, o.batch, seed).batch

    def loss(self, network: SaliencyNetwork, batch: Batch, progress: float) -> dict[str, Tensor]:
        if self.classifier is not None:
            # The statistics of tens of thousands of images are better than those of one batch.
            network.backbone.eval()
        photos, maps = batch
        return saliency_losses(network(photos).float(), maps)

    def validate(self, network: SaliencyNetwork) -> Figures:
        return {"mean absolute error": {"coarse": round(mean_error(network, self.held_out), 4)}}

    def measure(self, network: SaliencyNetwork, last: Figures) -> Figures:
        if not any((pair.map >= 128).any() for pair in self.held_out):
            return last
        found = asdict(evaluate(LearnedImportance(network), self.held_out))
        return {key: {"held out": found[key]} for key in ("f_measure", "iou", "mae", "images")}

    def product(self, network: SaliencyNetwork, name: str) -> SaliencyNetwork:
        network.name = name
        return network


class MappedSampler:
    """Random crops of photos with their maps, brought to one size and mirrored or not."""

    def __init__(
        self, pairs: Sequence[MappedPhoto], side: int, smallest: float, count: int, seed: int
    ) -> None:
        self.pairs, self.side, self.smallest, self.count = pairs, side, smallest, count
        self.random = np.random.default_rng(seed)

    def crop(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """A photo ``height x width x 3`` and its map at a quarter of that, both uint8."""
        pair = self.pairs[self.random.integers(len(self.pairs))]
        share = self.random.uniform(self.smallest, 1.0, 2)
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

    def batch(self) -> Batch:
        """Photos ``B x 3 x H x W`` and maps ``B x H/4 x W/4`` in [0, 1]; upright or lying."""
        long, short = self.side // 16 * 16, self.side * 2 // 3 // 16 * 16
        size = (long, short) if self.random.random() < 0.5 else (short, long)
        crops = [self.crop(*size) for _ in range(self.count)]
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


def saliency_losses(logits: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Cross-entropy with the soft map, and one minus the soft intersection over union.

    The first makes probabilities, the second weighs small objects like large ones.
    """
    found = torch.sigmoid(logits)
    shared = (found * target).sum(dim=(1, 2))
    union = (found + target).sum(dim=(1, 2)) - shared
    return {
        "entropy": F.binary_cross_entropy_with_logits(logits, target),
        "overlap": (1.0 - (shared + 1.0) / (union + 1.0)).mean(),
    }


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
