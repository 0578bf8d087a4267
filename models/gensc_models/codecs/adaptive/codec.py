"""The adaptive code: SoftCast with a prior that knows this image, behind a digital base.

>>> codec = AdaptiveCodec.from_pretrained("hyperprior")
>>> sent = codec.encode_image(photo, rate=32, snr_db=10.0)
>>> image = codec.decode_image(sent.received(symbols, noise_var))

::

    image ─ analysis ┬ hyper-latents ─────────── words ─ LDPC, QAM ─┬ scales, means
                     ├ latents, rounded ─ base ─┘  (where it pays)  │
                     └ what is left ─ power by scale ─ mixing ──────┴ LLSE ─ decoder ─ image

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
from gensc_models.codecs.adaptive import digital
from gensc_models.codecs.adaptive.allocation import Allocation, allocate
from gensc_models.codecs.adaptive.mixing import from_air, to_air
from gensc_models.codecs.adaptive.section import SECTION_BYTES, Fields, Known, read, write
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
from gensc_phy.coding.mcs import Mcs

ANALOG_SHARE = 0.02
"""Least share of the symbols that stays analog behind a base."""
COARSER = (0, 1, 2, 4)
"""Bases that are tried: so many points coarser than the finest there is room for."""


@dataclass(frozen=True)
class _Way:
    """One way of sending an image.

    ``section`` and ``words`` as they travel, ``analog`` symbols for ``left``; ``expected`` is the
    squared error of a linear receiver.
    """

    section: Fields
    words: bytes
    analog: int
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
    takes_spread = True

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
        spread_db: float | None = None,
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
        spread_db : standard deviation of the SNR over symbols and from image to image; None where
            nobody has measured it.

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
        mcs = digital.scheme(snr_db, spread_db)
        search = _Search(self.bank, image, total - side_cost(SECTION_BYTES, told), told, mcs)
        if point is not None:
            ways = [search.way(point, False)]
        else:
            ways = [search.analog(matching_point(rate, told, self.bank.points))]
            ways += search.based() if self.base else []
        found = [way for way in ways if way is not None]
        if not found:
            raise ValueError(f"{total} symbols are too few for the bits of the image alone")
        best = min(found, key=lambda way: way.expected)
        analog, scale = to_air(best.left, best.plan, 2 * best.analog)
        symbols, factor = digital.join(best.words, mcs, analog)
        return Encoded(
            symbols,
            SideInfo(scale / factor, told).pack(),
            int(rate),
            height,
            width,
            side=best.section.pack(),
            side_symbols=total - len(symbols),
        )

    @torch.inference_mode()
    def decode_image(self, received: Received) -> Photo:
        """Symbols and header section to uint8 ``H x W x 3``.

        A symbol that is not finite, or whose noise variance is not, is an erasure.

        Raises
        ------
        SectionError
            The header section or the words are damaged.
        ValueError
            Symbols and variances that differ in number.
        """
        symbols, noise_var = received.symbols, received.noise_var
        if len(symbols) != len(noise_var):
            raise ValueError(f"{len(symbols)} symbols, but {len(noise_var)} noise variances")
        height, width = received.height, received.width
        fields = Fields.unpack(received.side)
        words, analog, variance = digital.separate(fields, symbols, noise_var)
        known = read(self.bank, fields, words, *layout.blocks(height, width))
        told = SideInfo.unpack(received.aux)
        agreed = agree(self.bank, known, max(len(analog), 1), told.snr_db)
        estimate, deviation = agreed.start.flatten().clone(), agreed.deviation.clone()
        if len(analog):
            places = agreed.plan.places
            better, left = from_air(analog, variance, told.scale, agreed.plan)
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
    """What both ends make of the words.

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
    """Ways of sending one image in so many symbols, words included, with a scheme for these."""

    def __init__(
        self, bank: HyperpriorCodec, image: Photo, symbols: int, snr_db: float, mcs: Mcs
    ) -> None:
        self.bank, self.image, self.symbols = bank, image, symbols
        self.snr_db, self.mcs = snr_db, mcs

    def analog(self, point: int) -> _Way | None:
        """Without a base, at a point or the next coarser one whose hyper-latents fit."""
        for coarser in range(point, self.bank.points[-1] + 1):
            way = self.way(coarser, False)
            if way is not None:
                return way
        return None

    def based(self) -> list[_Way | None]:
        """Behind bases: the finest that leaves symbols enough, by bisection, and coarser ones."""
        low, high = self.bank.points[0], self.bank.points[-1]
        tried: dict[int, _Way | None] = {}
        while low <= high:
            middle = (low + high) // 2
            way = tried[middle] = self.way(middle, True)
            if way is None or way.analog < ANALOG_SHARE * self.symbols:
                low = middle + 1
            else:
                high = middle - 1
        points = [p for p in (low + more for more in COARSER) if p in self.bank.points]
        return [tried[p] if p in tried else self.way(p, True) for p in points]

    def way(self, point: int, base: bool) -> _Way | None:
        """One way; None where the words leave no symbols."""
        latents, side, z = self.bank.prepare(self.image, point)
        values: NDArray[np.int32] | None = None
        if base:
            values = self.bank.decide(latents, side, point)[0].to(torch.int32).numpy()
        words = write(self.bank, z, side, values)
        fields = Fields(point, base, self.mcs, len(words))
        left = self.symbols - digital.coded_symbols(fields)
        if left < 1:
            return None
        agreed = agree(self.bank, Known(point, side, values), left, self.snr_db)
        rest = (latents[0] - agreed.start).flatten()[agreed.plan.places]
        scale = float(step(torch.tensor(position_of_point(point))))
        return _Way(fields, words, left, agreed.plan, rest, agreed.plan.left * scale**2)
