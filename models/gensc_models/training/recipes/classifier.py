"""The classifier of class activation maps, from a pack of small JPEG files.

The images grow as the time passes: small ones are four times as many in a minute, and the last
minutes belong to the full size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.jpeg_pack import JpegPack, read_boxes, read_pack
from gensc_models.metrics.accuracy import accuracy
from gensc_models.metrics.pointing import pointing
from gensc_models.semantics.importance.classifier import Classifier, ClassifierConfig
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe

Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class ClassifierOptions(Options):
    """What a run of the classifier can be told."""

    validation: Path | None = option(None, "pack of the same classes, for accuracy as it learns")
    stem: int = option(32, "channels at half the resolution")
    widths: tuple[int, ...] = option((64, 256), "channels at a quarter, an eighth")
    blocks: tuple[int, ...] = option((1, 2), "residual blocks there")
    sizes: tuple[tuple[float, int], ...] = option(
        ((0.0, 32), (0.6, 48), (0.9, 64)),
        "share of the time, and side of the pictures from then on",
    )
    smallest_crop: float = option(0.35, "least share of the area that a crop shows")
    smoothing: float = option(0.1, "of the labels")
    batch: int = 128
    minutes: float = 30.0
    decay: float = 0.1
    validate_every: float = 3.0


class ClassifierRecipe(Recipe[Classifier, Batch, ClassifierOptions]):
    """Cross-entropy with smoothed labels on random crops."""

    name = "classifier"
    summary = "classifier of a pack of small JPEG files (.npz), for class activation maps"
    usage = "gensc train importance --data PHOTOS --set maps=MAPS --set start={} --out DIR"
    OPTIONS = ClassifierOptions

    def __init__(self, settings: RunSettings, options: ClassifierOptions) -> None:
        super().__init__(settings, options)
        if len(settings.data) != 1 or not settings.data[0].is_file():
            raise ValueError(
                f"{settings.data[0]}: a classifier takes one pack of JPEG files (.npz)"
            )
        if settings.exclude_prefix:
            raise ValueError("--exclude-prefix is for photos, not for a pack")
        (path,) = settings.data
        self.pack = read_pack(path)
        if not self.pack.classes:
            raise ValueError(f"{path}: does not name its classes")
        if len(self.pack.images) < options.batch:
            raise ValueError(
                f"{path}: {len(self.pack.images)} images are less than one batch of {options.batch}"
            )
        self.held_out = read_pack(options.validation) if options.validation else None
        self.boxes = read_boxes(options.validation) if options.validation else None
        if self.held_out is not None and self.held_out.classes != self.pack.classes:
            raise ValueError(f"{options.validation}: of other classes than {path}")
        self.config = ClassifierConfig(
            self.pack.classes, options.stem, options.widths, options.blocks
        )

    def model(self) -> Classifier:
        return Classifier(self.config)

    def described(self) -> dict[str, Any]:
        return asdict(self.config)

    def sampler(self, seed: int) -> Callable[[], Batch]:
        generator = torch.Generator().manual_seed(seed)
        source = batches(self.pack, self.options.batch, generator)
        return lambda: (*next(source), torch.rand(5, self.options.batch, generator=generator))

    def size(self, progress: float) -> int:
        """Side of the pictures when ``progress`` of the time has passed."""
        return [side for start, side in self.options.sizes if start <= progress][-1]

    def loss(self, network: Classifier, batch: Batch, progress: float) -> dict[str, Tensor]:
        images, labels, chance = batch
        pictures = images.permute(0, 3, 1, 2).float() / 255.0
        crops = random_crops(pictures, self.size(progress), self.options.smallest_crop, chance)
        scores = network(crops.contiguous(memory_format=torch.channels_last)).float()
        smoothing = self.options.smoothing
        return {"entropy": F.cross_entropy(scores, labels, label_smoothing=smoothing)}

    def validate(self, network: Classifier) -> Figures:
        if self.held_out is None:
            return {}
        return {"accuracy": accuracy(network, self.held_out)}

    def measure(self, network: Classifier, last: Figures) -> Figures:
        if self.held_out is None or self.boxes is None:
            return last
        game = pointing(network, self.held_out, self.boxes)
        return {**last, "largest value in the object's box": asdict(game)}

    def product(self, network: Classifier, name: str) -> Classifier:
        network.name = name
        return network


def batches(
    pack: JpegPack, count: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of images uint8 ``count x H x W x 3`` and labels; reshuffled each epoch."""
    images, labels = torch.from_numpy(pack.images), torch.from_numpy(pack.labels)
    while True:
        order = torch.randperm(len(images), generator=generator)
        for part in order[: len(order) // count * count].split(count):
            yield images[part], labels[part]


def random_crops(images: Tensor, size: int, smallest: float, chance: Tensor) -> Tensor:
    """Random parts of ``B x 3 x H x W``, brought to ``size x size``; half of them mirrored.

    Their area is ``smallest`` to 1 of the image's, their sides 3:4 to 4:3 (Szegedy et al.,
    "Going deeper with convolutions", CVPR 2015). ``chance`` is ``5 x B``, even in [0, 1).
    """
    count = len(images)
    area, aspect, x, y, mirror = chance
    side = (smallest + (1.0 - smallest) * area).sqrt()
    stretch = (4.0 / 3.0) ** (aspect - 0.5)
    wide, high = (side * stretch).clamp(max=1.0), (side / stretch).clamp(max=1.0)
    theta = torch.zeros(count, 2, 3, device=images.device)
    theta[:, 0, 0] = wide * torch.where(mirror < 0.5, -1.0, 1.0)
    theta[:, 1, 1] = high
    theta[:, 0, 2] = (1.0 - wide) * (2.0 * x - 1.0)
    theta[:, 1, 2] = (1.0 - high) * (2.0 * y - 1.0)
    with torch.autocast(images.device.type, enabled=False):
        grid = F.affine_grid(theta, [count, 3, size, size], align_corners=False)
        return F.grid_sample(images, grid, align_corners=False, padding_mode="reflection")
