"""The inpainting network: the velocity of the residual over a smooth continuation, in the holes.

Draws patches of all kinds of level (:mod:`gensc_models.restore.inpainting.patches`) and a noise
level for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gensc_models.data.photos import BLOCK, centre_crop, crop_to_blocks, load_split, photo_files
from gensc_models.restore.inpainting.classical import SmoothFill
from gensc_models.restore.inpainting.config import NetworkConfig
from gensc_models.restore.inpainting.diffusion import DiffusionInpainter
from gensc_models.restore.inpainting.masks import MaskMaker
from gensc_models.restore.inpainting.measures import measure
from gensc_models.restore.inpainting.network import InpaintingNetwork
from gensc_models.restore.inpainting.patches import Patches, PatchMaker, residual_scales
from gensc_models.restore.inpainting.pyramid import KINDS
from gensc_models.restore.inpainting.schedule import velocity
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe

VALIDATION_TAUS = (1.0, 0.75, 0.5, 0.25)
VALIDATION_PATCHES = 64
LEAST_TAU = 1e-3
MEASURED_SIDE, MEASURED_PHOTOS = 160, 4


@dataclass(frozen=True, kw_only=True)
class InpainterOptions(Options):
    """What a run of the inpainter can be told."""

    maps: Path | None = option(None, "folder of importance maps whose shapes half of the holes get")
    network: NetworkConfig = option(NetworkConfig(), "widths and depths")
    patch: int = option(32, "pixels a side")
    shares: tuple[float, ...] = option(
        (0.15, 0.15, 0.2, 0.2, 0.3), "of each kind of level in a batch, finest first"
    )
    mean_share: float = option(
        0.1, "of pure noise, where it learns the mean: sampling starts there"
    )
    held_out: int = option(16, "photos, for validation")
    scale_patches: int = option(256, "that the size of the residual is measured on")
    batch: int = 40
    learning_rate: float = 1e-3
    muon_rate: float = 3e-3
    ema: float = 0.999
    clip: float = 1.0


class InpainterRecipe(Recipe[InpaintingNetwork, list[Patches], InpainterOptions]):
    """Squared error of the velocity."""

    name = "inpainter"
    summary = "diffusion inpainter that fills in what is not sent, from folders of photos"
    usage = "gensc bench cie --inpainter {}"
    OPTIONS = InpainterOptions

    def __init__(self, settings: RunSettings, options: InpainterOptions) -> None:
        super().__init__(settings, options)
        self.maps = load_maps(options.maps, settings.exclude_prefix)
        self.photos, self.held_out = load_split(
            settings.data, settings.exclude_prefix, options.held_out, options.patch
        )
        validation = PatchMaker(self.held_out, 0, self.maps, options.patch)
        self.sets = [validation.of_kind(k, VALIDATION_PATCHES) for k in range(KINDS)]

    def model(self) -> InpaintingNetwork:
        return InpaintingNetwork(self.options.network)

    def described(self) -> dict[str, Any]:
        return asdict(self.options.network)

    def begin(self, network: InpaintingNetwork) -> None:
        maker = PatchMaker(self.photos, self.settings.seed, self.maps, self.options.patch)
        network.residual_scales.copy_(residual_scales(maker, self.options.scale_patches))

    def sampler(self, seed: int) -> Callable[[], list[Patches]]:
        # Other patches than those that the scales were measured on.
        maker = PatchMaker(self.photos, seed + 7919, self.maps, self.options.patch)
        self.random = torch.Generator().manual_seed(seed + 7919)
        counts = [max(1, round(self.options.batch * share)) for share in self.options.shares]
        return lambda: maker.batch(counts)

    def loss(
        self, network: InpaintingNetwork, batch: list[Patches], progress: float
    ) -> dict[str, Tensor]:
        losses = []
        for patches in batch:
            device = patches.image.device
            noise = torch.randn(patches.image.shape, generator=self.random).to(device)
            tau = draw_taus(len(noise), self.options.mean_share, self.random).to(device)
            losses.append(hole_loss(network, patches, tau, noise))
        return {"velocity": torch.cat(losses).mean()}

    @torch.inference_mode()
    def validate(self, network: InpaintingNetwork) -> Figures:
        """Loss on fixed patches; at tau = 1 the mean's squared error over the continuation's."""
        device = network.residual_scales.device
        result = {}
        for kind, stored in enumerate(self.sets):
            patches = stored.to(str(device))
            random = torch.Generator().manual_seed(0)
            noise = torch.randn(patches.image.shape, generator=random).to(device)
            for value in VALIDATION_TAUS:
                tau = torch.full((len(noise),), value, device=device)
                loss = hole_loss(network, patches, tau, noise).mean().item()
                result[f"level {kind}, tau {value:g}"] = round(loss, 4)
        return {"loss in the holes": result}

    def measure(self, network: InpaintingNetwork, last: Figures) -> Figures:
        """What it fills in whole photos with, beside their smooth continuation."""
        masks = MaskMaker(0, self.maps)
        photos = [centre_crop(crop_to_blocks(p), MEASURED_SIDE) for p in self.held_out]
        side = min(MEASURED_SIDE, *(min(photo.shape[:2]) for photo in photos))
        squares = [centre_crop(photo, side) for photo in photos[:MEASURED_PHOTOS]]
        pairs = [(photo, masks.pixels(side, BLOCK)) for photo in squares]
        figures: dict[str, dict[str, float]] = {}
        for inpainter in (self.product(network, "trained"), SmoothFill()):
            found = [measure(p, keep, inpainter.inpaint(p, keep)) for p, keep in pairs]
            for key in ("psnr", "texture", "border"):
                middle = float(np.median([getattr(one, key) for one in found]))
                figures.setdefault(f"{key} in the holes", {})[inpainter.name] = round(middle, 3)
        return {**last, **figures}

    def product(self, network: InpaintingNetwork, name: str) -> DiffusionInpainter:
        return DiffusionInpainter(name, network)


def load_maps(folder: Path | None, exclude_prefix: Sequence[str]) -> list[NDArray[np.uint8]]:
    """Importance maps, ``H x W``; none where no folder is named.

    Raises
    ------
    FileNotFoundError
        The folder does not exist or holds no image.
    """
    maps = []
    for path in photo_files([folder], exclude_prefix) if folder else []:
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
