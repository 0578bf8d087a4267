"""Codecs with one stream of analog symbols: a network with its identity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from gensc_models.codecs import layout
from gensc_models.codecs.codec import MAX_PIXELS, RECOMMENDED_RATES, Codec, Encoded, Received
from gensc_models.codecs.layout import SideInfo
from gensc_models.codecs.networks import NetworkConfig, config_of_kind, kind_of, network_of
from gensc_models.codecs.photo.network import JsccConfig
from gensc_models.data.photos import Photo
from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsError


@dataclass(frozen=True)
class CodecConfig:
    """Name of a codec and the shape of its network."""

    name: str
    rates: tuple[int, ...] = RECOMMENDED_RATES
    network: NetworkConfig = field(default_factory=JsccConfig)

    def as_json(self) -> dict[str, Any]:
        """The part of ``config.json`` that is the codec's own."""
        return {**asdict(self), "kind": kind_of(self.network), "rates": list(self.rates)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CodecConfig:
        """Reads :meth:`as_json` back.

        Raises
        ------
        WeightsError
            Another kind of model, or fields this version does not know.
        """
        name = data["name"]
        if data["kind"] in weights.NOT_CODECS:
            raise WeightsError(f"weights '{name}' are of kind '{data['kind']}', not a codec")
        try:
            network = config_of_kind(data["kind"])(**data["network"])
        except ValueError as error:
            raise WeightsError(f"weights '{name}': {error}") from error
        except (KeyError, TypeError) as error:
            raise WeightsError(f"weights '{name}': unusable network config: {error}") from error
        return cls(name, tuple(data["rates"]), network)


class JsccCodec(Codec, nn.Module):
    """A joint source-channel codec: any of :mod:`gensc_models.codecs.networks`."""

    def __init__(self, config: CodecConfig) -> None:
        nn.Module.__init__(self)
        self.config = config
        self.name, self.rates = config.name, config.rates
        self.network = network_of(config.network)
        self.eval()

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path, device: str = "cpu") -> JsccCodec:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, or not fitting their own config.
        """
        folder = weights.locate(name_or_path)
        data = weights.read_config(folder)
        try:
            codec = cls(CodecConfig.from_json(data))
        except (RuntimeError, TypeError) as error:
            raise WeightsError(f"weights '{folder.name}': unusable config: {error}") from error
        tensors = weights.read_tensors(folder, data["sha256"])
        weights.load_into(codec.network, tensors, folder.name)
        codec.sha256 = data["sha256"]
        return codec.to(device)

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (float16) into a folder."""
        weights.write(Path(path), self.config.as_json(), self.network)

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.network.parameters()).device

    def encode_image(self, image: Photo, rate: int, snr_db: float) -> Encoded:
        """uint8 ``H x W x 3`` to channel symbols.

        Parameters
        ----------
        image : at most 2^24 pixels.
        rate : complex symbols per 16x16 block, 1 ... 128 (CBR = rate / 768).
        snr_db : Es/N0 the code is designed for; clamped to -5 ... 25 dB and rounded to 0.5 dB.

        Raises
        ------
        ValueError
            Not a uint8 colour image, empty or too large; rate out of range; SNR not a number.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"expected uint8 HxWx3, got {image.dtype} {image.shape}")
        return self.encode_images(image[None], rate, snr_db)[0]

    @torch.inference_mode()
    def encode_images(self, images: Photo, rate: int, snr_db: float) -> list[Encoded]:
        """Several images, uint8 ``N x H x W x 3``, in one pass of the network.

        Each is normalised by itself, as :meth:`encode_image` does it, whose limits hold.

        Raises
        ------
        ValueError
            As :meth:`encode_image`.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(f"expected uint8 NxHxWx3, got {images.dtype} {images.shape}")
        count, height, width = images.shape[:3]
        if height * width > MAX_PIXELS:
            raise ValueError(f"image of {width}x{height} is larger than {MAX_PIXELS} pixels")
        layout.check_rate(rate)
        if math.isnan(snr_db):
            raise ValueError("snr_db is not a number")
        if not count:
            return []
        device = self.device
        design_db = SideInfo.quantise(1.0, snr_db).snr_db
        pixels = torch.tensor(np.ascontiguousarray(images), device=device)
        tensor = layout.pad_to_blocks(pixels.permute(0, 3, 1, 2).float() / 255.0)
        told = torch.full((count,), design_db, device=device)
        rates = torch.full((count,), int(rate), device=device)
        channels, scales = self.network.encode(tensor, told, rates)
        channels = channels.cpu()
        return [
            Encoded(
                layout.to_symbols(channels[i : i + 1], int(rate)),
                SideInfo(float(scales[i]), design_db).pack(),
                int(rate),
                height,
                width,
            )
            for i in range(count)
        ]

    def decode_image(self, received: Received) -> Photo:
        """Equalised symbols with their noise variances to uint8 ``H x W x 3``.

        ``noise_var`` of ``inf`` marks an erasure, and so does any value that is not finite, in
        either array. Whatever arrives decodes to some image: all symbols lost gives the mean photo.

        Raises
        ------
        ValueError
            Wrong number of symbols or variances for the size and rate; rate out of range.
        """
        return self.decode_images([received])[0]

    @torch.inference_mode()
    def decode_images(self, received: Sequence[Received]) -> list[Photo]:
        """Several images in one pass of the network; each as :meth:`decode_image` would.

        All must cover the same number of 16x16 blocks in each direction; rates, side
        information and noise may differ. An image depends on its own section alone, up to the
        rounding of float32 arithmetic (1 LSB).

        Raises
        ------
        ValueError
            As :meth:`decode_image`; sections of different sizes in blocks.
        """
        if not received:
            return []
        for s in received:
            layout.symbols_for(s.height, s.width, s.rate)
        grids = {layout.blocks(s.height, s.width) for s in received}
        if len(grids) > 1:
            raise ValueError(f"sections of different sizes, in blocks: {sorted(grids)}")
        rows, columns = grids.pop()
        pairs = [
            layout.from_symbols(s.symbols, s.noise_var, int(s.rate), rows, columns)
            for s in received
        ]
        values, precision = (torch.cat(part) for part in zip(*pairs, strict=True))
        sides = [SideInfo.unpack(s.aux) for s in received]
        device = self.device
        image = self.network.decode(
            values.to(device),
            precision.to(device),
            torch.tensor([side.scale for side in sides], device=device),
            torch.tensor([side.snr_db for side in sides], device=device),
            torch.tensor([int(s.rate) for s in received], device=device),
        )
        pixels = (image.nan_to_num(0.5).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        whole = pixels.permute(0, 2, 3, 1).cpu()
        return [
            whole[i, : s.height, : s.width].contiguous().numpy() for i, s in enumerate(received)
        ]


def load_jscc(name_or_path: str | Path, device: str = "cpu") -> JsccCodec:
    """The codec of one stream of that name or folder, for those who need its network.

    Raises
    ------
    WeightsError
        One line that names what is missing or wrong.
    """
    return JsccCodec.from_pretrained(name_or_path, device)
