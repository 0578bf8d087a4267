"""Trainer of the refiner: ``python -m gensc_models.training.recipes.refiner --codec NAME ...``.

The two steps of the GSC paper (Algorithm 1). First N1 sees the decoded image *and* the original
and N2 learns to use its Z; then Z must come out of the diffusion, conditioned on a second N1 that
sees the decoded image only, and N2 is trained on jointly. The codec is frozen and makes the pairs
as training goes (:mod:`gensc_models.restore.refiner.pairs`). Muon trains the dense matrices, Adam
the rest.

The losses are the paper's ``|I - refined|_1`` and ``|Z_hat - Z|_1`` and, because PSNR and SSIM
are what the refined image is measured by, logarithms of its squared error and of 1 - SSIM relative
to the decoded image's.

Trains for a given number of minutes (the schedule follows the clock), resumes from its
checkpoint, logs JSON lines and keeps an exponential moving average of the weights, which is what
gets exported (:mod:`gensc_models.training.export.refiner`). At the end the strength of the
correction is solved for at several SNRs (:mod:`gensc_models.restore.refiner.calibration`).
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.data.cifar import load_cifar
from gensc_models.data.photos import (
    CropSampler,
    Photo,
    centre_crop,
    load_photo,
    photo_files,
    to_tensor,
)
from gensc_models.restore.refiner.calibration import fit_calibration
from gensc_models.restore.refiner.config import CONFIGS, PHOTO, RefinerConfig
from gensc_models.restore.refiner.network import (
    PretrainingNetwork,
    RefinerNetwork,
    second_step_from,
)
from gensc_models.restore.refiner.pairs import (
    LinkRange,
    PairMaker,
    PairPool,
    Pairs,
    validation_pairs,
)
from gensc_models.training.muon import Muon
from gensc_models.training.schedule import follow, log_record, pace, save_checkpoint

VALIDATION_SNRS_DB = (0.0, 5.0, 10.0, 15.0)
CIFAR_HELD_OUT = 500


@dataclass(frozen=True)
class RefinerTrainConfig:
    """What one training run needs to know.

    ``codec`` is one or several, which take turns. ``data`` are folders of photos; or ``cifar`` is
    a folder or pack of CIFAR-10. Pictures of ``size`` pixels are coded and cut into tiles of
    ``tile``; ``batch`` tiles make a step, and every ``refresh_steps`` steps the codec makes about
    ``batch`` new ones. ``first_fraction`` of the minutes go to the first step. The pool of pairs
    holds up to ``pool_pixels`` and has ``start_pixels`` before training; the solved filter and the
    calibration take ``filter_pixels`` and ``calibration_pixels`` of it.
    """

    codec: str | tuple[str, ...]
    out: Path
    data: tuple[Path, ...] = ()
    cifar: Path | None = None
    exclude_prefix: tuple[str, ...] = ()
    minutes: float = 60.0
    first_fraction: float = 0.1
    model: RefinerConfig = PHOTO
    rates: tuple[int, ...] = ()
    links: dict[str, float] = field(default_factory=dict)
    size: int = 192
    tile: int = 96
    batch: int = 6
    pool_pixels: int = 40_000_000
    start_pixels: int = 2_000_000
    filter_pixels: int = 32_000_000
    calibration_pixels: int = 8_000_000
    refresh_steps: int = 4
    learning_rate: float = 5e-4
    muon_rate: float = 1e-3
    warmup_steps: int = 50
    squared_error_weight: float = 0.1
    structure_weight: float = 0.1
    ema: float = 0.999
    clip: float = 1.0
    validate_every_minutes: float = 5.0
    validation_images: int = 14
    validation_side: int = 192
    max_steps: int | None = None
    threads: int = 2
    bfloat16: bool = False
    device: str = "cpu"
    seed: int = 1


class ImageSetSampler:
    """Draws from a set of images of one size (uint8 ``N x S x S x 3``), mirrored or not."""

    def __init__(self, images: np.ndarray, seed: int) -> None:
        self.images = images
        self.random = np.random.default_rng(seed)

    def batch(self, count: int, size: int) -> Tensor:
        """``count x 3 x size x size`` in [0, 1]; ``size`` is the images' own.

        Raises
        ------
        ValueError
            Another size.
        """
        if self.images.shape[1:3] != (size, size):
            raise ValueError(f"the images are {self.images.shape[1:3]}, not {size}x{size}")
        chosen = self.images[self.random.integers(len(self.images), size=count)]
        mirrored = self.random.random(count) < 0.5
        chosen[mirrored] = chosen[mirrored, :, ::-1]
        return torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / 255.0


def load_images(config: RefinerTrainConfig) -> tuple[list[Photo] | np.ndarray, list[Photo]]:
    """Training images and held-out ones.

    Of photos every n-th file is held out and cropped; of CIFAR-10 some of the last
    training images.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    ValueError
        Neither photos nor CIFAR-10 given, or both.
    """
    if bool(config.data) == (config.cifar is not None):
        raise ValueError("training needs either folders of photos or CIFAR-10")
    if config.cifar is not None:
        images = load_cifar(config.cifar, "train").images
        held_out = min(CIFAR_HELD_OUT, len(images) // 10)
        return images[:-held_out], list(images[-held_out:][: config.validation_images])
    files = photo_files(config.data, config.exclude_prefix)
    stride = max(2, len(files) // max(1, config.validation_images))
    validation = files[::stride][: config.validation_images]
    kept = set(validation)
    photos = [load_photo(f) for f in files if f not in kept]
    photos = [p for p in photos if min(p.shape[:2]) >= config.size]
    if not photos:
        raise FileNotFoundError(f"no training photo of {config.size} pixels or more")
    return photos, [centre_crop(load_photo(f), config.validation_side) for f in validation]


def structural_similarity(image: Tensor, original: Tensor) -> Tensor:
    """SSIM over windows of 7x7 pixels with equal weights, mean per image ``B``; in [0, 1]."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 7, stride=1)

    x, y = mean(image), mean(original)
    var_x, var_y = mean(image.square()) - x.square(), mean(original.square()) - y.square()
    covariance = mean(image * original) - x * y
    luminance = (2.0 * x * y + 0.01**2) / (x.square() + y.square() + 0.01**2)
    structure = (2.0 * covariance + 0.03**2) / (var_x + var_y + 0.03**2)
    return (luminance * structure).mean(dim=(1, 2, 3))


def restoration_loss(
    refined: Tensor,
    decoded: Tensor,
    original: Tensor,
    squared_error_weight: float,
    structure_weight: float = 0.0,
) -> Tensor:
    """``|I - refined|_1`` plus logarithms of two errors relative to the decoded image's.

    These are of the squared error and of 1 - SSIM. The logarithm makes a decibel worth the same
    at every SNR; a tenth of the decoded image's own error beside it keeps trivially easy pictures
    from taking over.
    """
    error = refined - original
    mse = error.square().mean(dim=(1, 2, 3))
    coarse = (decoded - original).square().mean(dim=(1, 2, 3))
    loss = error.abs().mean()
    loss = (
        loss
        + squared_error_weight
        * torch.log((mse + 0.1 * coarse + 1e-7) / (1.1 * coarse + 1e-7)).mean()
    )
    if structure_weight == 0.0:
        return loss
    after = 1.0 - structural_similarity(refined, original)
    before = 1.0 - structural_similarity(decoded, original)
    relative = torch.log((after + 0.1 * before + 1e-4) / (1.1 * before + 1e-4)).mean()
    return loss + structure_weight * relative


class TrainingRun:
    """Everything that a checkpoint holds: networks, average, optimisers and progress."""

    def __init__(self, config: RefinerTrainConfig) -> None:
        self.config = config
        self.checkpoint = config.out / "checkpoint.pt"
        self.first = self._place(PretrainingNetwork(config.model))
        self.second: RefinerNetwork | None = None
        self.average: nn.Module = copy.deepcopy(self.first)
        self.step = self.step_of_phase = 0
        self.calibration: tuple[float, ...] | None = None
        self._earlier_minutes = 0.0
        self._start = time.monotonic()
        self.optimisers = self._new_optimisers(self.first)
        self._noise = torch.Generator().manual_seed(config.seed)

    def _place(self, module: nn.Module) -> Any:
        return module.to(self.config.device, memory_format=torch.channels_last)

    def _new_optimisers(self, module: nn.Module) -> tuple[torch.optim.Adam, Muon]:
        # A depthwise or image kernel is no matrix between channels: it is Adam's, as vectors are.
        kernels = (".local.", ".filter.")
        dense = [
            p
            for name, p in module.named_parameters()
            if p.ndim > 1 and not any(part in name for part in kernels)
        ]
        ids = {id(p) for p in dense}
        others = [p for p in module.parameters() if id(p) not in ids]
        rate = self.config.learning_rate
        adam = torch.optim.Adam(others, lr=rate, betas=(0.9, 0.99), fused=True)
        dtype = torch.bfloat16 if self.config.bfloat16 else torch.float32
        return adam, Muon(dense, self.config.muon_rate, dtype=dtype)

    @property
    def phase(self) -> int:
        """Step of the two-step training: 1 or 2."""
        return 1 if self.second is None else 2

    @property
    def model(self) -> nn.Module:
        """The network being trained."""
        return self.first if self.second is None else self.second

    def start_clock(self) -> None:
        """Training begins now; what came before is not counted."""
        self._start = time.monotonic()

    @property
    def minutes(self) -> float:
        """Minutes spent, over all resumptions."""
        return self._earlier_minutes + (time.monotonic() - self._start) / 60.0

    @property
    def progress(self) -> float:
        """Share of the run that is done, by the clock or by the steps allowed."""
        by_steps = self.step / self.config.max_steps if self.config.max_steps else 0.0
        return min(1.0, max(self.minutes / self.config.minutes, by_steps))

    @property
    def finished(self) -> bool:
        """Whether the time (or the number of steps) asked for is used up."""
        return self.progress >= 1.0

    def solve_filter(self, pairs: Pairs) -> None:
        """Fits the filter that N2 starts from, where the network has one."""
        if self.first.restoration.solved is not None:
            self.first.restoration.solved.fit(pairs)
            self.average.load_state_dict(self.first.state_dict())

    def begin_second_step(self) -> None:
        """Freezes the first step's averaged networks and starts the second from them."""
        self.first.load_state_dict(self.average.state_dict())
        self.first.requires_grad_(False)
        self.second = self._place(second_step_from(self.first))
        self.average = copy.deepcopy(self.second)
        self.optimisers = self._new_optimisers(self.second)
        self.step_of_phase = 0

    def resume(self) -> None:
        """Goes on from ``checkpoint.pt``."""
        state = torch.load(self.checkpoint, map_location=self.config.device, weights_only=True)
        self.first.load_state_dict(state["first"])
        if state["second"] is not None:
            self.average.load_state_dict(state["first"])
            self.begin_second_step()
            assert self.second is not None
            self.second.load_state_dict(state["second"])
        self.average.load_state_dict(state["average"])
        for optimiser, stored in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(stored)
        self.step, self._earlier_minutes = state["step"], state["minutes"]
        self.step_of_phase = state["step_of_phase"]
        self.calibration = state.get("calibration")
        self._noise.manual_seed(self.config.seed + self.step)

    def save(self) -> None:
        """Writes ``checkpoint.pt``; a run killed meanwhile leaves the old one whole."""
        state = {
            "config": self.config.model.as_json(),
            "calibration": self.calibration,
            "codec": self.config.codec,
            "first": self.first.state_dict(),
            "second": None if self.second is None else self.second.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "step_of_phase": self.step_of_phase,
            "minutes": self.minutes,
        }
        save_checkpoint(state, self.checkpoint)

    def schedule(self) -> float:
        """Learning rates relative to their peaks: one cosine over both steps down to a hundredth.

        Each step of the two warms up.
        """
        return pace(self.step_of_phase, self.config.warmup_steps, self.progress)

    def _loss(self, decoded: Tensor, original: Tensor, snr_db: Tensor) -> tuple[Tensor, Tensor]:
        """Total loss and its part ``|Z_hat - Z|_1`` (0 in the first step)."""
        weights = self.config.squared_error_weight, self.config.structure_weight
        if self.second is None:
            refined = self.first(decoded, original, snr_db)
            loss = restoration_loss(refined, decoded, original, *weights)
            return loss, loss.new_zeros(())
        with torch.no_grad():
            prior = self.first.extract(decoded, original).float()
        noise = torch.randn(prior.shape, generator=self._noise).to(prior.device)
        noisy = self.second.diffusion.diffuse(prior, noise)
        estimate = self.second.estimate_prior(decoded, snr_db, noisy)
        refined = self.second.restoration(decoded, estimate, snr_db)
        difference = (estimate - prior).abs().mean()
        return restoration_loss(refined, decoded, original, *weights) + difference, difference

    def advance(self, pairs: Pairs) -> tuple[float, float]:
        """One optimiser step on a batch; returns its loss and its loss on Z."""
        config = self.config
        if self.second is None and self.progress >= config.first_fraction:
            self.begin_second_step()
        for optimiser, peak in zip(
            self.optimisers, (config.learning_rate, config.muon_rate), strict=True
        ):
            for group in optimiser.param_groups:
                group["lr"] = peak * self.schedule()
        decoded, original = (
            (x.to(config.device).float() / 255.0).contiguous(memory_format=torch.channels_last)
            for x in (pairs.decoded, pairs.original)
        )
        device_type = torch.device(config.device).type
        with torch.autocast(device_type, dtype=torch.bfloat16, enabled=config.bfloat16):
            loss, prior_loss = self._loss(decoded, original, pairs.snr_db.to(config.device))
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        for optimiser in self.optimisers:
            optimiser.step()
        self.step += 1
        self.step_of_phase += 1
        follow(self.average.parameters(), self.model.parameters(), self.step_of_phase, config.ema)
        return loss.item(), prior_loss.item()

    @torch.inference_mode()
    def refine(self, pairs: Pairs) -> Tensor:
        """The averaged network on pairs, uint8; in the first step it sees the originals."""
        decoded, original = (x.to(self.config.device).float() / 255.0 for x in pairs[:2])
        snr_db = pairs.snr_db.to(self.config.device)
        if isinstance(self.average, RefinerNetwork):
            generator = torch.Generator().manual_seed(0)
            noise = torch.randn(len(pairs), self.config.model.prior_size, generator=generator)
            refined = self.average(decoded, snr_db, noise.to(self.config.device))
        else:
            refined = self.average(decoded, original, snr_db)
        return (refined.clamp(0, 1) * 255.0).round().to(torch.uint8).cpu()


def _psnr(image: Tensor, original: Tensor) -> float:
    mse = (image.float() - original.float()).square().mean().item()
    return 10.0 * math.log10(255.0**2 / max(mse, 1e-6))


def validate(run: TrainingRun, sets: dict[str, list[Pairs]]) -> dict[str, dict[str, float]]:
    """Mean PSNR in dB of the decoded and the refined images of each set, and the gain."""
    result: dict[str, dict[str, float]] = {"coarse": {}, "refined": {}, "gain": {}}
    for label, pairs in sets.items():
        coarse = float(np.mean([_psnr(p.decoded, p.original) for p in pairs]))
        refined = float(np.mean([_psnr(run.refine(p), p.original) for p in pairs]))
        for key, value in (("coarse", coarse), ("refined", refined), ("gain", refined - coarse)):
            result[key][label] = round(value, 3)
    return result


def common_rates(codecs: Sequence[JsccCodec]) -> tuple[int, ...]:
    """Rates that all the codecs recommend, ascending.

    Raises
    ------
    ValueError
        There are none.
    """
    common = set.intersection(*(set(codec.rates) for codec in codecs))
    if not common:
        raise ValueError(f"no rate in common: {', '.join(codec.name for codec in codecs)}")
    return tuple(sorted(common))


def make_pool(
    config: RefinerTrainConfig, codecs: Sequence[JsccCodec], images: Any, seed: int
) -> PairPool:
    """The pool of training pairs over the codecs and the images."""
    small = isinstance(images, np.ndarray)
    sampler = ImageSetSampler(images, seed) if small else CropSampler(images, seed)
    size = images.shape[1] if small else config.size
    tile = min(config.tile, size)
    rates = config.rates or common_rates(codecs)
    links = LinkRange(rates=rates, **config.links)
    maker = PairMaker(codecs, sampler, links, size, tile, seed)
    pool = PairPool(maker, config.pool_pixels // tile**2, seed)
    pool.fill(config.start_pixels // tile**2)
    return pool


def train(config: RefinerTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    ``log.jsonl`` beside it has one record per validation: step, phase, minutes, loss, tiles per
    second, learning rate and validation PSNR of decoded and refined images at several SNRs. In
    the first step the refined figure is that of a network that sees the original.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    ValueError
        Contradictory data.
    WeightsError
        The codec cannot be loaded.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    images, held_out = load_images(config)
    names = (config.codec,) if isinstance(config.codec, str) else config.codec
    codecs = [load_jscc(name, config.device) for name in names]
    rates = config.rates or common_rates(codecs)
    tensors = [to_tensor(image) for image in held_out]
    sets = {
        f"{codec.name}@{snr_db:g}dB": validation_pairs(codec, tensors, rates, snr_db, seed=100)
        for codec in codecs
        for snr_db in VALIDATION_SNRS_DB
    }
    config.out.mkdir(parents=True, exist_ok=True)
    log = config.out / "log.jsonl"
    run = TrainingRun(config)
    fresh_run = not run.checkpoint.exists()
    if not fresh_run:
        run.resume()
    pool = make_pool(config, codecs, images, config.seed + 7919 * run.step)
    fresh = max(1, config.batch // pool.maker.tiles_per_image)
    if fresh_run and config.model.solved_filter:
        pool.fill(config.filter_pixels // pool.maker.tile**2)
        run.solve_filter(pool.everything())
        log_record(log, {"step": 0, "filter_alone": validate(run, sets)})
    run.start_clock()
    since, tiles, losses = time.monotonic(), 0, []
    while True:
        phase_ends = run.phase == 1 and run.progress >= config.first_fraction
        due = time.monotonic() - since > 60.0 * config.validate_every_minutes
        if losses and (due or phase_ends or run.finished):
            speed = tiles / (time.monotonic() - since)
            run.save()
            total, prior = (round(float(np.mean(x)), 4) for x in zip(*losses, strict=True))
            record = {
                "step": run.step,
                "phase": run.phase,
                "minutes": round(run.minutes, 2),
                "loss": total,
                "prior_loss": prior,
                "tiles_per_second": round(speed, 1),
                "learning_rate": run.schedule() * config.learning_rate,
                **validate(run, sets),
            }
            log_record(log, record)
            since, tiles, losses = time.monotonic(), 0, []
        if run.finished:
            if run.calibration is None and isinstance(run.average, RefinerNetwork):
                run.calibration = fit_calibration(
                    run.average, pool.sample(config.calibration_pixels // pool.maker.tile**2)
                )
                run.save()
                log_record(log, {"step": run.step, "calibration": run.calibration})
            return run.checkpoint
        if run.step % config.refresh_steps == 0:
            pool.refresh(fresh)
        losses.append(run.advance(pool.sample(config.batch)))
        tiles += config.batch


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.refiner", description=__doc__
    )
    parser.add_argument("--codec", nargs="+", required=True, help="frozen codecs, names or folders")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="folders of photos")
    parser.add_argument("--cifar", type=Path, help="folder or pack of CIFAR-10 instead")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--size", choices=sorted(CONFIGS), default="photo", help="of the networks")
    parser.add_argument("--rates", type=int, nargs="*", default=[], help="default: the codec's")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--tile", type=int, default=RefinerTrainConfig.tile, help="pixels")
    parser.add_argument(
        "--picture", type=int, default=RefinerTrainConfig.size, help="pixels coded at once"
    )
    parser.add_argument(
        "--filter-pixels", type=int, default=RefinerTrainConfig.filter_pixels, metavar="N",
        help="that the filter is solved on",
    )  # fmt: skip
    parser.add_argument(
        "--calibration-pixels", type=int, default=RefinerTrainConfig.calibration_pixels,
        metavar="N", help="that the strengths are solved on at the end",
    )  # fmt: skip
    parser.add_argument("--first-fraction", type=float, default=RefinerTrainConfig.first_fraction)
    parser.add_argument("--batch", type=int, default=RefinerTrainConfig.batch, help="tiles")
    parser.add_argument("--learning-rate", type=float, default=RefinerTrainConfig.learning_rate)
    parser.add_argument("--muon-rate", type=float, default=RefinerTrainConfig.muon_rate)
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, where it is fast")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    config = RefinerTrainConfig(
        codec=tuple(options.codec),
        out=options.out,
        data=tuple(options.data),
        cifar=options.cifar,
        exclude_prefix=tuple(options.exclude_prefix),
        minutes=options.minutes,
        model=CONFIGS[options.size],
        rates=tuple(options.rates),
        size=options.picture,
        first_fraction=options.first_fraction,
        filter_pixels=options.filter_pixels,
        calibration_pixels=options.calibration_pixels,
        tile=options.tile,
        batch=options.batch,
        learning_rate=options.learning_rate,
        muon_rate=options.muon_rate,
        validate_every_minutes=options.validate_every,
        threads=options.threads,
        device=options.device,
        bfloat16=options.bfloat16,
        seed=options.seed,
    )
    train(config)


if __name__ == "__main__":
    main()
