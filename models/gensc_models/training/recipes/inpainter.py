"""Trainer of the inpainting network: ``python -m gensc_models.training.recipes.inpainter``.

Draws patches of all kinds of level (:mod:`gensc_models.restore.inpainting.patches`), a noise level
for each, and learns the velocity of the residual over the smooth continuation by its squared error
in the holes, for a given number of minutes. :mod:`gensc_models.training.export.inpainter` makes
weights of the checkpoint.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gensc_models.data.photos import load_split, photo_files, prefetch
from gensc_models.restore.inpainting.config import NetworkConfig
from gensc_models.restore.inpainting.network import InpaintingNetwork
from gensc_models.restore.inpainting.patches import Patches, PatchMaker, residual_scales
from gensc_models.restore.inpainting.pyramid import KINDS
from gensc_models.restore.inpainting.schedule import velocity
from gensc_models.training.timed_run import RunSettings, TimedRun

# Share of each kind of level in a batch, finest first; patches of the coarsest are smaller.
SHARES = (0.15, 0.15, 0.2, 0.2, 0.3)
VALIDATION_TAUS = (1.0, 0.75, 0.5, 0.25)
VALIDATION_PATCHES = 64
LEAST_TAU = 1e-3


@dataclass(frozen=True, kw_only=True)
class InpainterTrainConfig(RunSettings):
    """What one training run needs to know.

    ``data`` are folders of photos without those whose names begin with ``exclude_prefix``,
    ``saliency`` optionally one of importance maps whose shapes half of the masks get. Every
    batch has ``SHARES`` of all kinds of level. ``mean_share`` of the noise levels are pure noise,
    where the network learns the mean: sampling starts there.
    """

    data: tuple[Path, ...]
    exclude_prefix: tuple[str, ...] = ()
    saliency: Path | None = None
    model: NetworkConfig = field(default_factory=NetworkConfig)
    patch: int = 32
    mean_share: float = 0.1
    held_out: int = 16
    scale_patches: int = 256
    minutes: float = 60.0
    batch: int = 40
    learning_rate: float = 1e-3
    muon_rate: float = 3e-3
    decay: float = 0.0
    ema: float = 0.999
    clip: float = 1.0
    validate_every_minutes: float = 5.0

    @property
    def counts(self) -> tuple[int, ...]:
        """Patches of a step by kind of level, at least one of each."""
        return tuple(max(1, round(self.batch * share)) for share in SHARES)


def load_maps(config: InpainterTrainConfig) -> list[NDArray[np.uint8]]:
    """Importance maps, ``H x W``; none where no folder is named.

    Raises
    ------
    FileNotFoundError
        The folder does not exist or holds no image.
    """
    if config.saliency is None:
        return []
    maps = []
    for path in photo_files([config.saliency], config.exclude_prefix):
        with Image.open(path) as picture:
            maps.append(np.asarray(picture.convert("L")))
    return maps


def hole_loss(network: InpaintingNetwork, patches: Patches, tau: Tensor, noise: Tensor) -> Tensor:
    """Mean squared error of the velocity in the holes, per patch (``B``).

    The known part is noisy too, as RePaint presents it: its residual is 0.
    """
    clean = patches.residual / network.residual_scales[patches.kind][..., None, None]
    angle = (0.5 * torch.pi * tau).view(-1, 1, 1, 1)
    noisy = angle.cos() * clean + angle.sin() * noise
    predicted = network(noisy, patches.fill, patches.weight, tau, patches.kind)
    error = (predicted.float() - velocity(clean, noise, tau)).square().mean(dim=1)
    missing = 1.0 - patches.weight[:, 0]
    return (error * missing).sum(dim=(1, 2)) / missing.sum(dim=(1, 2)).clamp_min(1.0)


def draw_taus(count: int, mean_share: float, random: torch.Generator) -> Tensor:
    """Noise levels ``count``, evenly spread over a batch, ``mean_share`` of them pure noise."""
    order = torch.randperm(count, generator=random)
    tau = (order + torch.rand(count, generator=random)) / count
    pure = torch.rand(count, generator=random) < mean_share
    return torch.where(pure, 1.0, tau.clamp_min(LEAST_TAU))


@torch.inference_mode()
def validate(network: InpaintingNetwork, sets: Sequence[Patches]) -> dict[str, float]:
    """Loss on fixed patches, ``{"kind/tau": loss}``.

    At tau = 1 it is the squared error of the mean over the smooth continuation's.
    """
    result = {}
    for kind, patches in enumerate(sets):
        random = torch.Generator().manual_seed(0)
        noise = torch.randn(patches.image.shape, generator=random).to(patches.image.device)
        for value in VALIDATION_TAUS:
            tau = torch.full((len(noise),), value, device=noise.device)
            loss = hole_loss(network, patches, tau, noise).mean().item()
            result[f"{kind}/{value:g}"] = round(loss, 4)
    return result


def train(config: InpainterTrainConfig) -> Path:
    """Train (or go on training) and return the path of ``checkpoint.pt``.

    The log's validation is the averaged network's loss on held-out photos.

    Raises
    ------
    FileNotFoundError
        A data folder does not exist or holds no image large enough.
    ValueError
        The checkpoint is of a network of another size.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    maps = load_maps(config)
    photos, held_out = load_split(config.data, config.exclude_prefix, config.held_out, config.patch)
    config.out.mkdir(parents=True, exist_ok=True)
    run = TimedRun(config, lambda: InpaintingNetwork(config.model), asdict(config.model))
    if not run.checkpoint.exists():
        maker = PatchMaker(photos, config.seed, maps, config.patch)
        scales = residual_scales(maker, config.scale_patches)
        for network in (run.network, run.average):
            network.residual_scales.copy_(scales)
    run.resume()
    seed = config.seed + 7919 * (run.step + 1)
    maker = PatchMaker(photos, seed, maps, config.patch)
    random = torch.Generator().manual_seed(seed)
    batches = prefetch(lambda: maker.batch(config.counts))
    validation = PatchMaker(held_out, 0, maps, config.patch)
    sets = [validation.of_kind(k, VALIDATION_PATCHES).to(config.device) for k in range(KINDS)]

    def advance() -> float:
        losses = []
        for patches in next(batches):
            noise = torch.randn(patches.image.shape, generator=random).to(config.device)
            tau = draw_taus(len(noise), config.mean_share, random).to(config.device)
            with run.precision():
                losses.append(hole_loss(run.network, patches.to(config.device), tau, noise))
        return run.descend(torch.cat(losses).mean())

    return run.go_on(advance, lambda: validate(run.average, sets))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    config = InpainterTrainConfig(out=Path(), data=())
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.recipes.inpainter", description=__doc__
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--saliency", type=Path, help="folder of importance maps, for masks")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=config.minutes)
    parser.add_argument("--batch", type=int, default=config.batch, help="patches per step")
    parser.add_argument("--learning-rate", type=float, default=config.learning_rate)
    parser.add_argument("--muon-rate", type=float, default=config.muon_rate)
    parser.add_argument("--threads", type=int, default=config.threads)
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, where it is fast")
    parser.add_argument("--device", default=config.device)
    parser.add_argument("--seed", type=int, default=config.seed)
    options = vars(parser.parse_args(arguments))
    tuples = {name: tuple(options[name]) for name in ("data", "exclude_prefix")}
    train(replace(config, **{**options, **tuples}))


if __name__ == "__main__":
    main()
