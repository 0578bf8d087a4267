"""The refiner as the rest of the project sees it: uint8 images in, uint8 images out.

>>> refiner = load_refiner("refiner-photo")
>>> better = refiner.refine(decoded, snr_db=5.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.restore.refiner.config import PHOTO, RefinerConfig
from gensc_models.restore.refiner.network import RefinerNetwork
from gensc_models.restore.refiner.tiles import TILE, ramp, spans
from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsError

KIND = "refiner"
SMALLEST_SIDE = 16
# Pixels that go through the networks at once: one tile, or many small images.
PIXELS_PER_PASS = TILE * TILE

Image = NDArray[np.uint8]


class Refiner(nn.Module):
    """Restores detail in decoded images, given the SNR they were received at.

    Untrained, as constructed here, it leaves every image as it is; see :func:`load_refiner`.
    """

    def __init__(self, name: str, config: RefinerConfig = PHOTO) -> None:
        super().__init__()
        self.name = name
        self.config = config
        self.network = RefinerNetwork(config).to(memory_format=torch.channels_last)
        self.sha256 = ""
        self.eval()

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path, device: str = "cpu") -> Refiner:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, of another kind, or not fitting their own config.
        """
        folder = weights.locate(name_or_path)
        data = weights.read_config(folder)
        if data["kind"] != KIND:
            raise WeightsError(
                f"weights '{folder.name}' are of kind '{data['kind']}', expected '{KIND}'"
            )
        try:
            refiner = cls(data["name"], RefinerConfig.from_json(data["network"]))
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise WeightsError(
                f"weights '{folder.name}': unusable network config: {error}"
            ) from error
        tensors = weights.read_tensors(folder, data["sha256"])
        weights.load_into(refiner.network, tensors, folder.name)
        refiner.sha256 = data["sha256"]
        return refiner.to(device)

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (float16) into a folder."""
        config = {"name": self.name, "kind": KIND, "network": self.config.as_json()}
        weights.write(Path(path), config, self.network)

    def refine(self, image: Image, snr_db: float, seed: int = 0) -> Image:
        """One decoded image uint8 ``H x W x 3``, both sides at least 16, to a better one.

        Parameters
        ----------
        image : as the codec decoded it.
        snr_db : Es/N0 the receiver measured for this image, fading included.
        seed : of the noise Z_T that the diffusion starts from; equal seeds give equal images.

        Raises
        ------
        ValueError
            Not a uint8 colour image, a side below 16 pixels, or an SNR that is not a number.
        """
        return self.refine_images([image], [snr_db], seed)[0]

    @torch.inference_mode()
    def refine_images(
        self, images: Sequence[Image], snrs_db: Sequence[float], seed: int = 0
    ) -> list[Image]:
        """Several images of one size, each as :meth:`refine` would (up to rounding, 1 LSB).

        Raises
        ------
        ValueError
            As :meth:`refine`; images of different sizes; another number of SNRs than images.
        """
        if len(images) != len(snrs_db):
            raise ValueError(f"{len(images)} images but {len(snrs_db)} SNRs")
        if not images:
            return []
        for image, snr_db in zip(images, snrs_db, strict=True):
            _check(image, snr_db)
        sizes = sorted({image.shape[:2] for image in images})
        if len(sizes) > 1:
            raise ValueError(f"images of different sizes: {sizes}")
        height, width = sizes[0]
        noise = torch.randn(
            1, self.config.prior_size, generator=torch.Generator().manual_seed(seed)
        )
        if max(height, width) > TILE:
            pairs = zip(images, snrs_db, strict=True)
            return [self._refine_in_tiles(image, snr_db, noise) for image, snr_db in pairs]
        at_once = max(1, PIXELS_PER_PASS // (height * width))
        result: list[Image] = []
        for first in range(0, len(images), at_once):
            part = slice(first, first + at_once)
            decoded = torch.stack([_to_tensor(image) for image in images[part]])
            result += map(_to_image, self._run(decoded, snrs_db[part], noise))
        return result

    def _run(self, decoded: Tensor, snrs_db: Sequence[float], noise: Tensor) -> Tensor:
        """Networks on ``B x 3 x H x W`` in [0, 1] of any size; the same shape, on the CPU."""
        device = next(self.parameters()).device
        height, width = decoded.shape[-2:]
        multiple = self.config.multiple
        padded = F.pad(decoded, (0, -width % multiple, 0, -height % multiple), mode="reflect")
        refined = self.network(
            padded.to(device).contiguous(memory_format=torch.channels_last),
            torch.tensor(list(snrs_db), dtype=torch.float32, device=device),
            noise.expand(len(decoded), -1).to(device),
        )
        return refined[..., :height, :width].cpu()

    def _refine_in_tiles(self, image: Image, snr_db: float, noise: Tensor) -> Image:
        height, width = image.shape[:2]
        total, weight_sum = torch.zeros(3, height, width), torch.zeros(height, width)
        for rows in spans(height):
            for columns in spans(width):
                area = (slice(*rows), slice(*columns))
                refined = self._run(_to_tensor(image[area])[None], [snr_db], noise)[0]
                weight = ramp(rows, height)[:, None] * ramp(columns, width)
                total[:, area[0], area[1]] += weight * refined
                weight_sum[area] += weight
        return _to_image(total / weight_sum)


def _check(image: Image, snr_db: float) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected uint8 HxWx3, got {image.dtype} {image.shape}")
    if min(image.shape[:2]) < SMALLEST_SIDE:
        height, width = image.shape[:2]
        raise ValueError(f"image of {width}x{height}: both sides must be {SMALLEST_SIDE} or more")
    if math.isnan(snr_db):
        raise ValueError("snr_db is not a number")


def _to_tensor(image: Image) -> Tensor:
    """uint8 ``H x W x 3`` to float32 ``3 x H x W`` in [0, 1]."""
    return torch.tensor(np.ascontiguousarray(image)).permute(2, 0, 1).float() / 255.0


def _to_image(image: Tensor) -> Image:
    """``3 x H x W`` to uint8 ``H x W x 3``, clipped."""
    pixels = (image.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous().numpy()


def load_refiner(name_or_path: str | Path, device: str = "cpu") -> Refiner:
    """The refiner of that name or folder, ready to use.

    Raises
    ------
    WeightsError
        One line that names what is missing or wrong.
    """
    return Refiner.from_pretrained(name_or_path, device)
