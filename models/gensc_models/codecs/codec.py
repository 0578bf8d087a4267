"""Image codecs as the rest of the project sees them: NumPy in, NumPy out.

>>> codec = load_codec("deepjscc-photo")
>>> sent = codec.encode_image(photo, rate=32, snr_db=10.0)
>>> image = codec.decode_image(received, noise_var, sent.rate, sent.height, sent.width, sent.aux)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gensc_models.codecs import layout
from gensc_models.codecs.layout import SideInfo
from gensc_models.codecs.networks import NetworkConfig, config_of_kind, kind_of, network_of
from gensc_models.codecs.photo.network import JsccConfig
from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsError

# CBR = C / 768: 1/48, 1/32, 1/24, 1/16, 1/12, 1/8, 1/6.
RECOMMENDED_RATES = (16, 24, 32, 48, 64, 96, 128)
MAX_PIXELS = 1 << 24


@dataclass(frozen=True)
class CodecConfig:
    """Identity of a codec and the shape of its network.

    ``wire_id`` (1 ... 255) is what the burst header carries; 0 there means no codec.
    """

    name: str
    wire_id: int
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
        if data["kind"] in weights.WITHOUT_WIRE_ID:
            raise WeightsError(f"weights '{name}' are of kind '{data['kind']}', not a codec")
        if not 1 <= data["wire_id"] <= 255:
            raise WeightsError(f"weights '{name}': wire_id must be 1 to 255")
        try:
            network = config_of_kind(data["kind"])(**data["network"])
        except ValueError as error:
            raise WeightsError(f"weights '{name}': {error}") from error
        except (KeyError, TypeError) as error:
            raise WeightsError(f"weights '{name}': unusable network config: {error}") from error
        return cls(name, data["wire_id"], tuple(data["rates"]), network)


@dataclass(frozen=True)
class Encoded:
    """An image as channel symbols, complex64 ``N`` with ``mean |x|^2 = 1``, and what goes with it.

    ``aux`` is the 16-bit side information of the burst header (:class:`layout.SideInfo`).
    """

    symbols: NDArray[np.complex64]
    aux: int
    rate: int
    height: int
    width: int

    @property
    def cbr(self) -> float:
        """Bandwidth ratio: complex symbols per source value."""
        return len(self.symbols) / (3.0 * self.height * self.width)


@dataclass(frozen=True)
class Received:
    """One received image section: what :meth:`JsccCodec.decode_image` takes."""

    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]
    rate: int
    height: int
    width: int
    aux: int


class JsccCodec(nn.Module):
    """A joint source-channel codec with its identity; see :func:`load_codec`."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        self.network = network_of(config.network)
        self.sha256 = ""
        self.eval()

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self.config.name

    @property
    def wire_id(self) -> int:
        """Number of the codec in the burst header, 1 ... 255."""
        return self.config.wire_id

    @property
    def rates(self) -> tuple[int, ...]:
        """Recommended channel symbols per 16x16 block, ascending; any 1 ... 128 works."""
        return self.config.rates

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

    def symbols_for(self, height: int, width: int, rate: int) -> int:
        """Complex channel symbols of an image of that size: ``rate`` per started 16x16 block.

        Raises
        ------
        ValueError
            Rate outside 1 ... 128 or a size that is not positive.
        """
        return layout.symbols_for(height, width, rate)

    def encode_image(self, img: NDArray[np.uint8], rate: int, snr_db: float) -> Encoded:
        """uint8 ``H x W x 3`` to channel symbols.

        Parameters
        ----------
        img : the image, at most 2^24 pixels.
        rate : complex symbols per 16x16 block, 1 ... 128 (CBR = rate / 768).
        snr_db : Es/N0 the code is designed for; clamped to -5 ... 25 dB and rounded to 0.5 dB.

        Raises
        ------
        ValueError
            Not a uint8 colour image, empty or too large; rate out of range; SNR not a number.
        """
        if img.dtype != np.uint8 or img.ndim != 3 or img.shape[2] != 3 or 0 in img.shape:
            raise ValueError(f"expected uint8 HxWx3, got {img.dtype} {img.shape}")
        return self.encode_images(img[None], rate, snr_db)[0]

    @torch.inference_mode()
    def encode_images(self, images: NDArray[np.uint8], rate: int, snr_db: float) -> list[Encoded]:
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

    def decode_image(
        self,
        symbols: NDArray[np.complex64],
        noise_var: NDArray[np.float32],
        rate: int,
        height: int,
        width: int,
        aux: int,
    ) -> NDArray[np.uint8]:
        """Equalised symbols with their noise variances to uint8 ``H x W x 3``.

        ``noise_var`` is the total variance of each complex symbol; ``inf`` marks an erasure, and
        so does any value that is not finite, in either array. Whatever arrives decodes to some
        image: all symbols lost gives the mean photo.

        Raises
        ------
        ValueError
            Wrong number of symbols or variances for the size and rate; rate out of range.
        """
        return self.decode_images([Received(symbols, noise_var, rate, height, width, aux)])[0]

    @torch.inference_mode()
    def decode_images(self, sections: Sequence[Received]) -> list[NDArray[np.uint8]]:
        """Several sections in one pass of the network; each as :meth:`decode_image` would.

        All must cover the same number of 16x16 blocks in each direction; rates, side
        information and noise may differ. An image depends on its own section alone, up to the
        rounding of float32 arithmetic (1 LSB).

        Raises
        ------
        ValueError
            As :meth:`decode_image`; sections of different sizes in blocks.
        """
        if not sections:
            return []
        for s in sections:
            layout.symbols_for(s.height, s.width, s.rate)
        grids = {layout.blocks(s.height, s.width) for s in sections}
        if len(grids) > 1:
            raise ValueError(f"sections of different sizes, in blocks: {sorted(grids)}")
        rows, columns = grids.pop()
        pairs = [
            layout.from_symbols(s.symbols, s.noise_var, int(s.rate), rows, columns)
            for s in sections
        ]
        received, precision = (torch.cat(part) for part in zip(*pairs, strict=True))
        sides = [SideInfo.unpack(s.aux) for s in sections]
        device = self.device
        image = self.network.decode(
            received.to(device),
            precision.to(device),
            torch.tensor([side.scale for side in sides], device=device),
            torch.tensor([side.snr_db for side in sides], device=device),
            torch.tensor([int(s.rate) for s in sections], device=device),
        )
        pixels = (image.nan_to_num(0.5).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        whole = pixels.permute(0, 2, 3, 1).cpu()
        return [
            whole[i, : s.height, : s.width].contiguous().numpy() for i, s in enumerate(sections)
        ]


def load_codec(name_or_path: str | Path, device: str = "cpu") -> JsccCodec:
    """The codec of that name or folder, ready to use.

    Raises
    ------
    WeightsError
        One line that names what is missing or wrong.
    """
    return JsccCodec.from_pretrained(name_or_path, device)


def codec_by_wire_id(wire_id: int, device: str = "cpu") -> JsccCodec:
    """The installed codec that a burst header names.

    Raises
    ------
    WeightsError
        No installed weights carry that number.
    """
    return load_codec(weights.with_wire_id(wire_id).path, device)
