"""JPEG + LDPC + QAM over the burst waveform: the separate source and channel coding baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.baselines import jpeg
from gensc_phy.coding.bits import BitsResult, capacity_bytes, decode_bits, encode_bits, symbols_for
from gensc_phy.coding.mcs import MCS_TABLE, Mcs
from gensc_phy.waveform.assemble import SectionSymbols


@dataclass(frozen=True)
class JpegPayload:
    """A picture ready for the bits section.

    Attributes:
        choice: the JPEG; None when nothing fits, and then nothing is sent.
        mcs: modulation and coding scheme.
        symbols: channel symbols, at most as many as were granted.
    """

    choice: jpeg.JpegChoice | None
    mcs: Mcs
    symbols: NDArray[np.complex64]


def prepare(
    image: NDArray[np.uint8], n_symbols: int, mcs: Mcs, divisors: Sequence[int]
) -> JpegPayload:
    """The best JPEG of one of these sizes that fits `n_symbols` channel symbols with this MCS."""
    choice = jpeg.fit(image, capacity_bytes(n_symbols, mcs), divisors)
    if choice is None:
        return JpegPayload(None, mcs, np.zeros(0, dtype=np.complex64))
    assert symbols_for(len(choice.data), mcs) <= n_symbols
    return JpegPayload(choice, mcs, encode_bits(choice.data, mcs))


def receive(
    section: SectionSymbols | None, shape: tuple[int, ...]
) -> tuple[NDArray[np.uint8], BitsResult | None]:
    """The picture shown: the JPEG when its CRC holds, middle grey otherwise.

    Args:
        section: what the receiver made of the bits section; None when it heard nothing.
        shape: of the picture, known to the receiver from the burst header.
    """
    height, width = shape[:2]
    if section is None:
        return jpeg.grey(height, width), None
    header = section.header
    result = decode_bits(section.symbols, section.noise_var, header.total, MCS_TABLE[header.rate])
    picture = jpeg.decode(result.payload, height, width) if result.crc_ok else None
    return (jpeg.grey(height, width) if picture is None else picture), result
