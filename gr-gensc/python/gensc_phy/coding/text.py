"""Text (captions, prompts) to channel symbols and back; the code path is that of `bits.py`."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.mcs import Mcs, nearest_mcs
from gensc_phy.coding.text_repair import TextState, whole_text

DEFAULT_MCS = nearest_mcs(4, 0.5)
"""16-QAM with LDPC rate 1/2, as GenED-SC sends its captions."""


@dataclass(frozen=True)
class TextResult:
    """A received text.

    Attributes:
        text: the text; best effort where `crc_ok` is False.
        crc_ok: the text is what was sent, character for character.
        repaired: bytes that are no UTF-8 were replaced by U+FFFD or control characters dropped.
        whole: the sentences or words of it that are certainly right; the text where `crc_ok`.
    """

    text: str
    crc_ok: bool
    repaired: bool
    whole: str

    @property
    def state(self) -> TextState:
        """What became of the text for those who take nothing but `whole`."""
        if self.crc_ok:
            return "exact"
        return "repaired" if self.whole else "dropped"


def encode_text(text: str, mcs: Mcs = DEFAULT_MCS) -> tuple[bytes, NDArray[np.complex64]]:
    """UTF-8 bytes of `text` and their channel symbols.

    The number of bytes is what the receiver must be told (`Header.total`). Lone surrogates, which
    UTF-8 cannot carry, become "?".
    """
    payload = text.encode("utf-8", errors="replace")
    return payload, encode_bits(payload, mcs)


def decode_text(
    symbols: ArrayLike, noise_var: ArrayLike, n_bytes: int, mcs: Mcs = DEFAULT_MCS
) -> TextResult:
    """Decode a text of `n_bytes` bytes; see `bits.decode_bits` for the arguments.

    A text whose CRC fails is still returned, cleaned of what no caption holds, for people to read;
    programs take what is `whole` of it (`caption.whole_text`).

    Raises:
        ValueError: when the number of symbols does not belong to `n_bytes` and `mcs`.
    """
    result = decode_bits(symbols, noise_var, n_bytes, mcs)
    exact = result.payload.decode("utf-8", errors="replace")
    if result.crc_ok:
        repaired = exact.encode("utf-8") != result.payload
        return TextResult(exact, crc_ok=True, repaired=repaired, whole=exact)
    clean = "".join(c for c in exact if c in "\n\t" or unicodedata.category(c) != "Cc")
    repaired = clean.encode("utf-8") != result.payload
    whole = whole_text(result.payload, result.intact)
    return TextResult(clean, crc_ok=False, repaired=repaired, whole=whole)
