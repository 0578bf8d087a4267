"""The compact diffusion inpainter: coarse to fine, any size, in tiles.

>>> inpainter = DiffusionInpainter.from_pretrained("inpainter-photo")
>>> whole = inpainter.inpaint(image, keep)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.restore.inpainting.classical import GREY
from gensc_models.restore.inpainting.colours import of_opponent
from gensc_models.restore.inpainting.config import NetworkConfig, SamplingConfig
from gensc_models.restore.inpainting.inpainter import Image, Keep, check_request, combine
from gensc_models.restore.inpainting.network import InpaintingNetwork
from gensc_models.restore.inpainting.pyramid import Level, continuation, levels
from gensc_models.restore.inpainting.schedule import (
    Step,
    clean_of_velocity,
    diffuse,
    down,
    noise_levels,
    resampling_path,
    signal_share,
    up,
)
from gensc_models.restore.inpainting.tensors import known, to_image
from gensc_models.restore.inpainting.tiles import Area, Tiles
from gensc_models.weights import store as weights

KIND = "inpainter"
# No level does with fewer steps, however many levels a large image has.
FEWEST_STEPS = 4


class DiffusionInpainter:
    """Mask-conditioned diffusion over a smooth continuation of the kept pixels.

    What is missing is generated at a fraction of the resolution first, where the network sees the
    whole image, then refined level by level, each starting from the one below. On every level the
    diffusion makes the residual over the continuation, in units of its standard deviation; that of
    the known part is 0, so its noisy version, which RePaint puts in place after each step, is
    noise alone. Tiles overlap and their predictions are blended before every step, so there is
    one image at every moment and no seam between them.

    Parameters
    ----------
    name : of the weights.
    network : as trained; see :meth:`from_pretrained`.
    sampling : where the evaluations go.
    sha256 : of the weights, where they were read from a file.
    """

    def __init__(
        self,
        name: str,
        network: InpaintingNetwork,
        sampling: SamplingConfig | None = None,
        sha256: str = "",
    ) -> None:
        self.name = name
        self.network = network.to(memory_format=torch.channels_last).eval()
        self.sampling = sampling or SamplingConfig()
        self.sha256 = sha256

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        device: str = "cpu",
        sampling: SamplingConfig | None = None,
    ) -> DiffusionInpainter:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, of another kind, or not fitting their own config.
        """

        def build(config: dict[str, Any]) -> InpaintingNetwork:
            return InpaintingNetwork(NetworkConfig.from_json(config))

        stored = weights.read_network(name_or_path, KIND, build)
        return cls(stored.name, stored.network.to(device), sampling, stored.sha256)

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (float16) into a folder."""
        config = {"name": self.name, "kind": KIND, "network": self.network.config.as_json()}
        weights.write(Path(path), config, self.network)

    @torch.inference_mode()
    def inpaint(self, image: Image, keep: Keep, prompt: str = "", seed: int = 0) -> Image:
        """See :class:`gensc_models.restore.inpainting.Inpainter`; the prompt has no effect.

        Where nothing is kept there is nothing to go by: the image is middle grey.
        """
        check_request(image, keep)
        if not keep.any():
            return np.full_like(image, GREY)
        if keep.all():
            return image.copy()
        parts = levels(*known(image, keep))
        random = torch.Generator().manual_seed(seed)
        values: Tensor | None = None
        for level, path in zip(parts, self.paths(len(parts)), strict=True):
            fill = continuation(level.values, level.weight, values)
            values = self._sample(level, fill, path, random)
        assert values is not None
        return combine(image, keep, to_image(values))

    def paths(self, count: int) -> list[list[Step]]:
        """Steps on each of ``count`` levels, coarsest first: 31 evaluations in all.

        Images of more levels than that is enough for take the fewest steps per level.
        """
        sampling = self.sampling
        left = max(FEWEST_STEPS, sampling.steps - (count - 1) * sampling.refining_steps)
        coarsest = resampling_path(left, sampling.jumps, sampling.jump_length)
        return [coarsest] + [resampling_path(sampling.refining_steps, 0, 1)] * (count - 1)

    def _sample(
        self, level: Level, fill: Tensor, path: list[Step], random: torch.Generator
    ) -> Tensor:
        """One level ``1 x 3 x H x W``: reverse diffusion with RePaint's resampling."""
        sampling = self.sampling
        scales = self.network.residual_scales[level.kind].view(1, 3, 1, 1).cpu()
        taus = noise_levels(path[0].start, sampling.curve)
        missing = 1.0 - level.weight
        tiles = Tiles(missing, sampling.tile)
        x = torch.randn(fill.shape, generator=random)
        for start, stop in path:
            share, target = signal_share(taus[start]), signal_share(taus[stop])
            noise = torch.randn(fill.shape, generator=random)
            if stop > start:
                x = up(x, noise, share, target)
                continue
            clean = missing * self._denoise(x, fill, level, taus[start], tiles)
            x = down(x, clean, noise, share, target, sampling.temperature)
            known_part = diffuse(torch.zeros_like(x), noise, target)
            x = torch.where(level.weight > 0.0, known_part, x)
        return fill + of_opponent(scales * x)

    def _denoise(self, x: Tensor, fill: Tensor, level: Level, tau: float, tiles: Tiles) -> Tensor:
        """Estimate of the clean residual, ``1 x 3 x H x W``: tiles one by one, blended."""
        device = next(self.network.parameters()).device
        taus = torch.full((1,), tau, device=device)
        kind = torch.full((1,), level.kind, device=device)

        def run(area: Area) -> Tensor:
            parts = [t[..., area[0], area[1]] for t in (x, fill, level.weight)]
            height, width = parts[0].shape[-2:]
            multiple = self.network.config.multiple
            padding = (0, -width % multiple, 0, -height % multiple)
            noisy, smooth, weight = (F.pad(p, padding, mode="replicate").to(device) for p in parts)
            v = self.network(
                noisy.contiguous(memory_format=torch.channels_last), smooth, weight, taus, kind
            )
            return clean_of_velocity(parts[0], v[..., :height, :width].cpu(), tau)

        return tiles.blend(run)
