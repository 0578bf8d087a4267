"""Trainer of the classifier: ``python -m gensc_models.training.recipes.classifier --data PACK --out
DIR``.

Trains for a given number of minutes on a pack of small JPEG files (the learning rate follows the
clock), resumes from its checkpoint, logs JSON lines and keeps an exponential moving average of
the weights, which is what gets exported (:mod:`gensc_models.training.export.importance`). The
images grow as the time passes: small ones are four times as many in a minute, and the last minutes
belong to the full size.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.data.jpeg_pack import JpegPack, read_pack
from gensc_models.metrics.accuracy import accuracy
from gensc_models.semantics.importance.classifier import Classifier, ClassifierConfig
from gensc_models.training.timed_run import RunSettings, TimedRun, add_run_options


@dataclass(frozen=True, kw_only=True)
class ClassifierTrainConfig(RunSettings):
    """What one training run needs to know.

    ``sizes`` are pairs of the share of the time and the side of the pictures from then on;
    ``smallest_crop`` is the least share of the area that a crop shows.
    """

    data: Path
    validation: Path | None = None
    stem: int = 32
    widths: tuple[int, ...] = (64, 256)
    blocks: tuple[int, ...] = (1, 2)
    sizes: tuple[tuple[float, int], ...] = ((0.0, 32), (0.6, 48), (0.9, 64))
    smallest_crop: float = 0.35
    smoothing: float = 0.1

    def size(self, progress: float) -> int:
        """Side of the pictures when ``progress`` of the time has passed."""
        return [side for start, side in self.sizes if start <= progress][-1]


def random_crops(images: Tensor, size: int, smallest: float, generator: torch.Generator) -> Tensor:
    """Random parts of ``B x 3 x H x W``, brought to ``size x size``; half of them mirrored.

    Their area is ``smallest`` to 1 of the image's, their sides 3:4 to 4:3 (Szegedy et al.,
    "Going deeper with convolutions", CVPR 2015).
    """
    count = len(images)
    area, aspect, x, y, mirror = torch.rand(5, count, generator=generator)
    side = (smallest + (1.0 - smallest) * area).sqrt()
    stretch = (4.0 / 3.0) ** (aspect - 0.5)
    wide, high = (side * stretch).clamp(max=1.0), (side / stretch).clamp(max=1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = wide * torch.where(mirror < 0.5, -1.0, 1.0)
    theta[:, 1, 1] = high
    theta[:, 0, 2] = (1.0 - wide) * (2.0 * x - 1.0)
    theta[:, 1, 2] = (1.0 - high) * (2.0 * y - 1.0)
    grid = F.affine_grid(theta, [count, 3, size, size], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False, padding_mode="reflection")


def batches(
    pack: JpegPack, count: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of images ``count x 3 x H x W`` in [0, 1] and labels; reshuffled each epoch.

    Raises
    ------
    ValueError
        Fewer images than one batch.
    """
    if len(pack.images) < count:
        raise ValueError(f"{len(pack.images)} images are less than one batch of {count}")
    images, labels = torch.from_numpy(pack.images), torch.from_numpy(pack.labels)
    while True:
        order = torch.randperm(len(images), generator=generator)
        for part in order[: len(order) // count * count].split(count):
            yield images[part].permute(0, 3, 1, 2).float() / 255.0, labels[part]


def train(config: ClassifierTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    ``log.jsonl`` beside it has one record per validation: step, minutes, loss, images per second
    and, where there is a validation pack, top-1 and top-5 accuracy of the averaged weights.

    Raises
    ------
    FileNotFoundError
        A pack does not exist.
    ValueError
        A pack is damaged, does not name its classes, or both differ in their classes.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    pack = read_pack(config.data)
    held_out = read_pack(config.validation) if config.validation else None
    if not pack.classes:
        raise ValueError(f"{config.data}: does not name its classes")
    if held_out is not None and held_out.classes != pack.classes:
        raise ValueError(f"{config.validation}: of other classes than {config.data}")
    config.out.mkdir(parents=True, exist_ok=True)
    model = ClassifierConfig(pack.classes, config.stem, config.widths, config.blocks)
    run = TimedRun(config, lambda: Classifier(model), asdict(model))
    run.resume()
    run.network.train()
    generator = torch.Generator().manual_seed(config.seed + 7919 * run.step)
    source = batches(pack, config.batch, generator)

    def advance() -> float:
        images, labels = next(source)
        crops = random_crops(images, config.size(run.progress), config.smallest_crop, generator)
        crops = crops.to(config.device).contiguous(memory_format=torch.channels_last)
        with run.precision():
            scores = run.network(crops).float()
        return run.descend(
            F.cross_entropy(scores, labels.to(config.device), label_smoothing=config.smoothing)
        )

    def validate() -> dict[str, float]:
        return {} if held_out is None else accuracy(run.average, held_out)

    return run.go_on(advance, validate)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    config = ClassifierTrainConfig(data=Path(), out=Path())
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.classifier", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="pack of JPEG files (.npz)")
    parser.add_argument("--validation", type=Path, help="pack of the same classes")
    add_run_options(parser, config)
    parser.add_argument("--decay", type=float, default=config.decay)
    train(replace(config, **vars(parser.parse_args(arguments))))


if __name__ == "__main__":
    main()
