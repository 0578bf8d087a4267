"""Trainer of the photo codec: ``python -m gensc_models.training.recipes.photo --data DIR --out
DIR``.

Starts from the linear code fitted to the photos themselves, trains for a given number of minutes
(not steps: the learning-rate schedule follows the clock), resumes from its checkpoint, logs JSON
lines and keeps an exponential moving average of the weights, which is what gets exported
(:mod:`gensc_models.training.export.photo`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.layers import FilmBlock
from gensc_models.codecs.networks import network_of
from gensc_models.codecs.photo.network import JsccConfig, ResidualJscc
from gensc_models.codecs.softcast.linear import fit_klt, real_channels
from gensc_models.codecs.softcast.wide import WIDE_BLOCK, fit_wide
from gensc_models.codecs.swin.network import SwinConfig
from gensc_models.codecs.swin.transformer import (
    PatchDivision,
    PatchMerging,
    SwinBlock,
    WindowAttention,
)
from gensc_models.data.cifar import BINARY_FILES, load_cifar
from gensc_models.data.photos import (
    BLOCK,
    CropSampler,
    Photo,
    centre_crop,
    crop_to_blocks,
    load_photo,
    photo_files,
    prefetch,
    to_tensor,
)
from gensc_models.training.channel import ChannelSampler, OperatingRange
from gensc_models.training.initial_weights import go_on_from, start_base
from gensc_models.training.muon import Muon
from gensc_models.training.schedule import follow, log_record, pace, save_checkpoint

VALIDATION_POINTS = ((16, 0.0), (32, 0.0), (32, 10.0), (64, 5.0), (64, 15.0), (128, 10.0))
# (crop size, crops in a batch, probability): equal pixels per step, so equal time.
CROP_SHAPES = ((128, 8, 0.9), (64, 32, 0.06), (32, 128, 0.04))
VALIDATION_BATCH = 50


@dataclass(frozen=True)
class TrainConfig:
    """What one training run needs to know.

    ``linear_fraction`` is the learning rate of the linear code relative to the networks':
    at the full rate its initialisation is lost within minutes. ``muon_rate`` is that of the
    decoder's :func:`inner_matrices`, by :mod:`gensc_models.training.muon`; 0 leaves them to Adam.
    ``base`` are the weights of DeepJSCC, by name or folder, that a convolutional base code starts
    from; ``base_fraction`` is the learning rate of that code. ``start`` are weights of the same
    kind to go on from, at ``later_fraction`` of the learning rates; without them the networks start
    as zero around the linear code of the data.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float = 60.0
    exclude_prefix: tuple[str, ...] = ()
    model: JsccConfig | SwinConfig = field(default_factory=JsccConfig)
    points: OperatingRange = field(default_factory=OperatingRange)
    learning_rate: float = 6e-4
    muon_rate: float = 0.0
    linear_fraction: float = 0.04
    start: str | None = None
    later_fraction: float = 0.6
    base: str | None = None
    base_fraction: float = 0.3
    warmup_steps: int = 200
    ema: float = 0.999
    clip: float = 1.0
    crop_shapes: tuple[tuple[int, int, float], ...] = CROP_SHAPES
    statistics_crops: int = 3000
    validate_every_minutes: float = 5.0
    validation_photos: int = 20
    validation_points: tuple[tuple[int, float], ...] = VALIDATION_POINTS
    max_steps: int | None = None
    threads: int = 2
    bfloat16: bool = False
    device: str = "cpu"
    seed: int = 1

    @property
    def largest_crop(self) -> int:
        """Side that a photo must have at least to be used."""
        return max(size for size, _, _ in self.crop_shapes)


def distortion_loss(decoded: Tensor, image: Tensor, reference: Tensor) -> Tensor:
    """Mean of ``log(mse_i + 0.3 reference_i)``: decibels, so that no operating point starves.

    The expected distortion of the linear code at the same point (``reference``, ``B``) keeps
    trivially easy crops, such as sky, from taking over.
    """
    mse = (decoded - image).square().mean(dim=(1, 2, 3))
    return torch.log(mse + 0.3 * reference).mean()


def forward_pass(
    model: ResidualJscc, channel: ChannelSampler, image: Tensor, progress: float
) -> Tensor:
    """Loss of one batch ``B x 3 x H x W`` over freshly drawn operating points and channels."""
    count, _, height, width = image.shape
    points = channel.operating_points(count, progress)
    snr, known, rate = (p.to(image.device) for p in points)
    sent, scale = model.encode(image, known, rate)
    symbols = channel.precision(points[0], sent.shape[1] // 2, height // BLOCK, width // BLOCK)
    precision = symbols.repeat_interleave(2, dim=1).to(image.device) * real_channels(rate)
    received = channel.transmit(sent, precision)
    decoded = model.decode(received, precision, scale, known, rate)
    return distortion_loss(decoded, image, model.linear.expected_mse(snr, known, rate))


@torch.inference_mode()
def validate(
    model: ResidualJscc,
    photos: Sequence[Photo],
    points: Sequence[tuple[int, float]] = VALIDATION_POINTS,
) -> dict[str, float]:
    """Mean PSNR of rounded images per (rate, SNR) over AWGN, with the same noise every time."""
    device = model.linear.mean.device
    result: dict[str, float] = {}
    by_shape: dict[tuple[int, ...], list[Tensor]] = {}
    for photo in photos:
        image = to_tensor(crop_to_blocks(photo))
        by_shape.setdefault(tuple(image.shape), []).append(image)
    batches = [
        torch.cat(same[i : i + VALIDATION_BATCH]).to(device)
        for same in by_shape.values()
        for i in range(0, len(same), VALIDATION_BATCH)
    ]
    for rate, snr in points:
        total = 0.0
        generator = torch.Generator().manual_seed(rate * 1000 + int(snr))
        for image in batches:
            count = len(image)
            snr_db = torch.full((count,), float(snr), device=device)
            rates = torch.full((count,), rate, device=device)
            sent, scale = model.encode(image, snr_db, rates)
            precision = torch.full_like(sent, 10.0 ** (snr / 10.0)) * real_channels(rates)
            noise = torch.randn(sent.shape, generator=generator).to(device)
            received = sent + noise * precision.clamp_min(1e-9).rsqrt()
            decoded = model.decode(received, precision, scale, snr_db, rates)
            error = (decoded.clamp(0, 1) * 255).round() / 255 - image
            mse = error.square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
            total -= 10.0 * mse.log10().sum().item()
        result[f"C{rate}@{snr:g}dB"] = round(total / len(photos), 3)
    return result


def is_cifar(path: Path) -> bool:
    """Whether a data path is CIFAR-10 (pack or official files) rather than a folder of photos."""
    return path.suffix == ".npz" or (path / BINARY_FILES["train"][0]).is_file()


def load_photos(config: TrainConfig) -> tuple[list[Photo], list[Photo]]:
    """Training photos, and held-out ones (every n-th file) cropped to 256x256.

    CIFAR-10 among the data is taken alone, its first images held out.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    """
    small = [image for d in config.data if is_cifar(d) for image in load_cifar(d, "train").images]
    if small:
        held_out = small[: config.validation_photos]
        return small[config.validation_photos :], held_out
    files = photo_files(config.data, config.exclude_prefix)
    stride = max(2, len(files) // max(1, config.validation_photos))
    held_out = files[::stride][: config.validation_photos]
    kept = set(held_out)
    photos = [load_photo(f) for f in files if f not in kept]
    photos = [p for p in photos if min(p.shape[:2]) >= config.largest_crop]
    if not photos:
        raise FileNotFoundError(f"no training photo of {config.largest_crop} pixels or more")
    return photos, [centre_crop(load_photo(f), 256) for f in held_out]


def photo_statistics(photos: Sequence[Photo], config: TrainConfig) -> dict[str, Tensor]:
    """Mean colour, KLT basis and variances (:func:`linear.fit_klt`) over random crops.

    With the rotation of :func:`wide_linear.fit_wide` where the network wants it.
    """
    sampler = CropSampler(photos, config.seed)
    side = config.largest_crop
    grid = side // BLOCK
    blocks = torch.cat(
        [
            F.pixel_unshuffle(sampler.batch(1, side), BLOCK)
            .reshape(3, BLOCK * BLOCK, grid * grid)
            .permute(2, 0, 1)
            .reshape(-1, 3, BLOCK, BLOCK)
            for _ in range(config.statistics_crops)
        ]
    )
    mean, basis, variance = fit_klt(blocks)
    statistics = {"mean": mean, "basis": basis, "variance": variance}
    if isinstance(config.model, SwinConfig) and config.model.wide:
        sampler = CropSampler(photos, config.seed)
        batches = [sampler.batch(100, WIDE_BLOCK) for _ in range(config.statistics_crops // 25)]
        statistics["rotation"], statistics["variance"] = fit_wide(torch.cat(batches), mean, basis)
    return statistics


def inner_matrices(network: nn.Module) -> list[nn.Parameter]:
    """Weights inside a network's blocks and between its stages: what Muon is for.

    The first and the last layers are not: their sizes are given by the data, not chosen.
    """
    inside = (FilmBlock, WindowAttention, SwinBlock, PatchMerging, PatchDivision)
    names = ("conv1", "conv2", "qkv", "out", "mlp_in", "mlp_out", "reduce", "expand")
    return [
        getattr(module, name).weight
        for module in network.modules()
        if isinstance(module, inside)
        for name in names
        if hasattr(module, name)
    ]


class TrainingRun:
    """Everything that a checkpoint holds: model, average, optimiser and progress."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.checkpoint = config.out / "checkpoint.pt"
        self.model = network_of(config.model).to(config.device, memory_format=torch.channels_last)
        self.average = network_of(config.model).to(config.device)
        self.statistics: dict[str, Tensor] = {}
        self.step = 0
        self._earlier_minutes = 0.0
        self._start = time.monotonic()
        linear = list(self.model.linear.parameters())
        base = list(self.model.base.parameters()) if self.model.base is not None else []
        # The encoder's changes are small: orthogonalised steps would be mostly noise.
        learner = self.model.decoder
        matrices = inner_matrices(learner) if config.muon_rate and learner else []
        ids = {id(p) for p in (*linear, *base, *matrices)}
        networks = [p for p in self.model.parameters() if id(p) not in ids]
        share = 1.0 if config.start is None else config.later_fraction
        rate = config.learning_rate * share
        groups = [
            {"params": networks, "peak": rate},
            {"params": linear, "peak": rate * config.linear_fraction},
        ]
        if base:
            groups.append({"params": base, "peak": rate * config.base_fraction})
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.Adam(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)
        ]
        if matrices:
            dtype = torch.bfloat16 if config.bfloat16 else torch.float32
            group = {"params": matrices, "peak": config.muon_rate * share}
            self.optimisers.append(Muon([group], dtype=dtype))

    @property
    def minutes(self) -> float:
        """Minutes spent, over all resumptions."""
        return self._earlier_minutes + (time.monotonic() - self._start) / 60.0

    @property
    def finished(self) -> bool:
        """Whether the time (or the number of steps) asked for is used up."""
        limit = self.config.max_steps
        return self.minutes >= self.config.minutes or (limit is not None and self.step >= limit)

    def begin(self, statistics: dict[str, Tensor]) -> None:
        """Starts from the linear code, from ``config.start`` and from ``config.base``.

        Raises
        ------
        WeightsError
            Weights to start from are missing, unusable or of another shape.
        """
        self.statistics = statistics
        self.model.linear.load_statistics(**statistics)
        start, base = self.config.start, self.config.base
        grown = start is not None and go_on_from(self.model, start)
        # A base code that has grown together with its networks is not set back.
        if base is not None and not grown:
            start_base(self.model, base)
        self.average.load_state_dict(self.model.state_dict())

    def resume(self) -> None:
        """Goes on from ``checkpoint.pt``."""
        state = torch.load(self.checkpoint, map_location=self.config.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.statistics = state["statistics"]
        self.step, self._earlier_minutes = state["step"], state["minutes"]

    def save(self) -> None:
        """Writes ``checkpoint.pt``; a run killed meanwhile leaves the old one whole."""
        state = {
            "config": asdict(self.config.model),
            "statistics": self.statistics,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "minutes": self.minutes,
        }
        save_checkpoint(state, self.checkpoint)

    def learning_pace(self) -> float:
        """Share of the peak learning rates: linear warm-up, then a cosine over the clock."""
        return pace(self.step, self.config.warmup_steps, self.minutes / self.config.minutes)

    def advance(self, image: Tensor, channel: ChannelSampler) -> float:
        """One optimiser step on a batch; returns its loss."""
        config = self.config
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * self.learning_pace()
        image = image.to(config.device).contiguous(memory_format=torch.channels_last)
        device_type = torch.device(config.device).type
        with torch.autocast(device_type, dtype=torch.bfloat16, enabled=config.bfloat16):
            loss = forward_pass(self.model, channel, image, self.minutes / config.minutes)
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        follow(self.average.parameters(), self.model.parameters(), self.step, config.ema)
        return loss.item()


def crop_batches(photos: Sequence[Photo], config: TrainConfig, seed: int) -> Iterator[Tensor]:
    """Endless batches of random crops, one of ``config.crop_shapes`` each time."""
    sampler = CropSampler(photos, seed)
    sizes, counts, odds = zip(*config.crop_shapes, strict=True)

    def make() -> Tensor:
        shape = sampler.random.choice(len(sizes), p=odds)
        return sampler.batch(counts[shape], sizes[shape])

    return prefetch(make)


def train(config: TrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    ``log.jsonl`` beside it has one record per validation: step, minutes, loss, images per second,
    learning rate and the validation PSNR of the averaged weights.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    photos, validation = load_photos(config)
    config.out.mkdir(parents=True, exist_ok=True)
    log = config.out / "log.jsonl"
    run = TrainingRun(config)
    if run.checkpoint.exists():
        run.resume()
    else:
        run.begin(photo_statistics(photos, config))
        linear = validate(run.average, validation, config.validation_points)
        log_record(log, {"step": 0, "photos": len(photos), "linear": linear})
    seed = config.seed + 7919 * run.step
    channel = ChannelSampler(config.points, torch.Generator().manual_seed(seed))
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
                "learning_rate": run.optimisers[0].param_groups[0]["lr"],
                "psnr": validate(run.average, validation, config.validation_points),
            }
            log_record(log, record)
            since, images, losses = time.monotonic(), 0, []
        if run.finished:
            return run.checkpoint
        batch = next(batches)
        losses.append(run.advance(batch, channel))
        images += len(batch)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.photo", description=__doc__
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--learning-rate", type=float, default=TrainConfig.learning_rate)
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, where it is fast")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    config = TrainConfig(
        data=tuple(options.data),
        out=options.out,
        minutes=options.minutes,
        exclude_prefix=tuple(options.exclude_prefix),
        learning_rate=options.learning_rate,
        validate_every_minutes=options.validate_every,
        threads=options.threads,
        device=options.device,
        bfloat16=options.bfloat16,
        seed=options.seed,
    )
    train(config)


if __name__ == "__main__":
    main()
