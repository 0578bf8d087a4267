"""Trainer of the codec bank: ``python -m gensc_models.training.recipes.bank --data DIR --out DIR``.

Trains the entropy model on what bits cost and the universal decoder on every way in which latents
may be known badly (:mod:`.uncertainty`): quantised, sent as analog symbols, lost. Starts from a
wavelet codec (:mod:`gensc_models.codecs.bank.transforms`), or from the network of an earlier run
(``--start``); trains all operating
points at once for a given number of minutes (the learning rate follows the clock), resumes from
its checkpoint, logs JSON lines and keeps an exponential moving average of the weights, which is
what gets exported (:mod:`gensc_models.training.export.bank`).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.bank.initial import initialise
from gensc_models.codecs.bank.network import Coded, HyperpriorNetwork, multipliers
from gensc_models.codecs.bank.points import LAST
from gensc_models.codecs.bank.rate_distortion import evaluate
from gensc_models.codecs.bank.scales import LEVELS
from gensc_models.codecs.bank.transforms import HyperpriorConfig
from gensc_models.data.photos import (
    BLOCK,
    CropSampler,
    Photo,
    centre_crop,
    crop_to_blocks,
    load_split,
    prefetch,
    to_tensor,
)
from gensc_models.training.muon import Muon
from gensc_models.training.recipes.uncertainty import Draw, Drawer, Shares, known, matching_position
from gensc_models.training.schedule import follow, log_record, pace, save_checkpoint

BACKBONE = HyperpriorConfig(
    decoder_depth_16=4, decoder_depth_8=3, decoder_depth_4=3, points=LAST, anchors=7
)
"""The bank that is shipped."""


@dataclass(frozen=True)
class TrainConfig:
    """What one training run needs to know.

    ``muon_rate`` is the learning rate of the convolutions of the image transforms,
    ``hyper_rate`` Adam's for those of the hyper-networks (they start from a known answer, which
    a larger one destroys within minutes) and ``learning_rate`` Adam's for vectors and tables.
    For the first ``entropy_first`` of the time only the entropy model is trained, which is five
    times as fast, from then on in one of ``entropy_every`` steps. ``start`` is a file of
    parameters to begin with (:func:`save_network`).
    ``masked`` is the share of crops of which only part is sent. Crops of the entropy model are
    large enough that
    some of their hyper-latents, one for 64x64 pixels, lie inside: networks that only ever saw the
    zeros around a map of 2x2 lose bits and decibels on whole photos. The decoder, which sees a few
    blocks far, is content with ``decoder_crop``.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float = 60.0
    exclude_prefix: tuple[str, ...] = ()
    model: HyperpriorConfig = field(default=BACKBONE)
    learning_rate: float = 1e-3
    hyper_rate: float = 2e-4
    muon_rate: float = 2e-3
    entropy_first: float = 0.3
    entropy_every: int = 5
    shares: Shares = field(default_factory=Shares)
    start: Path | None = None
    warmup_steps: int = 100
    ema: float = 0.998
    clip: float = 5.0
    crop: int = 256
    batch: int = 2
    decoder_crop: int = 128
    decoder_batch: int = 8
    masked: float = 0.1
    statistics_crops: int = 400
    validate_every_minutes: float = 5.0
    validation_photos: int = 8
    validation_points: tuple[int, ...] = (1, 7, 13, 19, 25)
    max_steps: int | None = None
    threads: int = 2
    bfloat16: bool = False
    device: str = "cpu"
    seed: int = 1


def draw_masks(count: int, side: int, share: float, generator: torch.Generator) -> Tensor:
    """Masks ``count x side x side``: all kept, or (a ``share`` of them) one smooth region."""
    noise = torch.randn(count, 1, 3, 3, generator=generator)
    smooth = F.interpolate(noise, size=(side, side), mode="bilinear", align_corners=True)[:, 0]
    whole = torch.rand(count, generator=generator) >= share
    return (smooth > 0.0) | whole[:, None, None]


UNSENT_SHARE = 0.25
"""Weight of what the mask did not send, which the decoder can only guess."""


def rate_loss(coded: Coded, position: Tensor, pixels: int) -> Tensor:
    """Bits per pixel of each image over ``sqrt(lambda)``, averaged.

    The division keeps the best point, whose bits are fifty times those of the last, from taking all
    the gradient.
    """
    rate = (coded.y_bits + coded.z_bits) / pixels
    return (rate / multipliers(position).sqrt()).mean()


def distortion_loss(
    decoded: Tensor, image: Tensor, keep: Tensor, position: Tensor, whole: Tensor
) -> Tensor:
    """Mean logarithm of the squared error: PSNR, averaged over images, in nepers of power.

    Where part of an image was not sent, both parts count by themselves. Images that are ``whole``
    (``B`` bool) count by ``sqrt(lambda) 255^2 MSE`` instead, which is commensurate with
    :func:`rate_loss`.
    """
    pixels = keep.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2).float()
    squares = (decoded - image).square().mean(dim=1)
    weight = 255.0**2 * multipliers(position).sqrt()
    total = decoded.new_zeros(len(image))
    for part, share in ((pixels, 1.0), (1.0 - pixels, UNSENT_SHARE)):
        area = part.sum(dim=(1, 2))
        error = (squares * part).sum(dim=(1, 2)) / area.clamp_min(1.0)
        counted = torch.where(whole, weight * error, torch.log(error + 1e-7))
        total = total + share * counted * (area > 0)
    return total.mean()


class Spread:
    """Running standard deviation of latents about their means, by level."""

    FORGET = 0.998

    def __init__(self, first: Tensor) -> None:
        # As if each level had been seen a little already, with the model's own deviation.
        self.count = torch.full((LEVELS,), 2000.0, dtype=torch.float64)
        self.squares = first.double().square() * self.count

    @torch.no_grad()
    def see(self, coded: Coded) -> Tensor:
        """Takes in a batch and gives the deviations as they are now, ``64``."""
        level = coded.levels.round().long()[coded.sent]
        values = coded.latents[coded.sent].double().square()
        self.count = self.FORGET * self.count + torch.bincount(level, minlength=LEVELS).double()
        seen = torch.bincount(level, weights=values, minlength=LEVELS)
        self.squares = self.FORGET * self.squares + seen
        return (self.squares / self.count).sqrt().float()


def save_network(network: HyperpriorNetwork, path: Path) -> None:
    """Parameters and buffers in float16 for a later ``start``; levels' statistics in float32."""
    tensors = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(tensors, path)


def load_network(network: HyperpriorNetwork, path: Path) -> None:
    """Reads :func:`save_network`.

    Raises
    ------
    ValueError
        No such file, or of a network of another shape.
    """
    try:
        tensors = load_file(path)
        network.load_state_dict({name: value.float() for name, value in tensors.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ValueError(f"{path}: cannot start from it: {error}") from error


class TrainingRun:
    """Network, average, optimisers and clock of one run; everything that a checkpoint holds."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.network = HyperpriorNetwork(config.model).to(config.device)
        self.drawer = Drawer(config.shares, config.model.lowest, config.seed)
        self.spread = Spread(self.network.transforms.spread)
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
        """Starts from the wavelet codec, its statistics measured on ``crops``, or from a file."""
        if self.config.start is None:
            initialise(self.network, crops)
        else:
            load_network(self.network, self.config.start)
        self.spread = Spread(self.network.transforms.spread)
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
        self.spread.count, self.spread.squares = state["spread"]
        self.drawer.generator.manual_seed(self.config.seed + state["step"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self._earlier_minutes = state["step"], state["minutes"]

    def save(self) -> None:
        """Writes ``checkpoint.pt``; a run killed meanwhile leaves the old one whole."""
        state = {
            "config": asdict(self.config.model),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "spread": (self.spread.count, self.spread.squares),
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

    def turn(self) -> int:
        """What to learn next: 0 the entropy model, 1 the decoder."""
        if self.network.transforms.analysis is not None:
            return 1
        first = self.minutes < self.config.entropy_first * self.config.minutes
        return 0 if first or self.step % self.config.entropy_every == 0 else 1

    def learn_entropy(self, image: Tensor, keep: Tensor) -> float:
        """One step of the entropy model on a batch; returns bits per pixel over sqrt(lambda)."""
        draws = self.drawer.batch(len(image))
        position = self._positions(draws)
        coded = self.network(image, position, keep)
        self._measure(coded)
        return self._descend(rate_loss(coded, position, image.shape[-1] * image.shape[-2]))

    def learn_decoder(self, image: Tensor, keep: Tensor) -> float:
        """One step of the universal decoder on a batch; returns the logarithm of its error.

        A learned analysis takes part through what is quantised and whole, for which bits and error
        then count together.
        """
        draws = self.drawer.batch(len(image))
        position = self._positions(draws)
        transforms = self.network.transforms
        joint = transforms.analysis is not None
        with torch.set_grad_enabled(joint):
            coded = self.network(image, position, keep)
        if joint:
            self._measure(coded)
        estimate, deviation = known(coded, transforms.spread, draws, self.drawer.generator)
        whole = torch.tensor([joint and d.kind == "quantised" for d in draws], device=image.device)
        if joint:
            through = (coded.values + coded.means) * whole[:, None, None, None]
            estimate = estimate + (through - through.detach())
        image = image.contiguous(memory_format=torch.channels_last)
        decoded = transforms.synthesise(estimate, deviation, position)
        loss = distortion_loss(decoded, image, keep, position, whole)
        if joint:
            loss = loss + rate_loss(coded, position, image.shape[-1] * image.shape[-2])
        return self._descend(loss)

    def _measure(self, coded: Coded) -> None:
        deviations = self.spread.see(coded)
        for network in (self.network, self.average):
            network.transforms.spread.copy_(deviations)

    def _positions(self, draws: list[Draw]) -> Tensor:
        return torch.tensor([d.position for d in draws], device=self.config.device)

    def _descend(self, loss: Tensor) -> float:
        """A step whose loss or gradient is not finite is left out."""
        factor = self.schedule()
        self.muon.param_groups[0]["lr"] = self.config.muon_rate * factor
        for group in self.adam.param_groups:
            group["lr"] = group["peak"] * factor
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        learning = [p for p in self.network.parameters() if p.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(learning, self.config.clip)
        if bool(torch.isfinite(norm)):
            self.muon.step()
            self.adam.step()
        self.step += 1
        follow(self.average.parameters(), self.network.parameters(), self.step, self.config.ema)
        return loss.item()


def crop_batches(photos: Sequence[Photo], size: int, count: int, seed: int) -> Iterator[Tensor]:
    """Endless batches of random crops."""
    sampler = CropSampler(photos, seed)
    return prefetch(lambda: sampler.batch(count, size))


ANALOG_POINTS = ((1 / 48, 1.0), (1 / 24, 1.0), (1 / 24, 7.0), (1 / 24, 13.0), (1 / 6, 10.0))
"""CBR and SNR at which analog transmission is validated, at the operating point of :class:`Drawer`.
"""


def validate(
    network: HyperpriorNetwork, photos: Sequence[Photo], points: Sequence[int]
) -> dict[str, Any]:
    """The averaged network on some photos: ``phiN`` bits per pixel (real streams) and PSNR,
    ``analog`` PSNR over AWGN at :data:`ANALOG_POINTS`.
    """
    results = evaluate(HyperpriorCodec.from_network(network), photos, points)
    digital = {f"phi{r.point}": [round(r.bpp, 4), round(r.psnr, 3)] for r in results}
    analog = [round(analog_psnr(network, photos, *point), 3) for point in ANALOG_POINTS]
    return {**digital, "analog": analog}


@torch.no_grad()
def analog_psnr(
    network: HyperpriorNetwork, photos: Sequence[Photo], cbr: float, snr_db: float
) -> float:
    """Mean PSNR of photos sent as analog symbols alone, their sides whole multiples of 64."""
    generator = torch.Generator().manual_seed(1)
    draw = Draw("analog", matching_position(cbr, snr_db, network.config.lowest), snr_db, cbr)
    errors = []
    for photo in photos:
        image = to_tensor(crop_to_blocks(photo, 64))
        position = torch.tensor([draw.position])
        keep = torch.ones(1, *wavelet.grid(*image.shape[-2:]), dtype=torch.bool)
        coded = network(image, position, keep)
        told = known(coded, network.transforms.spread, [draw], generator)
        decoded = network.transforms.synthesise(*told, position).clamp(0.0, 1.0)
        errors.append(-10.0 * math.log10(float((decoded - image).square().mean())))
    return sum(errors) / len(errors)


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
    device = config.device
    ways = (
        (run.learn_entropy, config.crop, config.batch),
        (run.learn_decoder, config.decoder_crop, config.decoder_batch),
    )
    batches = [crop_batches(photos, size, n, seed + i) for i, (_, size, n) in enumerate(ways)]
    losses: tuple[list[float], list[float]] = ([], [])
    since, images = time.monotonic(), 0
    while True:
        due = time.monotonic() - since > 60.0 * config.validate_every_minutes
        if any(losses) and (due or run.finished):
            speed = images / (time.monotonic() - since)
            run.save()
            means = [round(sum(part) / len(part), 4) if part else None for part in losses]
            record = {
                "step": run.step,
                "minutes": round(run.minutes, 2),
                "loss": means,
                "images_per_second": round(speed, 1),
                "learning_rate": run.adam.param_groups[0]["lr"],
                "validation": validate(run.average, held_out, config.validation_points),
            }
            log_record(log, record)
            since, images, losses = time.monotonic(), 0, ([], [])
        if run.finished:
            return run.checkpoint
        which = run.turn()
        learn, size, _ = ways[which]
        image = next(batches[which]).to(device)
        keep = draw_masks(len(image), size // BLOCK, config.masked, generator).to(device)
        losses[which].append(learn(image, keep))
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
    parser.add_argument("--entropy-first", type=float, default=TrainConfig.entropy_first)
    parser.add_argument("--entropy-every", type=int, default=TrainConfig.entropy_every)
    parser.add_argument("--muon-rate", type=float, default=TrainConfig.muon_rate)
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--learned-analysis", action="store_true", help="learn a residual of the analysis too"
    )
    parser.add_argument("--bfloat16", action="store_true", help="image networks in bfloat16")
    parser.add_argument("--start", type=Path, help="parameters to begin with, of an earlier run")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    config = TrainConfig(
        data=tuple(options.data),
        out=options.out,
        minutes=options.minutes,
        exclude_prefix=tuple(options.exclude_prefix),
        model=replace(BACKBONE, learned_analysis=options.learned_analysis),
        learning_rate=options.learning_rate,
        hyper_rate=options.hyper_rate,
        entropy_first=options.entropy_first,
        entropy_every=options.entropy_every,
        muon_rate=options.muon_rate,
        validate_every_minutes=options.validate_every,
        threads=options.threads,
        bfloat16=options.bfloat16,
        start=options.start,
        device=options.device,
        seed=options.seed,
    )
    train(config)


if __name__ == "__main__":
    main()
