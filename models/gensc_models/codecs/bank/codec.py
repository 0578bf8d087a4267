"""The hyperprior codec as the rest of the project sees it: NumPy in, bytes out, and back.

>>> codec = HyperpriorCodec.from_pretrained("hyperprior")
>>> sent = codec.encode(photo, point=10)
>>> image = codec.decode(sent.data).image
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.bank import container, posterior, wavelet
from gensc_models.codecs.bank.coder import CodingTable, SymbolReader, SymbolWriter
from gensc_models.codecs.bank.container import Container, Header
from gensc_models.codecs.bank.decisions import decide
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.integers import MEAN_BITS, IntegerHyperSynthesis, Side, quantise
from gensc_models.codecs.bank.latents import (
    VALUE_LIMIT,
    read_hyper,
    read_latents,
    write_hyper,
    write_latents,
)
from gensc_models.codecs.bank.masks import coded_groups, coded_latents
from gensc_models.codecs.bank.network import HyperpriorNetwork, multipliers
from gensc_models.codecs.bank.padding import padded
from gensc_models.codecs.bank.points import FIRST, check_point, position_of_point
from gensc_models.codecs.bank.runs import read_mask, write_mask
from gensc_models.codecs.bank.scales import latent_bits, scale_of_level
from gensc_models.codecs.bank.tables import Z_LIMIT, ProbabilityTables
from gensc_models.codecs.bank.transforms import (
    GROUP,
    MEAN_CHANNELS,
    HyperpriorConfig,
    Transforms,
    on_latents,
    step,
)
from gensc_models.data.photos import BLOCK
from gensc_models.weights import store as weights
from gensc_models.weights.fingerprint import fingerprint
from gensc_models.weights.store import WeightsError

KIND = weights.BANK
MAX_PIXELS = 1 << 22
STRIPE = 4
"""Rows of latents that are coded as one unit."""

Photo = NDArray[np.uint8]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Bits:
    """Where the bits of a stream went: latents, hyper-latents, mask, all else."""

    y: float
    z: float
    mask: float
    header: float

    @property
    def total(self) -> float:
        """All bits."""
        return self.y + self.z + self.mask + self.header


@dataclass(frozen=True)
class Encoded:
    """A coded image. ``bits.total`` is the length of ``data`` in bits."""

    data: bytes
    bits: Bits


@dataclass(frozen=True)
class Symbols:
    """The integers of one stream, which are the same on every machine.

    ``values`` are the quantised latents ``768 x h x w`` about their means (zero where not coded
    or lost), ``side`` is what the hyper-latents ``z`` say (batch of one), ``rows`` the rows of
    latents that arrived, ``damaged`` whether the payload is not what was sent.
    """

    header: Header
    keep: Flags
    z: NDArray[np.int32]
    side: Side
    values: NDArray[np.int32]
    rows: int
    damaged: bool


@dataclass(frozen=True)
class Decoded:
    """A decoded image, uint8 ``H x W x 3``.

    ``keep`` (blocks, ``h x w``) are those that were sent. ``complete`` is False for a stream that
    was damaged; then ``rows`` rows of pixels from the top are as sent and the rest is predicted.
    """

    image: Photo
    keep: Flags
    point: int
    complete: bool
    rows: int


@dataclass
class _Reading:
    """One stream while it is decoded."""

    stream: Container
    reader: SymbolReader
    keep: Flags
    z: NDArray[np.int32]
    intact: bool


class HyperpriorCodec(nn.Module):
    """A codec with its identity; many operating points in one network.

    ``max_pixels`` bounds what a stream may ask to be decoded.
    """

    def __init__(self, config: HyperpriorConfig, name: str = KIND) -> None:
        super().__init__()
        self.config = config
        self.name = name
        self.sha256 = ""
        self.max_pixels = MAX_PIXELS
        self.transforms = Transforms(config)
        self.hyper = IntegerHyperSynthesis(config)
        self.tables = ProbabilityTables(config.hyper_channels)
        self.eval()

    @property
    def points(self) -> tuple[int, ...]:
        """Operating points, best quality first (D(Phi_1) <= D(Phi_2) <= ...)."""
        return tuple(range(FIRST, FIRST + self.config.points))

    @property
    def fingerprint(self) -> int:
        """What containers and burst headers call these weights; 0 for some never stored."""
        return fingerprint(self.sha256)

    @property
    def device(self) -> torch.device:
        """Where the floating-point networks lie."""
        return self.transforms.deviation.device

    @classmethod
    def from_network(cls, network: HyperpriorNetwork, name: str = KIND) -> HyperpriorCodec:
        """The codec of a trained network: hyper-synthesis in integers, tables made."""
        codec = cls(network.config, name)
        codec.transforms.load_state_dict(network.transforms.state_dict())
        hyper = quantise(network.hyper_synthesis, network.transforms, network.config)
        codec.hyper.load_state_dict(hyper.state_dict())
        with torch.no_grad():
            edges = torch.arange(-Z_LIMIT, Z_LIMIT + 2).double() - 0.5
            below = network.prior.double().cumulative(edges.to(codec.device))
            network.prior.float()
        codec.tables.fill(below.diff(dim=-1).clamp_min(0.0).cpu().numpy())
        return codec

    @classmethod
    def from_pretrained(
        cls, name_or_path: str | Path = KIND, device: str = "cpu"
    ) -> HyperpriorCodec:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, of another kind, or not fitting their own config.
        """
        folder = weights.locate(name_or_path)
        data = weights.read_config(folder)
        if data.get("kind") != KIND:
            raise WeightsError(
                f"weights '{folder.name}' are of kind '{data.get('kind')}', not '{KIND}'"
            )
        try:
            codec = cls(HyperpriorConfig(**data["network"]), data["name"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WeightsError(f"weights '{folder.name}': unusable config: {error}") from error
        weights.load_into(codec, weights.read_tensors(folder, data["sha256"]), folder.name)
        try:
            _ = codec._latent, codec._hyper
        except ValueError as error:
            raise WeightsError(f"weights '{folder.name}': {error}") from error
        codec.sha256 = data["sha256"]
        return codec.to(device)

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (matrices float16) into a folder."""
        config = {
            "name": self.name,
            "kind": KIND,
            "rates": [],
            "network": asdict(self.config),
        }
        weights.write(Path(path), config, self)

    def set_precision(self, dtype: torch.dtype) -> HyperpriorCodec:
        """Runs the convolutional networks in that precision; streams are not affected."""
        for network in (
            self.transforms.analysis, self.transforms.synthesis, self.transforms.hyper_analysis,
        ):  # fmt: skip
            if network is not None:
                network.to(dtype)
        return self

    @cached_property
    def _latent(self) -> tuple[CodingTable, ...]:
        return tuple(CodingTable.from_counts(c) for c in self.tables.latent_tables())

    @cached_property
    def _hyper(self) -> tuple[CodingTable, ...]:
        return tuple(CodingTable.from_counts(c) for c in self.tables.hyper_tables())

    def _check(self, image: Photo, point: int, keep: Flags | None) -> Flags:
        """Checks the encoder's arguments and gives the mask to use."""
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise ValueError(f"expected uint8 HxWx3, got {image.dtype} {image.shape}")
        height, width = image.shape[:2]
        if height * width > self.max_pixels or max(height, width) > container.LARGEST_SIDE:
            raise ValueError(f"image of {width}x{height} is larger than {self.max_pixels} pixels")
        check_point(point, self.points[-1])
        blocks = wavelet.grid(height, width)
        if keep is None:
            return np.ones(blocks, bool)
        if keep.dtype != np.bool_ or keep.shape != blocks:
            raise ValueError(
                f"keep must be bool {blocks} for {width}x{height}, not {keep.dtype} {keep.shape}"
            )
        return keep

    def _position(self, point: int, count: int = 1) -> Tensor:
        return torch.full((count,), position_of_point(point), device=self.device)

    def analyse(self, image: Photo, point: int, keep: Flags) -> tuple[Tensor, Tensor, Tensor]:
        """Latents about their means, coded flags (``1 x 768 x h x w``) and z, all on the CPU."""
        pixels = torch.tensor(np.ascontiguousarray(image), device=self.device)
        whole = padded(pixels.permute(2, 0, 1)[None].float() / 255.0)
        position = self._position(point)
        coded = _coded(keep)
        latents = self.transforms.analyse(whole, position)
        z = self.transforms.hyper_latents(latents * coded.to(self.device), position)
        z = z.cpu().nan_to_num(0.0).round().clamp(-Z_LIMIT, Z_LIMIT)
        z = z * torch.from_numpy(_groups(keep))
        return latents.cpu(), coded, z

    @torch.inference_mode()
    def prepare(self, image: Photo, point: int) -> tuple[Tensor, Side, NDArray[np.int32]]:
        """Latents about their means ``1 x 768 x h x w``, what z says of them, and z itself.

        Raises
        ------
        ValueError
            As :meth:`encode`.
        """
        keep = self._check(image, point, None)
        latents, _, z = self.analyse(image, point, keep)
        side = _crop(self.hyper(z, [point]), *keep.shape)
        return latents - means(side), side, z[0].to(torch.int32).numpy()

    def decide(self, residual: Tensor, side: Side, point: int) -> Tensor:
        """Integers to send for latents about their means, ``1 x 768 x h x w``."""
        position = self._position(point).cpu()
        values = decide(
            residual.nan_to_num(0.0),
            side.levels.float(),
            on_latents(step(position)),
            multipliers(position),
        )
        return values.clamp(-VALUE_LIMIT, VALUE_LIMIT)

    @torch.inference_mode()
    def encode(self, image: Photo, point: int, keep: Flags | None = None) -> Encoded:
        """uint8 ``H x W x 3`` to a stream.

        Parameters
        ----------
        point : operating point, 1 (best) to the last of :attr:`points`.
        keep : bool ``ceil(H/16) x ceil(W/16)``; blocks that are False are not coded and decode to
            what the hyper-latents predict. The coarse bands of their direct neighbours are coded
            with the kept blocks (:mod:`.masks`). None keeps all and sends no mask.

        Raises
        ------
        ValueError
            Not a uint8 colour image, too large, no such point, or a mask of the wrong shape.
        """
        flags = self._check(image, point, keep)
        latents, coded, z = self.analyse(image, point, flags)
        side = _crop(self.hyper(z, [point]), *flags.shape)
        values = self.decide(latents - means(side), side, point)
        writer = SymbolWriter()
        masked = not bool(flags.all())
        if masked:
            write_mask(writer, flags)
        self.write_hyper(writer, z[0].to(torch.int32).numpy(), _groups(flags))
        self.write_latents(writer, values[0].to(torch.int32).numpy(), side, coded[0].numpy())
        header = Header(self.fingerprint, point, masked, *image.shape[:2])
        data = container.pack(header, writer.words())
        y, zb, mask = (writer.bits[part] for part in ("y", "z", "mask"))
        return Encoded(data, Bits(y, zb, mask, 8.0 * len(data) - y - zb - mask))

    def write_hyper(
        self, writer: SymbolWriter, z: NDArray[np.int32], groups: Flags | None = None
    ) -> None:
        """Codes hyper-latents ``Z x h/4 x w/4``, those in ``groups`` or all."""
        groups = np.ones(z.shape[1:], bool) if groups is None else groups
        write_hyper(writer, z, groups, self._hyper)

    def write_latents(
        self,
        writer: SymbolWriter,
        values: NDArray[np.int32],
        side: Side,
        coded: Flags | None = None,
    ) -> None:
        """Codes integers ``768 x h x w`` about their means, those ``coded`` or all, by stripes."""
        coded = np.ones(values.shape, bool) if coded is None else coded
        levels = side.levels[0].numpy()
        for top in range(0, values.shape[1], STRIPE):
            part = np.s_[:, top : top + STRIPE]
            here = coded[part]
            write_latents(writer, values[part][here], levels[part][here], self._latent)

    def read_hyper(self, reader: SymbolReader, height: int, width: int) -> NDArray[np.int32]:
        """All hyper-latents of ``height x width`` blocks; raises as :meth:`decode`."""
        groups = np.ones((-(-height // GROUP), -(-width // GROUP)), bool)
        return read_hyper(reader, groups, self._hyper)

    def read_latents(self, reader: SymbolReader, side: Side) -> NDArray[np.int32]:
        """All integers ``768 x h x w`` about their means; raises as :meth:`decode`."""
        levels = side.levels[0].numpy()
        values = np.zeros(levels.shape, np.int32)
        for top in range(0, levels.shape[1], STRIPE):
            part = np.s_[:, top : top + STRIPE]
            here = levels[part]
            values[part] = read_latents(reader, here.ravel(), self._latent).reshape(here.shape)
        return values

    def side(self, z: NDArray[np.int32], point: int, height: int, width: int) -> Side:
        """What hyper-latents ``Z x h/4 x w/4`` say of ``height x width`` blocks."""
        return _crop(self.hyper(torch.from_numpy(z)[None], [point]), height, width)

    @torch.inference_mode()
    def estimate_bits(self, image: Photo, point: int, keep: Flags | None = None) -> Bits:
        """What :meth:`encode` would need by the likelihood of the model, without coding.

        Arguments and errors as :meth:`encode`.
        """
        flags = self._check(image, point, keep)
        latents, coded, z = self.analyse(image, point, flags)
        side = _crop(self.hyper(z, [point]), *flags.shape)
        values = self.decide(latents - means(side), side, point)
        y = float((latent_bits(values.double(), side.levels.double()) * coded).sum())
        sent = z[0].long().numpy()[:, _groups(flags)] + Z_LIMIT
        zb = sum(float(t.cost[row].sum()) for row, t in zip(sent, self._hyper, strict=True))
        writer = SymbolWriter()
        if not flags.all():
            write_mask(writer, flags)
        checks = 8 * (1 + -(-flags.shape[0] // STRIPE))
        return Bits(y, zb, writer.bits["mask"], 8.0 * container.HEADER.size + checks)

    @torch.inference_mode()
    def scales(self, image: Photo, point: int) -> Tensor:
        """Scales theta of the latents in quantiser steps, ``1 x 768 x h x w`` (GVIF, Eq. 28)."""
        keep = self._check(image, point, None)
        _, _, z = self.analyse(image, point, keep)
        return scale_of_level(_crop(self.hyper(z, [point]), *keep.shape).levels.float())

    def _begin(self, data: bytes, partial: bool) -> _Reading:
        """Header, mask and hyper-latents of one stream."""
        stream = container.unpack(data, self.max_pixels)
        header = stream.header
        if header.point not in self.points:
            raise BitstreamError(f"operating point {header.point} of '{self.name}', which has none")
        if header.codec and self.fingerprint and header.codec != self.fingerprint:
            raise BitstreamError(
                f"stream of codec {header.codec:04x}, but '{self.name}' is {self.fingerprint:04x}"
            )
        if stream.damaged and not partial:
            reason = "the stream ends too early" if stream.cut_off else "the payload is damaged"
            raise BitstreamError(reason)
        blocks = wavelet.grid(header.height, header.width)
        reader = SymbolReader(stream.words, stream.cut_off)
        keep = read_mask(reader, *blocks) if header.masked else np.ones(blocks, bool)
        groups = _groups(keep)
        try:
            z, intact = read_hyper(reader, groups, self._hyper), True
        except BitstreamError:
            if not partial:
                raise
            z, intact = np.zeros((len(self._hyper), *groups.shape), np.int32), False
        return _Reading(stream, reader, keep, z, intact)

    def _finish(self, reading: _Reading, side: Side, partial: bool) -> Symbols:
        """The latents of one stream."""
        coded = _coded(reading.keep)[0].numpy()
        levels = side.levels[0].numpy()
        values = np.zeros(coded.shape, np.int32)
        rows = 0
        try:
            while reading.intact and rows < coded.shape[1]:
                part = np.s_[:, rows : rows + STRIPE]
                here = coded[part]
                values[part][here] = read_latents(reading.reader, levels[part][here], self._latent)
                rows = min(rows + STRIPE, coded.shape[1])
        except BitstreamError:
            if not partial:
                raise
        stream = reading.stream
        return Symbols(stream.header, reading.keep, reading.z, side, values, rows, stream.damaged)

    def decode_symbols(self, streams: Sequence[bytes], partial: bool = False) -> list[Symbols]:
        """The integers of several streams; images of one size share a pass of the network.

        Errors as :meth:`decode`.
        """
        readings = [self._begin(data, partial) for data in streams]
        found: dict[int, Symbols] = {}
        for shape in {r.keep.shape for r in readings}:
            members = [i for i, r in enumerate(readings) if r.keep.shape == shape]
            z = torch.from_numpy(np.stack([readings[i].z for i in members]))
            points = [readings[i].stream.header.point for i in members]
            side = _crop(self.hyper(z, points), *shape)
            for n, i in enumerate(members):
                own = Side(side.levels[n : n + 1], side.means[n : n + 1])
                found[i] = self._finish(readings[i], own, partial)
        return [found[i] for i in range(len(readings))]

    def decode(self, data: bytes, partial: bool = False) -> Decoded:
        """A stream to an image.

        Parameters
        ----------
        partial : give what can be had of a damaged or truncated stream. Truncation is told
            exactly; where bits were changed, it is noticed within 64 rows (with probability
            255/256). Without an intact header and mask there is nothing to give.

        Raises
        ------
        BitstreamError
            The stream is damaged, of other weights, or larger than ``max_pixels``.
        """
        return self.decode_many([data], partial)[0]

    @torch.inference_mode()
    def decode_many(self, streams: Sequence[bytes], partial: bool = False) -> list[Decoded]:
        """Several streams; images of one size and point share a pass of the networks.

        Arguments and errors as :meth:`decode`; an error in one stream refuses all.
        """
        symbols = self.decode_symbols(streams, partial)
        images: dict[int, Photo] = {}
        for key in {(s.keep.shape, s.header.point) for s in symbols}:
            members = [i for i, s in enumerate(symbols) if (s.keep.shape, s.header.point) == key]
            known = [self._known(symbols[i]) for i in members]
            estimate, deviation = (
                torch.cat(part).to(self.device) for part in zip(*known, strict=True)
            )
            position = self._position(key[1], len(members))
            pixels = self.picture(estimate, deviation, position)
            for i, one in zip(members, pixels, strict=True):
                header = symbols[i].header
                images[i] = one[: header.height, : header.width].contiguous().numpy()
        return [self._decoded(s, images[i]) for i, s in enumerate(symbols)]

    def picture(self, estimate: Tensor, deviation: Tensor, position: Tensor) -> Tensor:
        """What is known of latents, ``B x 768 x h x w`` each, to uint8 ``B x 16h x 16w x 3``."""
        image = self.transforms.synthesise(estimate, deviation, position)
        pixels = (image.nan_to_num(0.5).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).cpu()

    def _known(self, symbols: Symbols) -> tuple[Tensor, Tensor]:
        """Estimate and deviation of one stream's latents, ``1 x 768 x h x w`` each, on the CPU."""
        values = torch.from_numpy(symbols.values)[None].float()
        prior = self.transforms.prior(symbols.side.levels.to(self.device)).cpu()
        arrived = _coded(symbols.keep)
        arrived[:, :, symbols.rows :] = False
        deviation = torch.where(arrived, posterior.of_quantised(values, prior), prior)
        return values + means(symbols.side), deviation

    @staticmethod
    def _decoded(symbols: Symbols, image: Photo) -> Decoded:
        complete = symbols.rows == symbols.keep.shape[0] and not symbols.damaged
        rows = min(symbols.rows * BLOCK, symbols.header.height)
        return Decoded(image, symbols.keep, symbols.header.point, complete, rows)


def _coded(keep: Flags) -> Tensor:
    """Coded latents of one mask, ``1 x 768 x h x w`` bool."""
    return coded_latents(torch.from_numpy(keep)[None])


def _groups(keep: Flags) -> Flags:
    """Coded hyper-latents of one mask, ``ceil(h/4) x ceil(w/4)``."""
    return coded_groups(torch.from_numpy(keep)[None])[0].numpy()


def _crop(side: Side, height: int, width: int) -> Side:
    return Side(side.levels[..., :height, :width], side.means[..., :height, :width])


def means(side: Side) -> Tensor:
    """Means of all latents in quantiser steps, ``B x 768 x h x w``."""
    low = side.means.float() / float(1 << MEAN_BITS)
    return F.pad(low, (0, 0, 0, 0, 0, wavelet.CHANNELS - MEAN_CHANNELS))
