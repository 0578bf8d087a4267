"""The networks of SGD-JSCC as their authors published them.

Zhang et al., "Semantics-guided diffusion for deep joint source-channel coding in wireless image
transmission" (arXiv 2501.01138). The code is a clone of github.com/MauroZMJ/SGDJSCC, which is run
from where it lies; the checkpoints lie in its folder ``checkpoint``, or are fetched from the hub.
Both need what the authors name (timm, einops, xformers).

An image is cut into tiles of 128 pixels, whose latents have 16 channels and power one each.
Differences to the authors' own receiver: the edge map is the one that was sent here, not that of
their edge codec; there is no guess at the SNR, as the link knows it; and their constant shift of
two latent channels is left out.
"""

from __future__ import annotations

import importlib
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.foundation.extra import FoundationError
from gensc_models.foundation.pipelines import PipelineConfig
from gensc_models.metrics.clip import load_clip
from gensc_models.weights.hub import UnavailableError, impatient_hub

REPOSITORY = "murjun/SGDJSCC"
CLIP = "ViT-L-14-quickgelu/openai"
TILE = 128
LATENT_TILE = 16
CHANNELS = 16
# What the authors divide latents of edge maps by.
EDGE_SCALE = 15.45
# How strictly text and edges are followed where nothing is said; the edges as from 0 dB on.
GUIDANCE = 4.0
EDGE_GUIDANCE = 0.2
AVOID = "distorted, discontinuous, ugly, blurry, low resolution, deformed, bad quality, deformed"
AUTOENCODER = {
    "double_z": True, "z_channels": CHANNELS, "resolution": TILE, "in_channels": 3, "out_ch": 3,
    "ch": 128, "ch_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0,
}  # fmt: skip
DENOISER = {"depth": 12, "hidden_size": 512, "patch_size": 1, "num_heads": 8}
CONTROLLED_BLOCKS = 6
PACKAGES = ("models", "utils")

Latents = NDArray[np.float64]
Predict = Callable[[Latents, int], Latents]


def noise_levels() -> NDArray[np.float64]:
    """Noise variances beside a signal of variance one at 1000 times of their sigmoid schedule."""
    sigmoid = 1.0 / (1.0 + np.exp(-np.linspace(0.001, 1.0, 1000) * 3.0 / 0.7))
    end = 1.0 / (1.0 + math.exp(-3.0 / 0.7))
    share = np.minimum((sigmoid - 0.5) / (end - 0.5), 1.0 - 1e-6)
    return share / (1.0 - share)


class SgdjsccLatents:
    """The authors' autoencoder and denoiser; see :class:`DiffusersLatents`, which it stands in for.

    Parameters
    ----------
    config
        ``name`` is the clone's folder; device, steps, guidance and limit_s are heeded.

    Raises
    ------
    UnavailableError
        There is no such clone, or code or checkpoints lack something.
    FoundationError
        There is no such device.
    """

    levels = noise_levels()

    def __init__(self, config: PipelineConfig) -> None:
        folder = Path(config.name)
        self.name = f"SGD-JSCC of {folder.name}"
        self._config = config
        try:
            with _modules_of(folder) as load:
                self._vae = load("autoencoderkl").AutoencoderKL(AUTOENCODER, CHANNELS)
                denoiser = load("mask_diffusion").MDTv2(**DENOISER)
                controlled = load("mask_diffusion_controlnet").MDTv2_ControlNet
        except Exception as error:  # code of others, which fails in all ways
            what = f"{config.name} is no clone of github.com/MauroZMJ/SGDJSCC that runs here"
            raise UnavailableError(what, error) from error
        try:
            parts = _tensors(folder, "JSCC_model.pth").items()
            vae = {k.removeprefix("vae."): v for k, v in parts if k.startswith("vae.")}
            self._vae.load_state_dict(vae)
            denoiser.load_state_dict(_tensors(folder, "diffusion_backbone.pth")["model_ema"])
            net = controlled(denoiser, CONTROLLED_BLOCKS, DENOISER["hidden_size"])
            net.load_state_dict(_tensors(folder, "diffusion_controlnet.pth")["model_ema"])
        except UnavailableError:
            raise
        except Exception as error:
            what = f"the checkpoints of SGD-JSCC do not fit the code in {config.name}"
            raise UnavailableError(what, error) from error
        self._clip = load_clip(CLIP)
        try:
            self._vae.to(config.device).eval()
            self._net = net.to(config.device).eval()
        except Exception as error:  # torch has several for a missing device
            raise FoundationError(f"{self.name} on {config.device}: {error}") from error
        self.by_outlines = True

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Channels, rows and columns of the latents of an image of that size."""
        rows, columns = -(-height // TILE), -(-width // TILE)
        return CHANNELS, rows * LATENT_TILE, columns * LATENT_TILE

    def step_of(self, variance: float) -> int:
        """The first time whose noise is at least that strong, or the last of all."""
        return min(int(np.searchsorted(self.levels, variance)), len(self.levels) - 1)

    def encode(self, image: NDArray[np.uint8]) -> Latents:
        """Latents of an image uint8 ``H x W x 3``, of power one in every tile.

        Raises
        ------
        FoundationError
            The autoencoder failed.
        """
        with self._failing():
            return of_tiles(_unit(self._encode(image)), image.shape[:2])

    @torch.inference_mode()
    def denoise(
        self,
        noisy: Latents,
        step: int,
        prompt: str,
        height: int,
        width: int,
        correct: Callable[[Latents, float], Latents] | None = None,
        lines: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> NDArray[np.uint8]:
        """As :meth:`DiffusersLatents.denoise`; nothing is left to chance, so ``seed`` is not read.

        Raises
        ------
        FoundationError
            The networks failed, or took longer than allowed.
        """
        end = time.monotonic() + self._config.limit_s
        with self._failing():
            guide = None if lines is None else self._edges(lines)
            count = len(to_tiles(noisy))
            texts = self._clip.model.encode_text(self._clip.tokenise([prompt, AVOID])).float()
            labels = texts.repeat_interleave(count, dim=0).to(self._config.device)

            def predict(latents: Latents, now: int) -> Latents:
                if time.monotonic() > end:
                    raise FoundationError(f"not done after {self._config.limit_s:g} s")
                found = self._predict(to_tiles(latents), now, labels, guide)
                return of_tiles(found, (height, width))

            steps = np.unique(np.linspace(step, 0.0, self._config.steps).round().astype(int))[::-1]
            clean = solve(predict, noisy, steps.tolist(), self.levels, correct)
            latents = torch.from_numpy(_unit(to_tiles(clean))).float().to(self._config.device)
            pixels = self._vae.decode(latents)[0].float().cpu().numpy()
        tiles = np.clip((pixels + 1.0) * 127.5, 0.0, 255.0).round().astype(np.uint8)
        picture = of_tiles(tiles, (height, width)).transpose(1, 2, 0)
        return np.ascontiguousarray(picture[:height, :width])

    def _predict(
        self, tiles: NDArray[np.float64], now: int, labels: Tensor, guide: Tensor | None
    ) -> NDArray[np.float64]:
        """Clean latents of tiles, with classifier-free guidance that fades as the noise does."""
        level = float(self.levels[now])
        share, moment = level / (1.0 + level), 0.001 + 0.999 * now / (len(self.levels) - 1)
        scaled = torch.from_numpy(tiles / math.sqrt(1.0 + level)).float().to(self._config.device)
        both, count = torch.cat([scaled, scaled]), len(tiles)
        noise = torch.full((2 * count, 1), math.sqrt(share), device=both.device)
        edges = None if guide is None else torch.cat([guide, guide])
        scales = [EDGE_GUIDANCE] * count + [0.0] * count
        told, untold = self._net(both, noise, labels, edges, not_control=scales).chunk(2)
        guidance = GUIDANCE if self._config.guidance is None else self._config.guidance
        weight = guidance * (1.0 - math.cos(math.pi * moment)) / 2.0
        return (weight * told + (1.0 - weight) * untold).double().cpu().numpy()

    def _edges(self, lines: NDArray[np.bool_]) -> Tensor:
        picture = np.repeat(lines[..., None] * np.uint8(255), 3, axis=2)
        return torch.from_numpy(self._encode(picture) / EDGE_SCALE).float().to(self._config.device)

    @torch.inference_mode()
    def _encode(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Latents of the tiles of an image, continued by its mirror image."""
        height, width = image.shape[:2]
        padding = ((0, -height % TILE), (0, -width % TILE), (0, 0))
        whole = np.pad(image, padding, mode="symmetric").transpose(2, 0, 1)
        tiles = torch.from_numpy(to_tiles(whole, TILE) / 127.5 - 1.0).float()
        found = self._vae.encode(tiles.to(self._config.device)).latent_dist.mean
        return found.double().cpu().numpy()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except FoundationError:
            raise
        except Exception as error:  # networks of all kinds fail in all ways
            raise FoundationError(f"{self.name}: {error}") from error


def solve(
    predict: Predict,
    noisy: Latents,
    steps: list[int],
    levels: NDArray[np.float64],
    correct: Callable[[Latents, float], Latents] | None = None,
) -> Latents:
    """DPM-Solver++(2M) for a network that predicts clean latents, ``signal + noise`` throughout.

    Parameters
    ----------
    predict
        Clean latents of noisy ones at a step.
    noisy
        With the noise of the first step.
    steps
        Descending.
    levels
        Noise variance of every step.
    correct
        Looks at the latents before each step but the first.
    """
    latents, before, last = noisy, None, 0.0
    for now, then in pairwise(steps):
        clean = predict(latents, now)
        stride = 0.5 * math.log(levels[now] / levels[then])
        aim = clean
        if before is not None:
            # The line through the last two predictions, half a step on.
            aim = clean + 0.5 * stride / last * (clean - before)
        shrink = math.exp(-stride)
        latents = shrink * latents + (1.0 - shrink) * aim
        if correct is not None:
            latents = correct(latents, float(levels[then]))
        before, last = clean, stride
    return predict(latents, steps[-1])


def to_tiles(plane: NDArray[Any], side: int = LATENT_TILE) -> NDArray[Any]:
    """``C x R side x S side`` to ``R S x C x side x side``."""
    channels, height, width = plane.shape
    split = plane.reshape(channels, height // side, side, width // side, side)
    return split.transpose(1, 3, 0, 2, 4).reshape(-1, channels, side, side)


def of_tiles(tiles: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """Inverse of :func:`to_tiles`, for an image of so many pixels."""
    rows, columns = -(-size[0] // TILE), -(-size[1] // TILE)
    channels, side = tiles.shape[1], tiles.shape[2]
    split = tiles.reshape(rows, columns, channels, side, side).transpose(2, 0, 3, 1, 4)
    return split.reshape(channels, rows * side, columns * side)


def _unit(tiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tiles of mean power one; those with nothing in them as they are."""
    power = np.mean(tiles**2, axis=(1, 2, 3), keepdims=True)
    return tiles / np.sqrt(np.where(power > 0.0, power, 1.0))


def _tensors(folder: Path, name: str) -> dict[str, Any]:
    """A checkpoint of the clone's folder, or from the hub; nothing but tensors is unpickled.

    Raises
    ------
    UnavailableError
        It is neither here nor to be fetched, or no checkpoint.
    """
    try:
        path = folder / "checkpoint" / name
        if not path.is_file():
            from huggingface_hub import hf_hub_download

            with impatient_hub():
                path = Path(hf_hub_download(REPOSITORY, name))
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the hub and torch have each their own
        what = f"SGD-JSCC's {name} cannot be had, neither in {folder}/checkpoint nor from the hub"
        raise UnavailableError(what, error) from error


@contextmanager
def _modules_of(folder: Path) -> Iterator[Callable[[str], Any]]:
    """Loads modules of the clone, whose packages have everyday names: here and no longer."""

    def theirs() -> list[str]:
        return [name for name in sys.modules if name.partition(".")[0] in PACKAGES]

    own = {name: sys.modules.pop(name) for name in theirs()}
    sys.path.insert(0, str(folder))
    for name in PACKAGES:
        # Without it a folder elsewhere on the path that has one would be taken in its place.
        if not (folder / name / "__init__.py").is_file():
            sys.modules[name] = ModuleType(name)
            sys.modules[name].__path__ = [str(folder / name)]
    importlib.invalidate_caches()
    try:
        yield lambda name: importlib.import_module(f"models.test_advanced_network.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in theirs():
            del sys.modules[name]
        sys.modules.update(own)
