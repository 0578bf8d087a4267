"""What a scheme puts on the channel for an image, and what of it the receiver gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gensc_models.semantics.captions import shorten

Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Symbols = NDArray[np.complex64]
Variances = NDArray[np.float32]


def nothing() -> Symbols:
    """No symbols."""
    return np.zeros(0, np.complex64)


@dataclass(frozen=True)
class Budget:
    """Channel symbols that an image may take, and what its digital sections take of them.

    Attributes
    ----------
    symbols
        Complex symbols, all sections together.
    text_symbols, bits_symbols
        Symbols of a text or bit section of so many bytes; they never fall as the bytes grow. A
        section that is not sent costs nothing, whatever these say of 0 bytes.
    """

    symbols: int
    text_symbols: Callable[[int], int]
    bits_symbols: Callable[[int], int]

    def text_cost(self, text: str) -> int:
        """Symbols of a text."""
        n_bytes = len(text.encode("utf-8"))
        return self.text_symbols(n_bytes) if n_bytes else 0

    def bits_cost(self, bits: bytes) -> int:
        """Symbols of a bit section."""
        return self.bits_symbols(len(bits)) if bits else 0

    def left(self, text: str, bits: bytes) -> int:
        """Symbols that text and bits leave; negative where they are too long."""
        return self.symbols - self.text_cost(text) - self.bits_cost(bits)

    def fit(self, caption: str, bits: bytes = b"") -> str:
        """As much of a caption as fits beside ``bits``, cut as :func:`shorten` cuts."""
        room = self.symbols - self.bits_cost(bits)
        low, high = 0, len(caption.encode("utf-8"))
        while low < high:
            middle = (low + high + 1) // 2
            if self.text_symbols(middle) <= room:
                low = middle
            else:
                high = middle - 1
        return shorten(caption, low)


@dataclass(frozen=True, eq=False)
class Transmission:
    """What is sent for one image.

    Attributes
    ----------
    height, width
        Of the image; with ``aux`` in the header that every burst has.
    text
        The caption, for the text section; "" where none is sent.
    bits
        The bit section; b"" where none is sent.
    symbols
        The analog section, complex64 of mean power one; empty where none is sent.
    aux
        The 16 bits that a burst header has for the analog section
        (:class:`gensc_models.codecs.layout.SideInfo`); 0 without one.
    """

    height: int
    width: int
    text: str = ""
    bits: bytes = b""
    symbols: Symbols = field(default_factory=nothing)
    aux: int = 0

    def cost(self, budget: Budget) -> int:
        """Symbols of all sections."""
        return len(self.symbols) + budget.text_cost(self.text) + budget.bits_cost(self.bits)

    def intact(self, noise_var: float = 0.0) -> Reception:
        """The same as a receiver has it that loses nothing and hears no noise.

        ``noise_var`` is what it believes the noise to be.
        """
        believed = np.full(len(self.symbols), noise_var, np.float32)
        return Reception(
            self.height, self.width, self.text, self.bits, self.symbols, believed, self.aux
        )


@dataclass(frozen=True, eq=False)
class Reception:
    """What has arrived of a :class:`Transmission`.

    Attributes
    ----------
    height, width, aux
        As sent.
    text
        What is certainly right of the caption; "" where none of it is.
    bits
        The bit section; b"" where it is damaged or none was sent.
    symbols
        Equalised symbols, complex64, as many as were sent.
    noise_var
        Total variance of each symbol's noise, float32; infinite for an erasure.
    """

    height: int
    width: int
    text: str = ""
    bits: bytes = b""
    symbols: Symbols = field(default_factory=nothing)
    noise_var: Variances = field(default_factory=lambda: np.zeros(0, np.float32))
    aux: int = 0


class Baseline(Protocol):
    """A whole scheme: image to sections and sections to image."""

    @property
    def scheme(self) -> str:
        """What results call it."""
        ...

    @property
    def name(self) -> str:
        """The scheme with what it draws by."""
        ...

    def send(self, image: Photo, caption: str, mask: Mask, budget: Budget) -> Transmission:
        """What is sent for an image; never more than the budget.

        Parameters
        ----------
        image
            uint8 ``H x W x 3``.
        caption
            What it shows; cut where the budget is too small for it.
        mask
            bool ``H x W``, true in the foreground; schemes that send none do not look at it.
        budget
            What it may take.

        Raises
        ------
        ValueError
            Image or mask is none, or the budget is too small for the scheme.
        """
        ...

    def receive(self, reception: Reception, seed: int = 0) -> Photo:
        """The image drawn from what has arrived, uint8 ``H x W x 3``; equal seeds, equal images.

        Raises
        ------
        ValueError
            What has arrived is nothing that the scheme sends.
        FoundationError
            The pipeline has failed.
        """
        ...
