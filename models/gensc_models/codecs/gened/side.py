"""The header section: split, the background's scale, and the mask, entropy coded.

The first three bytes are the rate of a background block (8 bits), the ratio of the powers in steps
of 1 dB (4), reserved (2, zero), and the background's scale (10); the mask follows as coded runs
(:mod:`gensc_models.codecs.bank.runs`), so that the length depends on the mask alone. The scale of
the foreground and the design SNR are in the 16 bits that every burst header has
(:class:`gensc_models.codecs.layout.SideInfo`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gensc_models.codecs.bank import runs
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.gened.split import POWER_STEP_DB, POWER_STEPS, Split
from gensc_models.codecs.layout import SideInfo
from gensc_models.codecs.softcast.linear import MAX_RATE

FIELDS_BYTES = 3


class SideError(ValueError):
    """A header section that is damaged; one line."""


@dataclass(frozen=True)
class Side:
    """What the receiver must know beside the burst header's 16 bits.

    ``mask`` is bool ``h x w``; ``scale`` is the background's.
    """

    mask: Tensor
    split: Split
    scale: float


def sayable(split: Split) -> Split:
    """The nearest split that the section can say."""
    steps = min(max(round(split.ratio_db / POWER_STEP_DB), 0), POWER_STEPS - 1)
    return Split(split.background, steps * POWER_STEP_DB)


def pack_mask(mask: Tensor) -> bytes:
    """The mask's part of the section; bool ``h x w``."""
    return runs.pack_mask(mask.numpy())


def pack(side: Side) -> bytes:
    """The whole section."""
    power = round(sayable(side.split).ratio_db / POWER_STEP_DB)
    scale = SideInfo(side.scale, 0.0).pack() >> 6
    fields = side.split.background << 16 | power << 12 | scale
    return fields.to_bytes(FIELDS_BYTES, "big") + pack_mask(side.mask)


def unpack(section: bytes, height: int, width: int) -> Side:
    """Reads :func:`pack` back for ``height x width`` blocks.

    Raises
    ------
    SideError
        Damaged, or of another size.
    """
    coded = section[FIELDS_BYTES:]
    if not coded or len(coded) % runs.WORD_BYTES:
        raise SideError(f"header section of {len(section)} bytes: 3 and whole words expected")
    fields = int.from_bytes(section[:FIELDS_BYTES], "big")
    background, power, scale = fields >> 16, fields >> 12 & 0xF, fields & 0x3FF
    if background > MAX_RATE or fields & 0xC00:
        raise SideError("header section: the split is damaged")
    try:
        mask = runs.unpack_mask(coded, height, width)
    except BitstreamError as error:
        raise SideError(f"header section: {error}") from error
    split = Split(background, power * POWER_STEP_DB)
    return Side(torch.from_numpy(mask.copy()), split, SideInfo.unpack(scale << 6).scale)
