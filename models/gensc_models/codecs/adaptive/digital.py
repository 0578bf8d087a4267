"""The words among the symbols: a coded part of the stream, spread evenly over all of it.

Analog symbols do with whatever SNR there is; the words arrive whole or not at all. How far below
the SNR their scheme's threshold lies is therefore a question of how well that SNR is known: over
AWGN a fraction of a dB is enough, over fading channels their spread counts, and of an unknown
channel the worst is assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.adaptive.section import Fields, SectionError
from gensc_phy.coding.bits import decode_bits, encode_bits, symbols_for
from gensc_phy.coding.mcs import Mcs, choose_mcs

Symbols = NDArray[np.complex64]
Places = NDArray[np.bool_]

MARGIN_DB = 0.75
"""Over the threshold, where one block in a hundred fails, at an SNR that is known: an image has a
dozen blocks, of which hardly one may fail."""
MARGIN_PER_SPREAD = 1.1
UNKNOWN_SPREAD_DB = 5.0
"""Nearly that of Rayleigh fading, 5.6 dB, symbol by symbol."""


def scheme(snr_db: float, spread_db: float | None) -> Mcs:
    """Modulation and code of the words at a mean Es/N0, which differs by ``spread_db`` (standard
    deviation over the symbols and from image to image); None: nobody knows by how much."""
    spread = UNKNOWN_SPREAD_DB if spread_db is None else max(spread_db, 0.0)
    return choose_mcs(snr_db, MARGIN_DB + MARGIN_PER_SPREAD * spread)


def places(coded: int, total: int) -> Places:
    """Which of ``total`` symbols are the ``coded`` ones of the words: evenly spread."""
    index = np.arange(total, dtype=np.int64)
    return (index + 1) * coded // total > index * coded // total


def coded_symbols(fields: Fields) -> int:
    """Symbols that the words take."""
    return symbols_for(fields.n_bytes, fields.mcs)


def join(words: bytes, mcs: Mcs, analog: Symbols) -> tuple[Symbols, float]:
    """Stream of words and analog symbols of mean power one, and the factor that made it so."""
    coded = encode_bits(words, mcs)
    stream = np.empty(len(coded) + len(analog), np.complex64)
    where = places(len(coded), len(stream))
    stream[where], stream[~where] = coded, analog
    factor = float(1.0 / np.sqrt(np.mean(np.abs(stream) ** 2)))
    return (stream * factor).astype(np.complex64), factor


def separate(
    fields: Fields, symbols: Symbols, noise_var: NDArray[np.float32]
) -> tuple[bytes, Symbols, NDArray[np.float32]]:
    """Words, analog symbols and their variances out of a received stream.

    Raises
    ------
    SectionError
        Words that are longer than the stream, or too damaged.
    """
    coded = coded_symbols(fields)
    if coded > len(symbols):
        raise SectionError(f"header section: words of {coded} symbols in {len(symbols)}")
    where = places(coded, len(symbols))
    result = decode_bits(symbols[where], noise_var[where], fields.n_bytes, fields.mcs)
    if not result.crc_ok:
        bad = result.codewords - result.codewords_ok
        raise SectionError(f"words of the image: {bad} of {result.codewords} blocks are damaged")
    return result.payload, symbols[~where], noise_var[~where]
