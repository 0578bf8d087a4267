"""What a user asks for: a received section of one image, and how the image shall come back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Received
    from gensc_phy.waveform.assemble import SectionSymbols

#: Sections that may be decoded together.
Group = tuple[int, int, int, int]

#: Longest user name, bytes of UTF-8.
MAX_USER = 64


class ImageFormat(IntEnum):
    """How an image travels back."""

    RAW = 0
    """uint8 H×W×3, row by row."""
    PNG = 1


@dataclass(frozen=True, eq=False)
class Section:
    """A received section of one image.

    Attributes:
        weights: fingerprint of the codec's weights, 1…65535.
        rate: channel symbols per 16×16 block, 1…255.
        height, width: of the image, pixels, 1…65535.
        aux: the codec's 16 bits of side information.
        symbols: equalised channel symbols, complex64 [N], N ≥ 1.
        noise_var: total noise variance of each symbol, float32 [N]; inf where lost.

    Raises:
        ValueError: a field out of range, or arrays of different lengths.
    """

    weights: int
    rate: int
    height: int
    width: int
    aux: int
    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]

    def __post_init__(self) -> None:
        for name, low, high in (
            ("weights", 1, 65535),
            ("rate", 1, 255),
            ("height", 1, 65535),
            ("width", 1, 65535),
            ("aux", 0, 65535),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {getattr(self, name)}")
        # Received arrays keep their memory; others are brought to the one form that is hashed.
        for name, kind in (("symbols", "<c8"), ("noise_var", "<f4")):
            values = np.ascontiguousarray(getattr(self, name), dtype=kind).ravel()
            object.__setattr__(self, name, values)
        if not self.symbols.size:
            raise ValueError("a section needs at least one symbol")
        if self.symbols.size != self.noise_var.size:
            raise ValueError(f"{self.symbols.size} symbols, {self.noise_var.size} noise variances")

    @classmethod
    def from_symbols(cls, received: SectionSymbols) -> Section:
        """The analog section that the waveform's assembler put together."""
        h = received.header
        return cls(
            h.weights, h.rate, h.height, h.width, h.aux, received.symbols, received.noise_var
        )

    @property
    def received(self) -> Received:
        """As a codec takes it."""
        from gensc_models.codecs.codec import Received

        return Received(self.symbols, self.noise_var, self.rate, self.height, self.width, self.aux)

    @property
    def pixels(self) -> int:
        """Size of the image; the cost of decoding is taken as proportional to it."""
        return self.height * self.width

    @property
    def group(self) -> Group:
        """Equal for sections that one pass of the model may decode together."""
        return self.weights, self.rate, self.height, self.width


@dataclass(frozen=True, eq=False)
class Request:
    """A user's question.

    Attributes:
        user: who asks; the unit of fairness and of back-pressure, 1…64 bytes of UTF-8.
        request_id: the client's own number, 0…2⁶⁴−1.
        section: what was received.
        format: how the image shall come back.

    Raises:
        ValueError: a field out of range.
    """

    user: str
    request_id: int
    section: Section
    format: ImageFormat = ImageFormat.RAW

    def __post_init__(self) -> None:
        if not 1 <= len(self.user.encode()) <= MAX_USER:
            raise ValueError(f"a user name has 1 to {MAX_USER} bytes")
        if not 0 <= self.request_id < 1 << 64:
            raise ValueError(f"request_id must be 0 to 2^64 - 1, not {self.request_id}")

    @cached_property
    def key(self) -> bytes:
        """BLAKE2b-160 of everything that determines the image, and of nothing else."""
        s = self.section
        fields = (*s.group, s.aux, int(self.format), s.symbols.size)
        digest = blake2b(repr(fields).encode(), digest_size=20)
        digest.update(s.symbols.data)
        digest.update(s.noise_var.data)
        return digest.digest()
