"""The dual-branch codec: a network with its identity.

Foreground and background are streams of their own; the header section (mask and split) is digital
and must arrive whole.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs import layout
from gensc_models.codecs.codec import (
    MAX_PIXELS,
    RECOMMENDED_RATES,
    Codec,
    Encoded,
    Received,
    SideCost,
    Symbols,
    counted_symbols,
)
from gensc_models.codecs.gened.config import GenedConfig
from gensc_models.codecs.gened.network import Analysis, GenedNetwork
from gensc_models.codecs.gened.side import FIELDS_BYTES, Side, pack, pack_mask, sayable, unpack
from gensc_models.codecs.gened.split import Choice, Shares, Split, SplitError, best_split, shares
from gensc_models.codecs.gened.streams import from_streams, to_streams
from gensc_models.codecs.gened.trunk import Plan
from gensc_models.codecs.layout import SideInfo
from gensc_models.data.photos import BLOCK, Photo
from gensc_models.semantics.importance.saliency import SaliencyNetwork
from gensc_models.semantics.importance.sources import LearnedImportance
from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsError

KIND = "gened"
# What the error of a background block counts beside that of a foreground block.
BACKGROUND_WEIGHT = 0.1
# A block is foreground where it is so with more than one of these probabilities; which, is chosen
# for each image, rate and SNR. The second is the likelier class.
THRESHOLDS = (0.3, 0.5, 0.7)
# A probability of an importance network is kept this far from certainty.
LEAST_DOUBT = 0.01
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class GenedCodecConfig:
    """Name of a codec, the shape of its network, and what its background counts.

    ``importance`` names the weights of a saliency
    network whose map takes the place of the score that the transmitter predicts ("": none).
    """

    name: str
    rates: tuple[int, ...] = RECOMMENDED_RATES
    background_weight: float = BACKGROUND_WEIGHT
    importance: str = ""
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
            weight, importance = float(data["background_weight"]), str(data["importance"])
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"weights '{name}': unusable network config: {error}") from error
        return cls(name, tuple(data["rates"]), weight, importance, network)


@dataclass(frozen=True)
class Importance:
    """What the transmitter takes for important, per 16x16 block.

    ``score`` float32 ``h x w`` in [0, 1], ``mask`` bool ``h x w``, true in the foreground.
    """

    score: NDArray[np.float32]
    mask: Mask


@dataclass(frozen=True, eq=False)
class GenedEncoded(Encoded):
    """An image as two streams, foreground first, with what the transmitter took for important.

    ``side`` is the header section.
    """

    importance: Importance = field(kw_only=True)

    @property
    def foreground(self) -> Symbols:
        """The first stream."""
        return self.streams[0]

    @property
    def background(self) -> Symbols:
        """The second stream."""
        return self.streams[1]

    @property
    def mask_bits(self) -> int:
        """Bits of the header section that the mask takes."""
        return 8 * (len(self.side) - FIELDS_BYTES)

    @property
    def side_bits(self) -> int:
        """Bits of the whole header section."""
        return 8 * len(self.side)


class GenedCodec(Codec, nn.Module):
    """The network with its identity."""

    streams = 2
    sends_side = True

    def __init__(self, config: GenedCodecConfig) -> None:
        nn.Module.__init__(self)
        self.config = config
        self.name, self.rates = config.name, config.rates
        self.network = GenedNetwork(config.network)
        self.source = _source(config.importance)
        self.eval()

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path) -> GenedCodec:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

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

    def _analyse(
        self, img: NDArray[np.uint8], score: NDArray[np.float32] | None = None
    ) -> tuple[Tensor, Analysis]:
        """Padded image and what is found in it; ``score`` is that of the importance network."""
        if img.dtype != np.uint8 or img.ndim != 3 or img.shape[2] != 3 or 0 in img.shape:
            raise ValueError(f"expected uint8 HxWx3, got {img.dtype} {img.shape}")
        height, width = img.shape[:2]
        if height * width > MAX_PIXELS:
            raise ValueError(f"image of {width}x{height} is larger than {MAX_PIXELS} pixels")
        pixels = torch.tensor(np.ascontiguousarray(img)).permute(2, 0, 1)[None].float() / 255.0
        image = layout.pad_to_blocks(pixels)
        if self.source is None:
            return image, self.network.transmitter.analyse(image)
        if score is None:
            found = layout.pad_to_blocks(torch.from_numpy(self.source(img)).expand(1, 3, -1, -1))
            probability = F.avg_pool2d(found[:, 0], BLOCK)
        else:
            probability = torch.from_numpy(np.array(score, np.float32))[None]
            _check_blocks("score", probability[0], image)
        logits = torch.logit(probability.clamp(LEAST_DOUBT, 1.0 - LEAST_DOUBT))
        return image, self.network.transmitter.analyse(image, logits)

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
    def route(
        self,
        img: NDArray[np.uint8],
        rate: int,
        snr_db: float,
        side_cost: SideCost = counted_symbols,
    ) -> Importance:
        """Score and mask as :meth:`encode_image` would choose them; arguments and errors as there.

        Given to it as ``routing``, they are not looked for again.
        """
        image, found = self._analyse(img)
        best = self._best(image, found.sure[0], self._masks(found), rate, snr_db, side_cost)
        return _importance(replace(found, gate=best.mask.float()[None]))

    @torch.inference_mode()
    def encode_image(
        self,
        image: Photo,
        rate: int,
        snr_db: float,
        mask: Mask | None = None,
        split: Split | None = None,
        routing: Importance | None = None,
        side_cost: SideCost = counted_symbols,
    ) -> GenedEncoded:
        """uint8 ``H x W x 3`` to two streams of symbols.

        Parameters
        ----------
        image : at most 2^24 pixels.
        rate : complex symbols per 16x16 block, on average over the image and with the header
            section counted, 1 ... 128 (CBR = rate / 768).
        snr_db : Es/N0 the code is designed for; clamped to -5 ... 25 dB and rounded to 0.5 dB.
        mask : bool per block, in place of the predicted one, and taken for certain.
        split : in place of the one that is expected to do best.
        routing : what :meth:`route` found for the same image, rate and SNR.
        side_cost : what the header section is counted as.

        Raises
        ------
        ValueError
            Not a uint8 colour image, empty or too large; rate out of range; SNR not a number; a
            mask of another size; no symbols left beside the header section.
        """
        padded, found = self._analyse(image, None if routing is None else routing.score)
        if mask is not None:
            given = torch.from_numpy(np.array(mask, bool))
            sure, masks = given.float(), [given]
        elif routing is not None:
            sure, masks = found.sure[0], [torch.from_numpy(np.array(routing.mask, bool))]
        else:
            sure, masks = found.sure[0], self._masks(found)
        best = self._best(padded, sure, masks, rate, snr_db, side_cost)
        split = best.choice.split if split is None else split
        height, width = image.shape[:2]
        total, told = layout.symbols_for(height, width, rate), told_snr_db(snr_db)
        share = shares(best.mask, total - best.side_symbols, sayable(split))
        plan = Plan.of([share], torch.tensor([told]))
        found = replace(found, gate=best.mask.float()[None])
        channels, scales = self.network.encode(padded, found, plan)
        foreground, background = to_streams(channels[0], share)
        return GenedEncoded(
            np.concatenate([foreground, background]),
            SideInfo(float(scales[0, 0]), told).pack(),
            int(rate),
            height,
            width,
            side=pack(Side(best.mask, split, float(scales[0, 1]))),
            side_symbols=best.side_symbols,
            lengths=(len(foreground), len(background)),
            importance=_importance(found),
        )

    def stream_lengths(
        self, received: Received, side_cost: SideCost = counted_symbols
    ) -> tuple[int, int]:
        """Symbols of foreground and background, as the header section says.

        Raises
        ------
        SideError
            The section is damaged.
        ValueError
            It is not that of an image of this size and rate.
        """
        height, width = received.height, received.width
        side = unpack(received.side, *layout.blocks(height, width))
        told = SideInfo.unpack(received.aux).snr_db
        total = layout.symbols_for(height, width, received.rate)
        return _shares(side, total - side_cost(len(received.side), told)).symbols

    def mask_of(self, section: bytes, height: int, width: int) -> Mask:
        """The mask that a header section carries, bool per block.

        Raises
        ------
        SideError
            The section is damaged.
        """
        return unpack(section, *layout.blocks(height, width)).mask.numpy()

    def _masks(self, found: Analysis) -> list[Tensor]:
        """What there is to choose from."""
        if not self.config.network.dual:
            return [found.mask[0]]
        return [found.sure[0] > threshold for threshold in THRESHOLDS]

    def _best(
        self,
        image: Tensor,
        sure: Tensor,
        masks: list[Tensor],
        rate: int,
        snr_db: float,
        side_cost: SideCost,
    ) -> _Route:
        """The mask that is expected to do best, with its split."""
        layout.check_rate(rate)
        if math.isnan(snr_db):
            raise ValueError("snr_db is not a number")
        _check_blocks("mask", masks[0], image)
        told, total = told_snr_db(snr_db), rate * masks[0].numel()
        energy, weights = self.network.energy(image)[0], sure + self.config.background_weight
        routes = [self._route(m, energy, weights, total, told, side_cost) for m in masks]
        return min(routes, key=lambda route: route.choice.expected)

    def _route(
        self,
        mask: Tensor,
        energy: Tensor,
        weights: Tensor,
        total: int,
        snr_db: float,
        side_cost: SideCost,
    ) -> _Route:
        """The best split for a mask, after its header section has had its symbols."""
        side_symbols = side_cost(FIELDS_BYTES + len(pack_mask(mask)), snr_db)
        if side_symbols >= total:
            raise ValueError(f"{total} symbols: the header section alone takes {side_symbols}")
        linear, left = self.network.trunk.linear, total - side_symbols
        return _Route(mask, side_symbols, best_split(linear, energy, mask, weights, left, snr_db))

    @torch.inference_mode()
    def decode_image(self, received: Received) -> Photo:
        """Equalised symbols of both streams with their noise variances to uint8 ``H x W x 3``.

        ``noise_var`` of ``inf`` marks an erasure, and so does any value that is not finite.
        Whatever arrives decodes to some image.

        Raises
        ------
        SideError
            The header section is damaged.
        ValueError
            Wrong number of symbols or variances for mask and split.
        """
        height, width = received.height, received.width
        side = unpack(received.side, *layout.blocks(height, width))
        share = _shares(side, np.asarray(received.symbols).size)
        first = share.symbols[0]
        values, precision = from_streams(
            (received.symbols[:first], received.symbols[first:]),
            (received.noise_var[:first], received.noise_var[first:]),
            share,
        )
        head = SideInfo.unpack(received.aux)
        plan = Plan.of([share], torch.tensor([head.snr_db]))
        scales = torch.tensor([[head.scale, side.scale]])
        image = self.network.decode(values[None], precision[None], plan, scales)
        pixels = (image[0].nan_to_num(0.5).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        return pixels.permute(1, 2, 0)[:height, :width].contiguous().numpy()


@dataclass(frozen=True)
class _Route:
    """A mask, the symbols of its header section, and the best split of the others."""

    mask: Tensor
    side_symbols: int
    choice: Choice


def told_snr_db(snr_db: float) -> float:
    """The design SNR in dB as the header word can say it."""
    return SideInfo.quantise(1.0, snr_db).snr_db


def _check_blocks(what: str, flags: Tensor, image: Tensor) -> None:
    expected = (image.shape[2] // BLOCK, image.shape[3] // BLOCK)
    if flags.shape != expected:
        raise ValueError(f"{what} of {tuple(flags.shape)} blocks for an image of {expected}")


def _shares(side: Side, symbols: int) -> Shares:
    try:
        return shares(side.mask, symbols, side.split)
    except SplitError as error:
        raise ValueError(f"{symbols} symbols do not fit mask and split: {error}") from error


def _source(name: str) -> LearnedImportance | None:
    return LearnedImportance(SaliencyNetwork.from_pretrained(name)) if name else None


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
