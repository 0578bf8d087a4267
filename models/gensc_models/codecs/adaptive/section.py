"""The header section of an image: operating point, hyper-latents and, where there is one, a base.

One byte, then the range coder's words. Bit 7: a digital base is coded; bits 6 and 5 are zero; bits
4 to 0 the operating point. Then the hyper-latents and, with a base, the latents; each part with its
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

FIELDS_BYTES = 1
WORD_BYTES = 4
BASE = 1 << 7


class SectionError(ValueError):
    """A header section that is damaged; one line."""


@dataclass(frozen=True)
class Known:
    """What a header section says: ``side`` of its hyper-latents and the integers of the base.

    ``values`` int32 ``768 x h x w`` about the means; None without a base.
    """

    point: int
    side: Side
    values: NDArray[np.int32] | None


def pack(
    bank: HyperpriorCodec,
    point: int,
    z: NDArray[np.int32],
    side: Side,
    values: NDArray[np.int32] | None,
) -> bytes:
    """The section; ``z`` is ``Z x h/4 x w/4``."""
    writer = SymbolWriter()
    bank.write_hyper(writer, z)
    if values is not None:
        bank.write_latents(writer, values, side)
    fields = point | (BASE if values is not None else 0)
    return bytes([fields]) + writer.words().astype("<u4").tobytes()


def unpack(bank: HyperpriorCodec, section: bytes, height: int, width: int) -> Known:
    """Reads :func:`pack` back for ``height x width`` blocks.

    Raises
    ------
    SectionError
        Damaged, or of another size.
    """
    coded = section[FIELDS_BYTES:]
    if len(section) <= FIELDS_BYTES or len(coded) % WORD_BYTES:
        raise SectionError(f"header section of {len(section)} bytes: 1 and whole words expected")
    fields = section[0]
    point = fields & ~BASE
    if point not in bank.points:
        raise SectionError(f"header section: no operating point {point}")
    reader = SymbolReader(np.frombuffer(coded, "<u4").astype(np.uint32))
    try:
        z = bank.read_hyper(reader, height, width)
        side = bank.side(z, point, height, width)
        values = bank.read_latents(reader, side) if fields & BASE else None
    except BitstreamError as error:
        raise SectionError(f"header section: {error}") from error
    return Known(point, side, values)
