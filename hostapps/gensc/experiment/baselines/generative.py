"""The sections of a generative baseline as channel symbols: what they cost, and over a channel.

Text goes as every caption does (`gensc_phy.coding.text`), bits as the header section of an image
with two streams (`gensc_phy.adaptation.side_link`), latents as analog symbols between them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc_phy.adaptation.side_link import side_link
from gensc_phy.coding.bits import decode_bits, encode_bits, symbols_for
from gensc_phy.coding.mcs import Mcs
from gensc_phy.coding.text import DEFAULT_MCS, decode_text, encode_text

if TYPE_CHECKING:
    from gensc_models.baselines import Budget, Reception, Transmission

Symbols = NDArray[np.complex64]
Variances = NDArray[np.float32]
#: Symbols of one image to what the equaliser makes of them, with each one's noise variance.
Channel = Callable[[Symbols], tuple[Symbols, Variances]]


def budget(symbols: int, snr_db: float, text_mcs: Mcs = DEFAULT_MCS) -> Budget:
    """What an image may take, at the waveform's costs.

    Args:
        symbols: all sections together.
        snr_db: Es/N0 that it is sent for.
        text_mcs: modulation and code of the caption.
    """
    from gensc_models.baselines import Budget

    return Budget(symbols, lambda n: symbols_for(n, text_mcs), side_link(snr_db).symbols)


def carry(
    sent: Transmission, snr_db: float, channel: Channel, text_mcs: Mcs = DEFAULT_MCS
) -> Reception:
    """What of a transmission the other end has: all sections in one row over a channel.

    Args:
        sent: what `budget` with the same SNR and scheme allowed.
        snr_db: Es/N0 that it is sent for.
        channel: called once, with all symbols.
        text_mcs: as in `budget`.
    """
    from gensc_models.baselines import Reception

    link = side_link(snr_db)
    nothing = np.zeros(0, np.complex64)
    payload, text = encode_text(sent.text, text_mcs) if sent.text else (b"", nothing)
    bits = encode_bits(sent.bits, link.mcs) if sent.bits else nothing
    sections = [bits, text, sent.symbols, *[bits] * (link.copies - 1)]
    received, noise_var = channel(np.concatenate(sections).astype(np.complex64))
    borders = np.cumsum([len(section) for section in sections])[:-1]
    parts = list(zip(np.split(received, borders), np.split(noise_var, borders), strict=True))
    first, caption, analog, *more = parts
    whole = decode_text(*caption, len(payload), text_mcs).whole if payload else ""
    found = b""
    for copy in (first, *more) if sent.bits else ():
        result = decode_bits(*copy, len(sent.bits), link.mcs)
        if result.crc_ok:
            found = result.payload
            break
    return Reception(sent.height, sent.width, whole, found, *analog, sent.aux)
