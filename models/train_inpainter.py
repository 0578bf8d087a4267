"""Trainer of the inpainting network: ``python -m gensc_models.train_inpainter``.

Draws patches of all kinds of level (:mod:`gensc_models.inpainting.patches`), a noise level
for each, and learns the velocity of the residual over the smooth continuation by its squared error
in the holes. Muon trains the convolutions, Adam the vectors. Trains for a given number of minutes
(the learning rate follows the clock), resumes from its checkpoint, logs JSON lines and keeps an
exponential moving average of the weights, which is what gets exported
(:mod:`gensc_models.export_inpainter`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gensc_models.inpainting.config import NetworkConfig
from gensc_models.inpainting.network import InpaintingNetwork
from gensc_models.inpainting.patches import Patches, PatchMaker, residual_scales
from gensc_models.inpainting.pyramid import KINDS
from gensc_models.inpainting.schedule import velocity
from gensc_models.muon import Muon
from gensc_models.photos import Photo, load_photo, photo_files, prefetch
from gensc_models.training import follow, log_record, pace, save_checkpoint
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

VALIDATION_TAUS = (1.0, 0.75, 0.5, 0.25)
VALIDATION_PATCHES = 64
LEAST_TAU = 1e-3


@dataclass(frozen=True)
class InpainterTrainConfig:
    """What one training run needs to know.

    ``data`` are folders of photos, ``saliency`` optionally one of importance maps whose shapes
    half of the masks get. ``batch`` are patches per step and kind of level, finest to coarsest.
    ``mean_share`` of the noise levels are pure noise, where the network learns the mean, which
    is where sampling starts.
    """

    data: tuple[Path, ...]
    out: Path
    minutes: float = 60.0
    exclude_prefix: tuple[str, ...] = ()
    saliency: Path | None = None
    model: NetworkConfig = field(default_factory=NetworkConfig)
    batch: tuple[int, ...] = (8, 8, 12, 12, 16)
    patch: int = 32
    mean_share: float = 0.1
    learning_rate: float = 1e-3
    muon_rate: float = 3e-3
    warmup_steps: int = 100
    ema: float = 0.999
    clip: float = 1.0
    held_out: int = 16
    validate_every_minutes: float = 5.0
    max_steps: int | None = None
    threads: int = 2
    bfloat16: bool = False
    device: str = "cpu"
    seed: int = 1


def load_photos(config: InpainterTrainConfig) -> tuple[list[Photo], list[Photo]]:
    """Training photos and held-out ones (every n-th file).

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    """
    files = photo_files(config.data, config.exclude_prefix)
    stride = max(2, len(files) // max(1, config.held_out))
    held_out = set(files[::stride][: config.held_out])
    photos = [load_photo(f) for f in files if f not in held_out]
    photos = [p for p in photos if min(p.shape[:2]) >= config.patch]
    if not photos:
        raise FileNotFoundError(f"no training photo of {config.patch} pixels or more")
    return photos, [load_photo(f) for f in sorted(held_out)]


def load_maps(config: InpainterTrainConfig) -> list[NDArray[np.uint8]]:
    """Importance maps, ``H x W``.

    Raises
    ------
    FileNotFoundError
        A folder is named, but does not exist or holds no image.
    """
    if config.saliency is None:
        return []
    maps = []
    for path in photo_files([config.saliency], config.exclude_prefix):
        with Image.open(path) as picture:
            maps.append(np.asarray(picture.convert("L")))
    return maps


def hole_loss(
    network: nn.Module, patches: Patches, tau: Tensor, noise: Tensor, scales: Tensor
) -> Tensor:
    """Mean squared error of the velocity in the holes, per patch (``B``).

    The known part is noisy too, as RePaint presents it: its residual is 0.
    """
    clean = patches.residual / scales[patches.kind][..., None, None]
    angle = (0.5 * torch.pi * tau).view(-1, 1, 1, 1)
    noisy = angle.cos() * clean + angle.sin() * noise
    predicted = network(noisy, patches.fill, patches.weight, tau, patches.kind)
    error = (predicted.float() - velocity(clean, noise, tau)).square().mean(dim=1)
    missing = 1.0 - patches.weight[:, 0]
    return (error * missing).sum(dim=(1, 2)) / missing.sum(dim=(1, 2)).clamp_min(1.0)


class TrainingRun:
    """Network, average, optimisers and clock of one run; everything that a checkpoint holds."""

    def __init__(self, config: InpainterTrainConfig, model: NetworkConfig) -> None:
        self.config = config
        self.model = model
        self.checkpoint = config.out / "checkpoint.pt"
        self.network = self._place(InpaintingNetwork(model))
        self.average = self._place(InpaintingNetwork(model)).eval().requires_grad_(False)
        self.average.load_state_dict(self.network.state_dict())
        self.step = 0
        self._earlier_minutes = 0.0
        self._start = time.monotonic()
        self._random = torch.Generator().manual_seed(config.seed)
        self._scales = torch.tensor(model.residual_scales, device=config.device)
        kernels = [p for p in self.network.parameters() if p.ndim == 4]
        others = [p for p in self.network.parameters() if p.ndim != 4]
        dtype = torch.bfloat16 if config.bfloat16 else torch.float32
        self.muon = Muon(kernels, config.muon_rate, dtype=dtype)
        self.adam = torch.optim.Adam(others, config.learning_rate, betas=(0.9, 0.99))

    def _place(self, module: nn.Module) -> Any:
        return module.to(self.config.device, memory_format=torch.channels_last)

    @property
    def minutes(self) -> float:
        """Minutes spent, over all resumptions."""
        return self._earlier_minutes + (time.monotonic() - self._start) / 60.0

    @property
    def finished(self) -> bool:
        """Whether the time (or the number of steps) asked for is used up."""
        limit = self.config.max_steps
        return self.minutes >= self.config.minutes or (limit is not None and self.step >= limit)

    def resume(self, state: dict[str, Any]) -> None:
        """Goes on from a checkpoint."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step, self._earlier_minutes = state["step"], state["minutes"]
        self._random.manual_seed(self.config.seed + self.step)

    def save(self) -> None:
        """Writes ``checkpoint.pt``; a run killed meanwhile leaves the old one whole."""
        state = {
            "config": asdict(self.config.model),
            "network_config": self.model.as_json(),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
        }
        save_checkpoint(state, self.checkpoint)

    def _on_device(self, patches: Patches) -> Patches:
        return Patches(*(part.to(self.config.device) for part in patches))

    def _draw_taus(self, count: int) -> Tensor:
        """Noise levels, evenly spread over the batch, and some of pure noise."""
        order = torch.randperm(count, generator=self._random)
        tau = (order + torch.rand(count, generator=self._random)) / count
        pure = torch.rand(count, generator=self._random) < self.config.mean_share
        return torch.where(pure, 1.0, tau.clamp_min(LEAST_TAU)).to(self.config.device)

    def advance(self, groups: Sequence[Patches]) -> float:
        """One optimiser step on patches, those of one size together; returns the mean loss.

        A step whose gradient is not finite is left out.
        """
        config = self.config
        factor = pace(self.step, config.warmup_steps, self.minutes / config.minutes)
        self.muon.param_groups[0]["lr"] = config.muon_rate * factor
        self.adam.param_groups[0]["lr"] = config.learning_rate * factor
        losses = []
        device_type = torch.device(config.device).type
        with torch.autocast(device_type, dtype=torch.bfloat16, enabled=config.bfloat16):
            for patches in map(self._on_device, groups):
                noise = torch.randn(patches.image.shape, generator=self._random).to(config.device)
                tau = self._draw_taus(len(noise))
                losses.append(hole_loss(self.network, patches, tau, noise, self._scales))
        loss = torch.cat(losses).mean()
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        if bool(torch.isfinite(norm)):
            self.muon.step()
            self.adam.step()
        self.step += 1
        follow(self.average.parameters(), self.network.parameters(), self.step, config.ema)
        return loss.item()

    @torch.inference_mode()
    def validate(self, sets: Sequence[Patches]) -> dict[str, list[float]]:
        """Loss of the averaged network on fixed patches, per noise level, one figure per kind.

        At tau = 1 it is the squared error of the mean relative to the smooth continuation's.
        """
        result: dict[str, list[float]] = {f"{value:g}": [] for value in VALIDATION_TAUS}
        for patches in map(self._on_device, sets):
            random = torch.Generator().manual_seed(0)
            noise = torch.randn(patches.image.shape, generator=random).to(self.config.device)
            for value in VALIDATION_TAUS:
                tau = torch.full((len(noise),), value, device=self.config.device)
                loss = hole_loss(self.average, patches, tau, noise, self._scales)
                result[f"{value:g}"].append(round(loss.mean().item(), 4))
        return result


def _new_or_resumed(config: InpainterTrainConfig, maker: PatchMaker) -> TrainingRun:
    checkpoint = config.out / "checkpoint.pt"
    if not checkpoint.exists():
        return TrainingRun(config, replace(config.model, residual_scales=residual_scales(maker)))
    state = torch.load(checkpoint, map_location=config.device, weights_only=True)
    if state.get("config") != asdict(config.model):
        raise ValueError(f"{checkpoint}: of another kind of run; choose another --out")
    run = TrainingRun(config, NetworkConfig.from_json(state["network_config"]))
    run.resume(state)
    return run


def train(config: InpainterTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    ``log.jsonl`` beside it has one record per validation: step, minutes, loss, patches per second
    and the averaged network's loss on held-out photos per kind of level and noise level.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    ValueError
        The checkpoint is of a network of another size.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    photos, held_out = load_photos(config)
    maps = load_maps(config)
    config.out.mkdir(parents=True, exist_ok=True)
    run = _new_or_resumed(config, PatchMaker(photos, config.seed, maps, config.patch))
    log = config.out / "log.jsonl"
    if not run.step:
        scales = run.model.as_json()["residual_scales"]
        log_record(log, {"step": 0, "photos": len(photos), "residual_scales": scales})
    validation = PatchMaker(held_out, 0, maps, config.patch)
    sets = [validation.of_kind(kind, VALIDATION_PATCHES) for kind in range(KINDS)]
    maker = PatchMaker(photos, config.seed + 7919 * (run.step + 1), maps, config.patch)
    batches = prefetch(lambda: maker.batch(config.batch))
    since, seen, losses = time.monotonic(), 0, []
    while True:
        due = time.monotonic() - since > 60.0 * config.validate_every_minutes
        if losses and (due or run.finished):
            record = {
                "step": run.step,
                "minutes": round(run.minutes, 2),
                "loss": round(sum(losses) / len(losses), 4),
                "patches_per_second": round(seen / (time.monotonic() - since), 1),
                "learning_rate": run.adam.param_groups[0]["lr"],
                "validation": run.validate(sets),
            }
            run.save()
            log_record(log, record)
            since, seen, losses = time.monotonic(), 0, []
        if run.finished:
            return run.checkpoint
        losses.append(run.advance(next(batches)))
        seen += sum(config.batch)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    parser = argparse.ArgumentParser(prog="gensc_models.train_inpainter", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--saliency", type=Path, help="folder of importance maps, for masks")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument(
        "--batch", type=int, nargs=KINDS, default=InpainterTrainConfig.batch,
        help="patches per step and kind of level, finest to coarsest",
    )  # fmt: skip
    parser.add_argument("--learning-rate", type=float, default=InpainterTrainConfig.learning_rate)
    parser.add_argument("--muon-rate", type=float, default=InpainterTrainConfig.muon_rate)
    parser.add_argument("--validate-every", type=float, default=5.0, metavar="MINUTES")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, where it is fast")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    config = InpainterTrainConfig(
        data=tuple(options.data),
        out=options.out,
        minutes=options.minutes,
        exclude_prefix=tuple(options.exclude_prefix),
        saliency=options.saliency,
        batch=tuple(options.batch),
        learning_rate=options.learning_rate,
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
