"""The contract of image codecs: everything that the rest of the project asks of one.

A codec is a class with two methods, over NumPy images and complex symbols::

    class Mine(Codec):
        name = "mine"

        def encode_image(self, image, rate, snr_db):   # uint8 H x W x 3
            return symbols                             # complex, at most rate per 16x16 block

        def decode_image(self, received):              # received.symbols, .noise_var, .height ...
            return image                               # uint8 H x W x 3

Everything else has a default. Inheriting from :class:`Codec` is not needed, it only brings the
defaults. How a codec is found: :mod:`gensc_models.catalogue.codecs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_models.data.photos import BLOCK, Photo
from gensc_models.weights.fingerprint import fingerprint

Symbols = NDArray[np.complex64]
Variances = NDArray[np.float32]
SideCost = Callable[[int, float], int]
"""Symbols that so many bytes of a header section take on the air, at a design SNR in dB."""

# What a bit of the header section costs in symbols where no waveform says it: BPSK behind a code of
# rate 1/2, which arrives at 0 dB.
SYMBOLS_PER_BIT = 2
# CBR = rate / 768: 1/48, 1/32, 1/24, 1/16, 1/12, 1/8, 1/6.
RECOMMENDED_RATES = (16, 24, 32, 48, 64, 96, 128)
MAX_PIXELS = 1 << 24


class CodecError(ValueError):
    """A codec that does not keep the contract, or has failed; the message is one line."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """An image on its way to the channel.

    ``symbols``: complex64 ``N``, ``mean |x|^2 = 1`` over this image. ``aux``: 16 bits that every
    burst carries in its header. ``side``: bytes that travel as coded bits and must arrive whole
    (none: b""); ``side_symbols``: what they were counted as. ``lengths``: where ``symbols`` are
    several streams, each a section of its own on the air, the symbols of each.
    """

    symbols: Symbols
    aux: int
    rate: int
    height: int
    width: int
    side: bytes = b""
    side_symbols: int = 0
    lengths: tuple[int, ...] = ()

    @property
    def streams(self) -> tuple[Symbols, ...]:
        """The symbols of each stream."""
        lengths = self.lengths or (len(self.symbols),)
        return tuple(np.split(self.symbols, np.cumsum(lengths)[:-1]))

    @property
    def cbr(self) -> float:
        """Bandwidth ratio: complex symbols per source value, the header section included."""
        return (len(self.symbols) + self.side_symbols) / (3.0 * self.height * self.width)

    def received(self, symbols: Symbols, noise_var: Variances) -> Received:
        """What a receiver has of it that knows these symbols; all else has arrived."""
        return Received(symbols, noise_var, self.rate, self.height, self.width, self.aux, self.side)


@dataclass(frozen=True, eq=False)
class Received:
    """What a receiver has of an image: fields as of :class:`Encoded`.

    ``noise_var``: float32 ``N``, total noise variance of each equalised symbol, ``inf`` where it
    was lost (the symbol is 0 then). Symbols of all streams, one after the other.
    """

    symbols: Symbols
    noise_var: Variances
    rate: int
    height: int
    width: int
    aux: int = 0
    side: bytes = b""


class Codec:
    """Base of all codecs, with the defaults.

    Attributes
    ----------
    name : what results and reports call it.
    sha256 : of the weights. The first 16 bits are its number in burst headers: what one codec
        sends another must not decode. Left empty, it is taken of the code and of all arrays and
        tensors that the codec holds.
    rates : recommended channel symbols per 16x16 block, ascending; any 1 ... 128 may be asked for.
    streams : analog sections of an image; more than one says how long they are in
        :meth:`stream_lengths`.
    sends_side : it sends bytes, too. ``encode_image`` and ``stream_lengths`` are then called with
        the keyword ``side_cost``, a :data:`SideCost`: these symbols are a part of the rate.
    takes_spread : ``encode_image`` also takes the keyword ``spread_db``: by how much the Es/N0 in
        dB differs over the symbols and from image to image (standard deviation), None where
        nobody knows. Codecs that send bits among their symbols keep a distance by it.
    """

    name: str = ""
    sha256: str = ""
    rates: tuple[int, ...] = RECOMMENDED_RATES
    streams: int = 1
    sends_side: bool = False
    takes_spread: bool = False

    def encode_image(self, image: Photo, rate: int, snr_db: float) -> Encoded:
        """uint8 ``H x W x 3`` to at most ``rate`` symbols per started 16x16 block.

        ``snr_db`` is the Es/N0 to design for. An array of symbols alone may be returned as well.

        Raises
        ------
        ValueError
            The image cannot be sent so; one line.
        """
        raise NotImplementedError

    def decode_image(self, received: Received) -> Photo:
        """Equalised symbols to uint8 ``H x W x 3``, whatever of them has arrived.

        Raises
        ------
        ValueError
            Nothing that this codec sends; one line.
        """
        raise NotImplementedError

    def encode_images(self, images: Photo, rate: int, snr_db: float) -> list[Encoded]:
        """Several images, ``N x H x W x 3``, each as :meth:`encode_image` does it."""
        return [self.encode_image(image, rate, snr_db) for image in images]

    def decode_images(self, received: Sequence[Received]) -> list[Photo]:
        """Several images of one size and rate, each as :meth:`decode_image` does it."""
        return [self.decode_image(one) for one in received]

    def stream_lengths(self, received: Received, side_cost: SideCost) -> tuple[int, ...]:
        """Symbols of each stream of an image, from ``aux``, ``side`` and size alone.

        For codecs of several streams, of which some may be lost as a whole.

        Raises
        ------
        ValueError
            Damaged side information.
        """
        return (symbols_for(received.height, received.width, received.rate),)

    def mask_of(self, side: bytes, height: int, width: int) -> NDArray[np.bool_] | None:
        """Which 16x16 blocks are foreground, as ``side`` says; None where it does not say.

        Raises
        ------
        ValueError
            Damaged side information.
        """
        return None

    @property
    def several(self) -> bool:
        """Whether an image has more than one analog section."""
        return self.streams != 1 or self.sends_side

    @property
    def fingerprint(self) -> int:
        """What burst headers call the codec: the first 16 bits of :attr:`sha256`."""
        return fingerprint(self.sha256)


def encode(
    codec: Codec, image: Photo, rate: int, snr_db: float, side_cost: SideCost, **more: Any
) -> Encoded:
    """``encode_image`` of any codec, told what its bytes cost where it sends any.

    Raises
    ------
    ValueError
        As there.
    """
    if codec.sends_side:
        more["side_cost"] = side_cost
    return codec.encode_image(image, rate, snr_db, **more)


def counted_symbols(n_bytes: int, snr_db: float) -> int:
    """The :data:`SideCost` of simulations without a waveform: the same at every SNR."""
    return 8 * n_bytes * SYMBOLS_PER_BIT


def check_rate(rate: int) -> None:
    """Raises ``ValueError`` unless ``rate`` is an integer from 1 to 128."""
    if isinstance(rate, bool) or not isinstance(rate, int | np.integer):
        raise ValueError(f"rate must be an integer, not {type(rate).__name__}")
    if not 1 <= rate <= 128:
        raise ValueError(f"rate must be 1 to 128 symbols per 16x16 block, not {rate}")


def symbols_for(height: int, width: int, rate: int) -> int:
    """Complex channel symbols that an image of that size has at a rate, all sections together.

    Raises
    ------
    ValueError
        Rate outside 1 ... 128 or a size that is not positive.
    """
    check_rate(rate)
    if height < 1 or width < 1:
        raise ValueError(f"image size must be positive, not {height}x{width}")
    return -(-height // BLOCK) * -(-width // BLOCK) * int(rate)
