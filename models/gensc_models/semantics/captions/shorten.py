"""Captions cut to the bytes that are to be sent."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")


def shorten(text: str, limit: int) -> str:
    """``text`` on one line, in at most ``limit`` bytes of UTF-8.

    Cut at the end of a sentence; where not even one fits, of a word; where not even one fits,
    "".
    """
    text = " ".join(text.split())
    if len(text.encode("utf-8")) <= limit:
        return text
    fits = text.encode("utf-8")[: max(limit, 0)].decode("utf-8", errors="ignore")
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.end() <= len(fits)]
    if ends:
        return text[: ends[-1]]
    # One more character tells whether the last word is whole.
    return text[: len(fits) + 1].rpartition(" ")[0]
