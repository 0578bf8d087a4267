"""The adaptive code: SoftCast with a prior that knows this image, behind a digital base.

>>> codec = AdaptiveCodec.from_pretrained("hyperprior")
>>> sent = codec.encode_image(photo, rate=32, snr_db=10.0)
>>> image = codec.decode_image(sent.received(symbols, noise_var))

::

    image ─ analysis ┬ hyper-latents ───────────── header section (bits) ─┬ scales, means
                     ├ latents, rounded ── base ─┘   (where it pays)      │
                     └ what is left ─ power by scale ─ mixing ─ symbols ─ LLSE ─ decoder ─ image

The codec bank's hyperprior says for this very image how large every wavelet coefficient is likely
to be: the prior of a linear analog code (:mod:`.allocation`), or, behind a digital base, of what
its quantiser left. The bank's universal decoder is told of every coefficient the estimate and how
sure it is. No network is the adaptive code's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.codecs import layout
from gensc_models.codecs.adaptive.allocation import Allocation, allocate
from gensc_models.codecs.adaptive.mixing import from_air, to_air
from gensc_models.codecs.adaptive.section import Known, pack, unpack
from gensc_models.codecs.bank import posterior
from gensc_models.codecs.bank.codec import HyperpriorCodec, means
from gensc_models.codecs.bank.points import FIRST, position_of_point
from gensc_models.codecs.bank.transforms import step
from gensc_models.codecs.codec import (
    RECOMMENDED_RATES,
    Codec,
    Encoded,
    Received,
    SideCost,
    counted_symbols,
    symbols_for,
)
from gensc_models.codecs.layout import SideInfo
from gensc_models.data.photos import Photo
from gensc_models.weights.fingerprint import derived
from gensc_models.weights.store import ADAPTIVE, BANK

ANALOG_SHARE = 0.12
"""Least share of the symbols that stays analog behind a base: what a good guess of the SNR needs.
"""


@dataclass(frozen=True)
class _Way:
    """One way of sending an image; ``expected`` is the squared error of a linear receiver."""

    section: bytes
    cost: int
    plan: Allocation
    left: Tensor
    expected: float


class AdaptiveCodec(Codec):
    """The code on top of a bank.

    Parameters
    ----------
    bank : whose hyperprior and decoder it takes.
    base : whether a digital base may be sent.
    """

    rates = RECOMMENDED_RATES
    sends_side = True

    def __init__(self, bank: HyperpriorCodec, base: bool = True) -> None:
        self.bank = bank
        self.base = base
        self.name = ADAPTIVE if bank.name == BANK else f"{ADAPTIVE}-{bank.name}"
        # The bank's own streams go by its weights; these are others.
        self.sha256 = derived(bank.sha256, ADAPTIVE)

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path, device: str = "cpu") -> AdaptiveCodec:
        """The code on the bank of that name or folder.

        Raises
        ------
        WeightsError
            One line that names what is missing or wrong.
        """
        return cls(HyperpriorCodec.from_pretrained(name_or_path, device))

    def to(self, device: str) -> AdaptiveCodec:
        """Moves the floating-point networks."""
        self.bank.to(device)
        return self

    def encode_image(
        self,
        image: Photo,
        rate: int,
        snr_db: float,
        side_cost: SideCost = counted_symbols,
        point: int | None = None,
    ) -> Encoded:
        """uint8 ``H x W x 3`` to a header section and symbols, the section's cost included.

        Of an analog code alone and one behind a base, what is expected to leave less is sent.

        Parameters
        ----------
        image : the image.
        rate : complex symbols per 16x16 block, header section included, 1 ... 128.
        snr_db : Es/N0 to design for; clamped to -5 ... 25 dB and rounded to 0.5 dB.
        side_cost : what the header section is counted as.
        point : operating point of the prior, in place of the best; then without a base.

        Raises
        ------
        ValueError
            Not a uint8 colour image, empty or too large; rate or point out of range; SNR not a
            number; no symbols left beside the header section.
        """
        if math.isnan(snr_db):
            raise ValueError("snr_db is not a number")
        height, width = image.shape[:2]
        total = symbols_for(height, width, rate)
        told = SideInfo.quantise(1.0, snr_db).snr_db
        search = _Search(self.bank, image, total, told, side_cost)
        if point is not None:
            ways = [search.way(point, False)]
        else:
            ways = [search.analog(matching_point(rate, told, self.bank.points))]
            ways += search.based() if self.base else []
        found = [way for way in ways if way is not None]
        if not found:
            raise ValueError(f"{total} symbols are too few for the header section alone")
        best = min(found, key=lambda way: way.expected)
        symbols, scale = to_air(best.left, best.plan, 2 * (total - best.cost))
        return Encoded(
            symbols,
            SideInfo(scale, told).pack(),
            int(rate),
            height,
            width,
            side=best.section,
            side_symbols=best.cost,
        )

    @torch.inference_mode()
    def decode_image(self, received: Received) -> Photo:
        """Symbols and header section to uint8 ``H x W x 3``.

        A symbol that is not finite, or whose noise variance is not, is an erasure. Without any
        symbols the image is what the section alone says.

        Raises
        ------
        SectionError
            The header section is damaged.
        ValueError
            Symbols and variances that differ in number.
        """
        symbols, noise_var = received.symbols, received.noise_var
        if len(symbols) != len(noise_var):
            raise ValueError(f"{len(symbols)} symbols, but {len(noise_var)} noise variances")
        height, width = received.height, received.width
        known = unpack(self.bank, received.side, *layout.blocks(height, width))
        told = SideInfo.unpack(received.aux)
        agreed = agree(self.bank, known, max(len(symbols), 1), told.snr_db)
        estimate, deviation = agreed.start.flatten().clone(), agreed.deviation.clone()
        if len(symbols):
            places = agreed.plan.places
            better, left = from_air(symbols, noise_var, told.scale, agreed.plan)
            estimate[places] += better
            deviation[places] = left
        whole = torch.stack([estimate, deviation]).view(2, 1, *agreed.start.shape)
        where = torch.tensor([position_of_point(known.point)])
        pixels = self.bank.picture(whole[0] + means(known.side), whole[1], where)
        return pixels[0, :height, :width].contiguous().numpy()

    def stream_lengths(
        self, received: Received, side_cost: SideCost = counted_symbols
    ) -> tuple[int, ...]:
        """Symbols of the stream: what the header section leaves of the rate."""
        total = symbols_for(received.height, received.width, received.rate)
        told = SideInfo.unpack(received.aux).snr_db
        return (total - side_cost(len(received.side), told),)


def matching_point(rate: int, snr_db: float, points: tuple[int, ...]) -> int:
    """Operating point whose prior suits an analog code of a rate at an SNR.

    The finer the channel resolves, the finer the prior that pays: four points for every doubling
    of the symbols, or 9 dB.
    """
    octaves = math.log2(rate / 32.0) + (snr_db - 7.0) / 9.0
    return min(max(round(FIRST + 12.5 - 3.8 * octaves), points[0]), points[-1])


@dataclass(frozen=True)
class Agreed:
    """What both ends make of a header section.

    ``start`` ``768 x h x w``, the base about the means (zero without one); ``deviation``, flat, of
    what is left before any symbol; ``plan`` of the symbols.
    """

    plan: Allocation
    start: Tensor
    deviation: Tensor


def agree(bank: HyperpriorCodec, known: Known, symbols: int, snr_db: float) -> Agreed:
    """The plan of ``symbols`` complex symbols, designed for ``snr_db``."""
    level = known.side.levels[0].long().flatten()
    prior = bank.transforms.spread.cpu()
    if known.values is None:
        start, classes, table = torch.zeros(known.side.levels.shape[1:]), level, prior
    else:
        start = torch.from_numpy(known.values).float()
        classes, table = posterior.classes(level, start.flatten(), prior)
    plan = allocate(classes, table, 2 * symbols, 10.0 ** (-snr_db / 10.0))
    return Agreed(plan, start, table[classes])


class _Search:
    """Ways of sending one image in so many symbols."""

    def __init__(
        self,
        bank: HyperpriorCodec,
        image: Photo,
        total: int,
        snr_db: float,
        side_cost: SideCost,
    ) -> None:
        self.bank, self.image, self.total = bank, image, total
        self.snr_db, self.side_cost = snr_db, side_cost

    def analog(self, point: int) -> _Way | None:
        """Without a base, at a point or the next coarser one whose hyper-latents fit."""
        for coarser in range(point, self.bank.points[-1] + 1):
            way = self.way(coarser, False)
            if way is not None:
                return way
        return None

    def based(self) -> list[_Way | None]:
        """Behind a base: at the finest point that leaves symbols enough, by bisection."""
        low, high = self.bank.points[0], self.bank.points[-1]
        best = None
        while low <= high:
            middle = (low + high) // 2
            way = self.way(middle, True)
            if way is None or way.cost > (1.0 - ANALOG_SHARE) * self.total:
                low = middle + 1
            else:
                best, high = way, middle - 1
        return [best]

    def way(self, point: int, base: bool) -> _Way | None:
        """One way; None where the section leaves no symbols."""
        latents, side, z = self.bank.prepare(self.image, point)
        values: NDArray[np.int32] | None = None
        if base:
            values = self.bank.decide(latents, side, point)[0].to(torch.int32).numpy()
        section = pack(self.bank, point, z, side, values)
        cost = self.side_cost(len(section), self.snr_db)
        if cost >= self.total:
            return None
        known = Known(point, side, values)
        agreed = agree(self.bank, known, self.total - cost, self.snr_db)
        left = (latents[0] - agreed.start).flatten()[agreed.plan.places]
        scale = float(step(torch.tensor(position_of_point(point))))
        return _Way(section, cost, agreed.plan, left, agreed.plan.left * scale**2)
