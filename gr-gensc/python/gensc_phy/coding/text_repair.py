"""What of a damaged text is certainly right: whole sentences, or else whole words.

Each codeword tells by its parity checks and its CRC whether it was decoded. A text of several
codewords is damaged in some and whole in others, and a prompt is better short than garbled.
"""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

TextState = Literal["exact", "repaired", "dropped"]
"""What became of a text: as it was sent, cut down to what is whole, or nothing left of it."""

LEAST_WORDS = 3
"""Fewer words in a row, with no sentence among them, say nothing."""

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")


def whole_text(payload: bytes, intact: NDArray[np.bool_]) -> str:
    """The sentences and words of a damaged text that are whole, in order.

    Args:
        payload: UTF-8 as decoded, damaged.
        intact: bool [len(payload)], which bytes are certainly right.

    Returns:
        The whole sentences of all runs of intact bytes; where there is none, the whole words of
        runs that have `LEAST_WORDS` of them; "" where nothing is left.

    Raises:
        ValueError: `intact` has another length.
    """
    if intact.shape != (len(payload),):
        raise ValueError(f"{len(payload)} bytes, but {intact.shape} marks")
    edges = np.flatnonzero(np.diff(np.concatenate(([False], intact, [False])).astype(np.int8)))
    runs = [
        (_decode(payload[a:b]), a > 0, b < len(payload)) for a, b in edges.reshape(-1, 2).tolist()
    ]
    sentences = " ".join(filter(None, (_sentences(*run) for run in runs)))
    return sentences or " ".join(filter(None, (_words(*run) for run in runs)))


def _decode(run: bytes) -> str:
    """The text of a run, without the characters that are cut at its ends."""
    start = next((i for i, byte in enumerate(run) if byte & 0xC0 != 0x80), len(run))
    try:
        return run[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        at_the_end = error.reason == "unexpected end of data"
        # Elsewhere it is no text: a codeword whose checks hold by chance, or none was sent.
        return run[start : start + error.start].decode("utf-8") if at_the_end else ""


def _sentences(text: str, cut_before: bool, cut_after: bool) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    if not ends and (cut_before or cut_after):
        return ""
    start = ends[0] if cut_before else 0
    end = ends[-1] if cut_after else len(text)
    return text[start:end].strip()


def _words(text: str, cut_before: bool, cut_after: bool) -> str:
    if cut_before:
        text = text.partition(" ")[2]
    if cut_after:
        text = text.rpartition(" ")[0]
    return text.strip() if len(text.split()) >= LEAST_WORDS else ""
