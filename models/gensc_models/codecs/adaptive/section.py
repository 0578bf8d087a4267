"""The bits of an image: a header section that must arrive, and words that travel with the symbols.

The header section is five bytes: the operating point, with bit 7 where a digital base is coded and
bits 6 and 5 zero; the scheme of the words; how many words there are, in three bytes, low one first.
The words are the range coder's: the hyper-latents and, with a base, the latents, each part with its
check. The scale of the symbols and the design SNR are in the 16 bits that every burst header has
(:class:`gensc_models.codecs.layout.SideInfo`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.bank.coder import SymbolReader, SymbolWriter
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.integers import Side
from gensc_phy.coding.mcs import MCS_TABLE, Mcs

SECTION_BYTES = 5
WORD_BYTES = 4
BASE = 1 << 7


class SectionError(ValueError):
    """Bits of an image that are damaged; one line."""


@dataclass(frozen=True)
class Fields:
    """What the header section says: ``n_bytes`` of words sent with ``mcs``, ``base`` among them."""

    point: int
    base: bool
    mcs: Mcs
    n_bytes: int

    def pack(self) -> bytes:
        """The header section."""
        first = self.point | (BASE if self.base else 0)
        return bytes([first, self.mcs.index]) + (self.n_bytes // WORD_BYTES).to_bytes(3, "little")

    @classmethod
    def unpack(cls, section: bytes) -> Fields:
        """Reads :meth:`pack` back.

        Raises
        ------
        SectionError
            Nothing that was ever packed.
        """
        if len(section) != SECTION_BYTES:
            raise SectionError(
                f"header section of {len(section)} bytes: {SECTION_BYTES} are expected"
            )
        if section[1] >= len(MCS_TABLE):
            raise SectionError(f"header section: no scheme {section[1]}")
        words = int.from_bytes(section[2:], "little")
        point, base = section[0] & ~BASE, bool(section[0] & BASE)
        return cls(point, base, MCS_TABLE[section[1]], WORD_BYTES * words)


@dataclass(frozen=True)
class Known:
    """What the words say: ``side`` of the hyper-latents and the integers of the base.

    ``values`` int32 ``768 x h x w`` about the means; None without a base.
    """

    point: int
    side: Side
    values: NDArray[np.int32] | None


def write(
    bank: HyperpriorCodec, z: NDArray[np.int32], side: Side, values: NDArray[np.int32] | None
) -> bytes:
    """The words; ``z`` is ``Z x h/4 x w/4``."""
    writer = SymbolWriter()
    bank.write_hyper(writer, z)
    if values is not None:
        bank.write_latents(writer, values, side)
    return writer.words().astype("<u4").tobytes()


def read(bank: HyperpriorCodec, fields: Fields, coded: bytes, height: int, width: int) -> Known:
    """Reads :func:`write` back for ``height x width`` blocks.

    Raises
    ------
    SectionError
        Damaged, or of another size.
    """
    if fields.point not in bank.points:
        raise SectionError(f"header section: no operating point {fields.point}")
    reader = SymbolReader(np.frombuffer(coded, "<u4").astype(np.uint32))
    try:
        z = bank.read_hyper(reader, height, width)
        side = bank.side(z, fields.point, height, width)
        values = bank.read_latents(reader, side) if fields.base else None
    except BitstreamError as error:
        raise SectionError(f"words of the image: {error}") from error
    return Known(fields.point, side, values)
