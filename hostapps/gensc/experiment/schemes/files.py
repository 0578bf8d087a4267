"""Image files behind LDPC and QAM: separate source and channel coding, as it is usual.

The sender knows the mean SNR and takes the fastest modulation and coding scheme that has a margin
there; the file is the best that then fits. Over channels that fade several margins are variants of
the scheme, and at each point the one best on average counts: the benefit of the doubt is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gensc.experiment.baselines import jpeg, jpeg_short
from gensc.experiment.baselines.jpeg_short import ShortJpegs
from gensc.experiment.scheme import Photo, Picture, Received, Scheme, Section, Sent, best, lost
from gensc.link.channels import STEADY
from gensc.system.weights import Weights
from gensc_phy.coding.bits import capacity_bytes, decode_bits, encode_bits
from gensc_phy.coding.mcs import MCS_TABLE, Mcs, choose_mcs

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

#: dB between a scheme's threshold (1 % of codewords fail) and the SNR it is used at.
STEADY_MARGIN_DB = 0.5
FADING_MARGINS_DB = (2.0, 5.0, 8.0, 11.0, 14.0)


class FileCoder(Protocol):
    """A source code of images with a rate that can be chosen."""

    weights: tuple[Weights, ...]

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """The best file of at most `max_bytes`; None where not even the smallest fits."""
        ...

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """The picture at height×width; None where the bytes are none."""
        ...


class FileScheme(Scheme):
    """A file in the bits section.

    Args:
        name: for rows.
        coder: makes and reads the file.
        margin_db: kept from a scheme's threshold; None: as the channel is.
        design_snr_db: SNR that the sender believes in whatever the channel is; None: the truth.
        margins: channel → those that are tried there, where none is set; others as they are usual.
    """

    def __init__(
        self,
        name: str,
        coder: FileCoder,
        margin_db: float | None = None,
        design_snr_db: float | None = None,
        margins: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self.name, self.coder = name, coder
        self.margins = margins or {}
        self.weights = coder.weights
        self.margin_db, self.design_snr_db = margin_db, design_snr_db
        self._fit = lru_cache(maxsize=1024)(self._fit_uncached)
        self._variants: dict[float, FileScheme] = {}

    @property
    def setting(self) -> str:
        """Its margin."""
        return "" if self.margin_db is None else f"margin {self.margin_db:g} dB"

    def variants(self, channel: str) -> Sequence[Scheme]:
        """One per margin, where none is set."""
        if self.margin_db is not None:
            return (self,)
        usual = (STEADY_MARGIN_DB,) if channel in STEADY else FADING_MARGINS_DB
        return [self._variant(margin) for margin in self.margins.get(channel, usual)]

    def _variant(self, margin_db: float) -> FileScheme:
        if margin_db not in self._variants:
            made = FileScheme(self.name, self.coder, margin_db, self.design_snr_db)
            made._fit = self._fit  # the files are the same
            self._variants[margin_db] = made
        return self._variants[margin_db]

    def _fit_uncached(self, picture: Picture, max_bytes: int) -> bytes | None:
        return self.coder.fit(picture.pixels, max_bytes)

    def mcs(self, snr_db: float) -> Mcs:
        """The modulation and coding scheme at an SNR."""
        told_db = snr_db if self.design_snr_db is None else self.design_snr_db
        return choose_mcs(told_db, STEADY_MARGIN_DB if self.margin_db is None else self.margin_db)

    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """See `Scheme.send`."""
        mcs = self.mcs(snr_db)
        room = capacity_bytes(budget, mcs)
        data = self._fit(picture, room) if room > 0 else None
        if data is None:
            raise ValueError(f"no {self.name} of {max(room, 0)} bytes ({mcs.name})")
        return sent_as_bits(data, mcs, picture)

    def receive(self, sections: Sequence[Section]) -> Received:
        """See `Scheme.receive`."""
        section = best(sections, "bits")
        if section is None or section.rate >= len(MCS_TABLE):
            return lost("nothing received")
        mcs = MCS_TABLE[section.rate]
        try:
            result = decode_bits(section.symbols, section.variances, section.total, mcs)
        except ValueError as error:
            return lost(str(error))
        if not result.crc_ok:
            return lost("the file is damaged")
        image = self.coder.decode(result.payload, section.height, section.width)
        return lost("no file of this kind") if image is None else Received(image)


def sent_as_bits(data: bytes, mcs: Mcs, picture: Picture) -> Sent:
    """A file of a picture as the one bits section of it."""
    height, width = picture.pixels.shape[:2]
    section = Section("bits", encode_bits(data, mcs), height, width, mcs.index, len(data))
    return Sent((section,), facts={"mcs": mcs.name, "bytes": len(data)})


class Jpeg:
    """JPEG of the best of some sizes, scaled up again by the receiver."""

    weights: tuple[Weights, ...] = ()

    def __init__(self, divisors: Sequence[int] = (1,)) -> None:
        self.divisors = divisors

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """See `FileCoder.fit`."""
        choice = jpeg.fit(image, max_bytes, self.divisors)
        return None if choice is None else choice.data

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """See `FileCoder.decode`."""
        return jpeg.decode(data, height, width)


class ShortJpeg:
    """JPEG without its header, filled up to the length that was asked for: for pictures so small
    that the header alone would fill the channel (`gensc.experiment.baselines.jpeg_short`)."""

    weights: tuple[Weights, ...] = ()

    def __init__(self, divisors: Sequence[int] = (1,)) -> None:
        self.divisors = divisors
        # A picture's files are made once, whatever length is asked for how often.
        self._files = lru_cache(maxsize=256)(self._files_uncached)

    def _files_uncached(self, pixels: bytes, shape: tuple[int, ...]) -> ShortJpegs:
        return ShortJpegs(np.frombuffer(pixels, np.uint8).reshape(shape))

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """See `FileCoder.fit`."""
        choice = self._files(image.tobytes(), image.shape).fit(max_bytes, self.divisors)
        return None if choice is None else choice.data.ljust(max_bytes, b"\0")

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """See `FileCoder.decode`."""
        return jpeg_short.decode(data, height, width)


class Jpeg2000:
    """JPEG 2000, of any length."""

    weights: tuple[Weights, ...] = ()

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """See `FileCoder.fit`."""
        from gensc.experiment.baselines import jpeg2000

        return jpeg2000.fit(image, max_bytes)

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """See `FileCoder.decode`."""
        from gensc.experiment.baselines import jpeg2000

        image = jpeg2000.decode(data)
        return image if image is not None and image.shape[:2] == (height, width) else None


class Modern:
    """WebP or AVIF, by quality."""

    weights: tuple[Weights, ...] = ()

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """See `FileCoder.fit`."""
        from gensc.experiment.baselines import modern

        return modern.fit(self.kind, image, max_bytes)

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """See `FileCoder.decode`."""
        from gensc.experiment.baselines import modern

        image = modern.decode(self.kind, data)
        return image if image is not None and image.shape[:2] == (height, width) else None


class BankFile:
    """A container of this project's learned codec bank, at its best operating point that fits.

    Args:
        bank: the codec; None: the one that is shipped.

    Raises:
        UserError: its weights are missing.
    """

    def __init__(self, bank: HyperpriorCodec | None = None) -> None:
        from gensc.adapt.bank import load_bank

        self.bank = bank or load_bank()
        self.weights: tuple[Weights, ...] = (Weights(self.bank.name, self.bank.sha256),)

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """See `FileCoder.fit`; length falls with the number of the point."""
        points = sorted(self.bank.points)
        found: bytes | None = None
        low, high = 0, len(points)
        while low < high:
            middle = (low + high) // 2
            data = self.bank.encode(image, points[middle]).data
            if len(data) <= max_bytes:
                found, high = data, middle
            else:
                low = middle + 1
        return found

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """See `FileCoder.decode`."""
        from gensc_models.codecs.bank.errors import BitstreamError

        try:
            image = self.bank.decode(data).image
        except BitstreamError:
            return None
        return image if image.shape[:2] == (height, width) else None


class Scaled:
    """A coder that may also make the picture smaller before, and larger again behind.

    Args:
        coder: of the smaller picture; its file must say its own size to `decode_any`.
        divisors: of both sides.
    """

    def __init__(self, coder: FileCoder, divisors: Sequence[int] = (1, 2, 4)) -> None:
        self.coder, self.divisors = coder, divisors
        self.weights = coder.weights

    def fit(self, image: Photo, max_bytes: int) -> bytes | None:
        """The one of all sizes that comes back with the highest PSNR; its first byte says which."""
        from gensc_models.metrics.fidelity import psnr

        found: tuple[float, bytes] | None = None
        height, width = image.shape[:2]
        for divisor in self.divisors:
            small = jpeg.scaled(image, -(-height // divisor), -(-width // divisor))
            data = self.coder.fit(small, max_bytes - 1)
            if data is None:
                continue
            data = bytes([divisor]) + data
            shown = self.decode(data, height, width)
            quality = psnr(image, shown) if shown is not None else float("-inf")
            if found is None or quality > found[0]:
                found = quality, data
        return None if found is None else found[1]

    def decode(self, data: bytes, height: int, width: int) -> Photo | None:
        """See `FileCoder.decode`."""
        if not data or data[0] not in self.divisors:
            return None
        divisor = data[0]
        small = self.coder.decode(data[1:], -(-height // divisor), -(-width // divisor))
        return None if small is None else jpeg.scaled(small, height, width)


#: Names of the coders, as they stand before "+ldpc".
CODERS = (
    "jpeg", "jpeg-scaled", "jpeg-short", "jpeg-short-scaled", "jpeg2000", "webp", "webp-scaled",
    "avif", "avif-scaled", "bank", "bank-scaled",
)  # fmt: skip


def load_coder(name: str) -> FileCoder:
    """The coder of one of the names in `CODERS`.

    Raises:
        UserError: its weights are missing.
    """
    made: dict[str, Callable[[], FileCoder]] = {"jpeg2000": Jpeg2000, "bank": BankFile}
    files: dict[str, Callable[[Sequence[int]], FileCoder]] = {"jpeg": Jpeg, "jpeg-short": ShortJpeg}
    if name.removesuffix("-scaled") in files:
        sizes = jpeg.DIVISORS if name.endswith("-scaled") else (1,)
        return files[name.removesuffix("-scaled")](sizes)
    plain = name.removesuffix("-scaled")
    coder: FileCoder = made[plain]() if plain in made else Modern(plain)
    return Scaled(coder) if name.endswith("-scaled") else coder
