"""The dual-branch codec as the rest of the project sees it: NumPy in, NumPy out.

>>> codec = load_gened("gened-photo")
>>> sent = codec.encode_image(photo, rate=32, snr_db=10.0)
>>> image = codec.decode_image(received, noise_var, sent.section, sent.height, sent.width, sent.aux)

Foreground and background are streams of their own; the header section (mask and split) is digital
and must arrive whole.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gensc_models import layout, weights
from gensc_models.codec import MAX_PIXELS, RECOMMENDED_RATES
from gensc_models.gened.config import GenedConfig
from gensc_models.gened.network import BACKGROUND_WEIGHT, Analysis, GenedNetwork
from gensc_models.gened.side import FIELDS_BYTES, Side, pack, pack_mask, sayable, unpack
from gensc_models.gened.split import Split, SplitError, best_split, shares
from gensc_models.gened.streams import Symbols, from_streams, to_streams
from gensc_models.gened.trunk import Plan
from gensc_models.layout import SideInfo
from gensc_models.weights import WeightsError
from numpy.typing import NDArray
from torch import Tensor, nn

KIND = "gened"
# What a bit of the header section costs in symbols: BPSK behind a code of rate 1/2, which arrives
# at 0 dB.
SYMBOLS_PER_BIT = 2.0
Streams = tuple[Symbols, Symbols]
Variances = tuple[NDArray[np.float32], NDArray[np.float32]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class GenedCodecConfig:
    """Identity of a codec, the shape of its network, and what its background counts."""

    name: str
    wire_id: int
    rates: tuple[int, ...] = RECOMMENDED_RATES
    background_weight: float = BACKGROUND_WEIGHT
    network: GenedConfig = field(default_factory=GenedConfig)

    def as_json(self) -> dict[str, Any]:
        """The part of ``config.json`` that is the codec's own."""
        return {**asdict(self), "kind": KIND, "rates": list(self.rates)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> GenedCodecConfig:
        """Reads :meth:`as_json` back.

        Raises
        ------
        WeightsError
            Another kind of model, or fields this version does not know.
        """
        name = data["name"]
        if data["kind"] != KIND:
            raise WeightsError(f"weights '{name}' are of kind '{data['kind']}', not '{KIND}'")
        try:
            network = GenedConfig.from_json(data["network"])
            weight = float(data["background_weight"])
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"weights '{name}': unusable network config: {error}") from error
        return cls(name, data["wire_id"], tuple(data["rates"]), weight, network)


@dataclass(frozen=True)
class Importance:
    """What the transmitter takes for important, per 16x16 block.

    ``score`` float32 ``h x w`` in [0, 1], ``mask`` bool ``h x w``, true in the foreground.
    """

    score: NDArray[np.float32]
    mask: Mask


@dataclass(frozen=True)
class GenedEncoded:
    """An image as two streams of complex64 symbols and what goes with them.

    The mean power over both streams is one. ``section`` is the header section, ``aux`` the 16 bits
    of the burst header, ``side_symbols`` what the section is counted as.
    """

    foreground: Symbols
    background: Symbols
    section: bytes
    aux: int
    rate: int
    height: int
    width: int
    importance: Importance
    side_symbols: int

    @property
    def symbols(self) -> Symbols:
        """Both streams, foreground first."""
        return np.concatenate([self.foreground, self.background])

    @property
    def mask_bits(self) -> int:
        """Bits of the header section that the mask takes."""
        return 8 * (len(self.section) - FIELDS_BYTES)

    @property
    def side_bits(self) -> int:
        """Bits of the whole header section."""
        return 8 * len(self.section)

    @property
    def cbr(self) -> float:
        """Bandwidth ratio, header section included."""
        count = len(self.foreground) + len(self.background) + self.side_symbols
        return count / (3.0 * self.height * self.width)


class GenedCodec(nn.Module):
    """The network with its identity; see :func:`load_gened`."""

    def __init__(self, config: GenedCodecConfig) -> None:
        super().__init__()
        self.config = config
        self.network = GenedNetwork(config.network)
        self.sha256 = ""
        self.eval()

    @property
    def name(self) -> str:
        """Name of the weights."""
        return self.config.name

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path) -> GenedCodec:
        """Loads weights by name (search path of :mod:`gensc_models.weights`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, of another kind, or not fitting their own config.
        """
        folder = weights.locate(name_or_path)
        data = weights.read_config(folder)
        try:
            codec = cls(GenedCodecConfig.from_json(data))
        except (RuntimeError, TypeError) as error:
            raise WeightsError(f"weights '{folder.name}': unusable config: {error}") from error
        tensors = weights.read_tensors(folder, data["sha256"])
        weights.load_into(codec.network, tensors, folder.name)
        codec.sha256 = data["sha256"]
        return codec

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (float16) into a folder."""
        weights.write(Path(path), self.config.as_json(), self.network)

    def _analyse(self, img: NDArray[np.uint8]) -> tuple[Tensor, Analysis]:
        if img.dtype != np.uint8 or img.ndim != 3 or img.shape[2] != 3 or 0 in img.shape:
            raise ValueError(f"expected uint8 HxWx3, got {img.dtype} {img.shape}")
        height, width = img.shape[:2]
        if height * width > MAX_PIXELS:
            raise ValueError(f"image of {width}x{height} is larger than {MAX_PIXELS} pixels")
        pixels = torch.tensor(np.ascontiguousarray(img)).permute(2, 0, 1)[None].float() / 255.0
        image = layout.pad_to_blocks(pixels)
        return image, self.network.transmitter.analyse(image)

    @torch.inference_mode()
    def importance(self, img: NDArray[np.uint8]) -> Importance:
        """The score map and the mask of an image, without sending it.

        Raises
        ------
        ValueError
            Not a uint8 colour image, empty or too large.
        """
        return _importance(self._analyse(img)[1])

    @torch.inference_mode()
    def encode_image(
        self,
        img: NDArray[np.uint8],
        rate: int,
        snr_db: float,
        mask: Mask | None = None,
        split: Split | None = None,
        symbols_per_bit: float = SYMBOLS_PER_BIT,
    ) -> GenedEncoded:
        """uint8 ``H x W x 3`` to two streams of symbols.

        Parameters
        ----------
        img : the image, at most 2^24 pixels.
        rate : complex symbols per 16x16 block, on average over the image and with the header
            section counted, 1 ... 128 (CBR = rate / 768).
        snr_db : Es/N0 the code is designed for; clamped to -5 ... 25 dB and rounded to 0.5 dB.
        mask : bool per block, in place of the predicted one, and taken for certain.
        split : in place of the one that is expected to do best.
        symbols_per_bit : what a bit of the header section is counted as; 0 leaves it out.

        Raises
        ------
        ValueError
            Not a uint8 colour image, empty or too large; rate out of range; SNR not a number; a
            mask of another size; no symbols left beside the header section.
        """
        layout.check_rate(rate)
        if math.isnan(snr_db):
            raise ValueError("snr_db is not a number")
        image, found = self._analyse(img)
        chosen = found.mask[0] if mask is None else torch.from_numpy(np.array(mask, bool))
        if chosen.shape != found.mask.shape[1:]:
            expected, got = tuple(found.mask.shape[1:]), tuple(chosen.shape)
            raise ValueError(f"mask of {got} blocks for an image of {expected}")
        section_bytes = FIELDS_BYTES + len(pack_mask(chosen))
        side_symbols = math.ceil(8 * section_bytes * symbols_per_bit)
        count = layout.symbols_for(*img.shape[:2], rate) - side_symbols
        if count < 1:
            raise ValueError(f"rate {rate}: the header section alone takes {side_symbols} symbols")
        told = SideInfo.quantise(1.0, snr_db).snr_db
        if split is None:
            sure = self.network.weights(found, self.config.background_weight)[0]
            if mask is not None:
                sure = chosen + self.config.background_weight
            split = best_split(self.network.trunk.linear, chosen, sure, count, told)
        share = shares(chosen, count, sayable(split))
        plan = Plan.of([share], torch.tensor([told]))
        found = Analysis(found.features, found.score, found.routing, chosen.float()[None])
        channels, scales = self.network.encode(image, found, plan)
        foreground, background = to_streams(channels[0], share)
        return GenedEncoded(
            foreground,
            background,
            pack(Side(chosen, split, float(scales[0, 1]))),
            SideInfo(float(scales[0, 0]), told).pack(),
            int(rate),
            *img.shape[:2],
            _importance(found),
            side_symbols,
        )

    @torch.inference_mode()
    def decode_image(
        self,
        streams: Streams,
        noise_var: Variances,
        section: bytes,
        height: int,
        width: int,
        aux: int,
    ) -> NDArray[np.uint8]:
        """Equalised symbols of both streams with their noise variances to uint8 ``H x W x 3``.

        ``noise_var`` is the total variance of each complex symbol; ``inf`` marks an erasure, and so
        does any value that is not finite. Whatever arrives decodes to some image.

        Raises
        ------
        SideError
            The header section is damaged.
        ValueError
            Wrong number of symbols or variances for mask and split.
        """
        side = unpack(section, *layout.blocks(height, width))
        count = sum(np.asarray(stream).size for stream in streams)
        try:
            share = shares(side.mask, count, side.split)
        except SplitError as error:
            raise ValueError(f"{count} symbols do not fit mask and split: {error}") from error
        received, precision = from_streams(streams, noise_var, share)
        head = SideInfo.unpack(aux)
        plan = Plan.of([share], torch.tensor([head.snr_db]))
        scales = torch.tensor([[head.scale, side.scale]])
        image = self.network.decode(received[None], precision[None], plan, scales)
        pixels = (image[0].nan_to_num(0.5).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        return pixels.permute(1, 2, 0)[:height, :width].contiguous().numpy()


def _importance(found: Analysis) -> Importance:
    return Importance(torch.sigmoid(found.score[0]).numpy(), found.mask[0].numpy())


def load_gened(name_or_path: str | Path) -> GenedCodec:
    """The dual-branch codec of that name or folder, ready to use.

    Raises
    ------
    WeightsError
        One line that names what is missing or wrong.
    """
    return GenedCodec.from_pretrained(name_or_path)
