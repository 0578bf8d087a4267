"""Serialised PMTs from outside, looked through before PMT's own parser sees them.

That parser calls itself for every element and believes every count: 100 kB of nested pairs overflow
the stack of the process, and a vector of nine bytes may claim to hold 2³² items. Here the bytes are
walked without recursion, and what is too deep, too much or longer than it is is refused.

The layout (tag u8, then, big-endian): symbol: length u16, bytes; pair and dict: two PMTs; vector
and tuple: count u32, that many PMTs; uniform vector: type u8, count u32, padding u8, that many
bytes, items; numbers: 4, 8 or 16 bytes.
"""

from __future__ import annotations

import struct

from .errors import PduError

MAX_DEPTH = 256
"""Of nested pairs; a list of so many elements is as deep. Metadata has some 40 keys."""
MAX_ITEMS = 4096
"""PMTs within one; the items of a uniform vector do not count."""

_SYMBOL, _UNIFORM = 2, 10
_PAIRS = frozenset((7, 9))
_LISTS = frozenset((8, 12))
#: Bytes that follow the tags of all others: booleans, int32, double, complex, null, (u)int64.
_FIXED = {0: 0, 1: 0, 3: 4, 4: 8, 5: 16, 6: 0, 11: 8, 13: 8}
#: Bytes of an item of a uniform vector, by its type.
_SIZES = (1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16)


def check(body: bytes) -> None:
    """Refuse bytes that PMT's parser must not see.

    Raises:
        PduError: not one PMT, too deep, or too many items.
    """
    try:
        end = _walk(body)
    except (IndexError, struct.error) as error:
        raise PduError("a PMT that is cut short") from error
    if end != len(body):
        raise PduError(f"{len(body) - end} bytes behind a PMT" if end < len(body) else
                       "a PMT that is cut short")  # fmt: skip


def _walk(body: bytes) -> int:
    """Where the PMT at the beginning ends, by what it says itself."""
    at, seen, waiting = 0, 0, [1]  # depths of the PMTs that are still to come
    while waiting:
        depth, tag = waiting.pop(), body[at]
        at, seen = at + 1, seen + 1
        if depth > MAX_DEPTH or seen > MAX_ITEMS:
            raise PduError(f"a PMT of more than {MAX_DEPTH} levels or {MAX_ITEMS} items")
        if tag in _FIXED:
            at += _FIXED[tag]
        elif tag == _SYMBOL:
            at += 2 + struct.unpack_from(">H", body, at)[0]
        elif tag in _PAIRS:
            waiting += [depth + 1] * 2
        elif tag in _LISTS:
            (count,) = struct.unpack_from(">I", body, at)
            at += 4
            if count > MAX_ITEMS:
                raise PduError(f"a PMT of {count} items")
            waiting += [depth + 1] * count
        elif tag == _UNIFORM:
            kind, count, padding = struct.unpack_from(">BIB", body, at)
            at += 6 + padding + count * _SIZES[kind]
        else:
            raise PduError(f"no PMT has the tag {tag}")
    return at
