"""Trainer of the codec bank: ``python -m gensc_models.training.recipes.bank --data DIR --out DIR``.

Starts from a wavelet codec (:mod:`gensc_models.codecs.bank.transforms`), trains all operating
points at once for a given number of minutes (the learning rate follows the clock), resumes from
its checkpoint, logs JSON lines and keeps an exponential moving average of the weights, which is
what gets exported (:mod:`gensc_models.training.export.bank`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.bank.initial import initialise
from gensc_models.codecs.bank.network import HyperpriorNetwork, multipliers
from gensc_models.codecs.bank.transforms import HyperpriorConfig
from gensc_models.data.photos import BLOCK, CropSampler, Photo, centre_crop, load_split, prefetch
from gensc_models.training.evaluation.bank import evaluate
from gensc_models.training.muon import Muon
from gensc_models.training.schedule import follow, log_record, pace, save_checkpoint


@dataclass(frozen=True)
class TrainConfig:
    """What one training run needs to know.

    ``muon_rate`` is the learning rate of the convolutions of the image transforms,
    ``hyper_rate`` Adam's for those of the hyper-networks (they start from a known answer, which
    a larger one destroys within minutes) and ``learning_rate`` Adam's for vectors and tables.
    For the first ``entropy_share`` of the time only the entropy model and the gains are trained,
    which is five times as fast.
    ``masked`` is the share of crops of which only part is sent. Crops are large enough that
    some of their hyper-latents, one for 64x64 pixels, lie inside: networks that only ever saw the
    zeros around a map of 2x2 lose bits and decibels on whole photos.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float = 60.0
    exclude_prefix: tuple[str, ...] = ()
    model: HyperpriorConfig = field(default_factory=HyperpriorConfig)
    learning_rate: float = 1e-3
    hyper_rate: float = 2e-4
    muon_rate: float = 2e-3
    entropy_share: float = 0.4
    warmup_steps: int = 100
    ema: float = 0.998
    clip: float = 5.0
    crop: int = 256
    batch: int = 2
    masked: float = 0.1
    statistics_crops: int = 400
    validate_every_minutes: float = 5.0
    validation_photos: int = 8
    validation_points: tuple[int, ...] = (1, 5, 10, 15, 19)
    max_steps: int | None = None
    threads: int = 2
    bfloat16: bool = False
    device: str = "cpu"
    seed: int = 1


def draw_positions(count: int, generator: torch.Generator) -> Tensor:
    """Operating positions of a batch, one in each of ``count`` equal parts of the range."""
    parts = torch.randperm(count, generator=generator)
    return 2.0 * (parts + torch.rand(count, generator=generator)) / count - 1.0


def draw_masks(count: int, side: int, share: float, generator: torch.Generator) -> Tensor:
    """Masks ``count x side x side``: all kept, or (a ``share`` of them) one smooth region."""
    noise = torch.randn(count, 1, 3, 3, generator=generator)
    smooth = F.interpolate(noise, size=(side, side), mode="bilinear", align_corners=True)[:, 0]
    whole = torch.rand(count, generator=generator) >= share
    return (smooth > 0.0) | whole[:, None, None]


def rate_distortion_loss(
    network: HyperpriorNetwork, image: Tensor, position: Tensor, keep: Tensor
) -> Tensor:
    """``lambda 255^2 MSE + bits per pixel`` of each image over ``sqrt(lambda)``, averaged.

    The division keeps the best point, whose loss is ten times that of the last, from taking all
    the gradient. The error counts only where something is sent.
    """
    result = network(image, position, keep)
    weight = multipliers(position)
    pixels = keep.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2)
    squares = (result.image - image).square().mean(dim=1) * pixels
    distortion = 255.0**2 * squares.mean(dim=(1, 2))
    rate = (result.y_bits + result.z_bits) / (image.shape[-1] * image.shape[-2])
    return ((weight * distortion + rate) / weight.sqrt()).mean()


class TrainingRun:
    """Network, average, optimisers and clock of one run; everything that a checkpoint holds."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.network = HyperpriorNetwork(config.model).to(config.device)
        self.network.to(memory_format=torch.channels_last)
        self.average = HyperpriorNetwork(config.model).to(config.device).eval()
        self.average.requires_grad_(False)
        self.checkpoint = config.out / "checkpoint.pt"
        self.step = 0
        self._earlier_minutes = 0.0
        self._start = time.monotonic()
        transforms = self.network.transforms
        transforms.in_bfloat16 = config.bfloat16
        residuals = [m for m in (transforms.analysis, transforms.synthesis) if m is not None]
        kernels = [p for m in residuals for p in m.parameters() if p.ndim == 4]
        inner = {id(p) for p in kernels}
        outer = [p for p in self.network.parameters() if id(p) not in inner and p.requires_grad]
        dtype = torch.bfloat16 if config.bfloat16 else torch.float32
        self.muon = Muon(kernels, config.muon_rate, dtype=dtype)
        groups = [
            {"params": [p for p in outer if p.ndim != 4], "peak": config.learning_rate},
            {"params": [p for p in outer if p.ndim == 4], "peak": config.hyper_rate},
        ]
        self.adam = torch.optim.Adam(groups, config.learning_rate, betas=(0.9, 0.99))

    @property
    def minutes(self) -> float:
        """Minutes spent, over all resumptions."""
        return self._earlier_minutes + (time.monotonic() - self._start) / 60.0

    @property
    def finished(self) -> bool:
        """Whether the time (or the number of steps) asked for is used up."""
        limit = self.config.max_steps
        return self.minutes >= self.config.minutes or (limit is not None and self.step >= limit)

    def begin(self, crops: Tensor) -> None:
        """Starts from the wavelet codec, its statistics measured on ``crops``."""
        initialise(self.network, crops)
        self.average.load_state_dict(self.network.state_dict())

    def resume(self) -> None:
        """Goes on from ``checkpoint.pt``.

        Raises
        ------
        ValueError
            The checkpoint is of a network of another size.
        """
        state = torch.load(self.checkpoint, map_location=self.config.device, weights_only=True)
        if state.get("config") != asdict(self.config.model):
            raise ValueError(f"{self.checkpoint}: of another kind of run; choose another --out")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self._earlier_minutes = state["step"], state["minutes"]

    def save(self) -> None:
        """Writes ``checkpoint.pt``; a run killed meanwhile leaves the old one whole."""
        state = {
            "config": asdict(self.config.model),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
        }
        save_checkpoint(state, self.checkpoint)

    def schedule(self) -> float:
        """Factor of the learning rates: linear warm-up, then a cosine over the clock to zero."""
        share = self.minutes / self.config.minutes
        return pace(self.step, self.config.warmup_steps, share, floor=0.0)

    def advance(self, image: Tensor, position: Tensor, keep: Tensor) -> float:
        """One optimiser step on a batch; returns its loss.

        A step whose loss or gradient is not finite is left out.
        """
        factor = self.schedule()
        self.muon.param_groups[0]["lr"] = self.config.muon_rate * factor
        for group in self.adam.param_groups:
            group["lr"] = group["peak"] * factor
        whole = self.minutes >= self.config.entropy_share * self.config.minutes
        self.network.transforms.with_residuals = whole
        device = self.config.device
        image = image.to(device).contiguous(memory_format=torch.channels_last)
        loss = rate_distortion_loss(self.network, image, position.to(device), keep.to(device))
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        if bool(torch.isfinite(norm)):
            self.muon.step()
            self.adam.step()
        self.step += 1
        follow(self.average.parameters(), self.network.parameters(), self.step, self.config.ema)
        return loss.item()


def crop_batches(photos: Sequence[Photo], config: TrainConfig, seed: int) -> Iterator[Tensor]:
    """Endless batches of random crops."""
    sampler = CropSampler(photos, seed)
    return prefetch(lambda: sampler.batch(config.batch, config.crop))


def validate(
    network: HyperpriorNetwork, photos: Sequence[Photo], points: Sequence[int]
) -> dict[str, list[float]]:
    """Bits per pixel (real streams) and PSNR of the averaged network at some points."""
    results = evaluate(HyperpriorCodec.from_network(network), photos, points)
    return {f"phi{r.point}": [round(r.bpp, 4), round(r.psnr, 3)] for r in results}


def train(config: TrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    ``log.jsonl`` beside it has one record per validation: step, minutes, loss, images per second
    and ``{"phi1": [bits per pixel, PSNR], ...}`` of the averaged weights.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    photos, whole = load_split(
        config.data, config.exclude_prefix, config.validation_photos, config.crop
    )
    held_out = [centre_crop(photo, 256) for photo in whole]
    config.out.mkdir(parents=True, exist_ok=True)
    log = config.out / "log.jsonl"
    run = TrainingRun(config)
    if run.checkpoint.exists():
        run.resume()
    else:
        run.begin(CropSampler(photos, config.seed).batch(config.statistics_crops, config.crop))
        start = validate(run.average, held_out, config.validation_points)
        log_record(log, {"step": 0, "photos": len(photos), "validation": start})
    seed = config.seed + 7919 * run.step
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    batches = crop_batches(photos, config, seed)
    since, images, losses = time.monotonic(), 0, []
    while True:
        due = time.monotonic() - since > 60.0 * config.validate_every_minutes
        if losses and (due or run.finished):
            speed = images / (time.monotonic() - since)
            run.save()
            record = {
                "step": run.step,
                "minutes": round(run.minutes, 2),
                "loss": round(sum(losses) / len(losses), 4),
                "images_per_second": round(speed, 1),
                "learning_rate": run.adam.param_groups[0]["lr"],
                "validation": validate(run.average, held_out, config.validation_points),
            }
            log_record(log, record)
            since, images, losses = time.monotonic(), 0, []
        if run.finished:
            return run.checkpoint
        image = next(batches)
        position = draw_positions(len(image), generator)
        blocks = config.crop // BLOCK
        keep = draw_masks(len(image), blocks, config.masked, generator)
        losses.append(run.advance(image, position, keep))
        images += len(image)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    parser = argparse.ArgumentParser(prog="gensc_models.training.recipes.bank", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--learning-rate", type=float, default=TrainConfig.learning_rate)
    parser.add_argument("--hyper-rate", type=float, default=TrainConfig.hyper_rate)
    parser.add_argument("--entropy-share", type=float, default=TrainConfig.entropy_share)
    parser.add_argument("--muon-rate", type=float, default=TrainConfig.muon_rate)
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--learned-analysis", action="store_true", help="learn a residual of the analysis too"
    )
    parser.add_argument("--bfloat16", action="store_true", help="image networks in bfloat16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    config = TrainConfig(
        data=tuple(options.data),
        out=options.out,
        minutes=options.minutes,
        exclude_prefix=tuple(options.exclude_prefix),
        model=HyperpriorConfig(learned_analysis=options.learned_analysis),
        learning_rate=options.learning_rate,
        hyper_rate=options.hyper_rate,
        entropy_share=options.entropy_share,
        muon_rate=options.muon_rate,
        validate_every_minutes=options.validate_every,
        threads=options.threads,
        bfloat16=options.bfloat16,
        device=options.device,
        seed=options.seed,
    )
    train(config)


if __name__ == "__main__":
    main()
