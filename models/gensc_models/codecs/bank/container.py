"""Container of one coded image: a header of 20 bytes and the range coder's words.

====== ===== =========================================================
offset bytes field (big endian)
====== ===== =========================================================
0      2     magic ``GH``
2      1     version, 1
3      2     codec: first two bytes of the SHA-256 of the weights
5      1     operating point, 1 to 28
6      1     flags: bit 0, a mask is coded; the others are zero
7      2     height in pixels
9      2     width in pixels
11     3     words of the payload, four bytes each
14     4     CRC-32 of the payload
18     2     CRC-16 of bytes 0 to 17 (the low half of their CRC-32)
20     4 n   payload
====== ===== =========================================================
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from gensc_models.codecs.bank.coder import Words
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.points import FIRST, LAST

MAGIC = b"GH"
VERSION = 1
HEADER = struct.Struct(">2sBHBBHH3sIH")
LARGEST_SIDE = (1 << 16) - 1
LARGEST_PAYLOAD = (1 << 24) - 1
FLAG_MASK = 1


@dataclass(frozen=True)
class Header:
    """What a stream says before its payload. ``codec`` is 0 where the weights have no file."""

    codec: int
    point: int
    masked: bool
    height: int
    width: int


@dataclass(frozen=True)
class Container:
    """A stream taken apart; ``words`` are those that arrived.

    ``cut_off`` and ``damaged`` say what is wrong with the payload.
    """

    header: Header
    words: Words
    cut_off: bool
    damaged: bool


def _crc16(data: bytes) -> int:
    return zlib.crc32(data) & 0xFFFF


def pack(header: Header, words: Words) -> bytes:
    """The stream.

    Raises
    ------
    ValueError
        A side or the payload is larger than its field.
    """
    if max(header.height, header.width) > LARGEST_SIDE or len(words) > LARGEST_PAYLOAD:
        raise ValueError(f"image of {header.width}x{header.height} does not fit the container")
    payload = words.astype(">u4").tobytes()
    head = HEADER.pack(
        MAGIC, VERSION, header.codec, header.point, FLAG_MASK if header.masked else 0,
        header.height, header.width, len(words).to_bytes(3, "big"), zlib.crc32(payload), 0,
    )[:-2]  # fmt: skip
    return head + _crc16(head).to_bytes(2, "big") + payload


def unpack(data: bytes, max_pixels: int) -> Container:
    """Takes a stream apart; nothing of the size it names is allocated.

    Bytes after the payload are ignored (a transport may pad). A payload that is too short or does
    not match its CRC is reported, not refused: part of it may be of use.

    Raises
    ------
    BitstreamError
        The header is cut off, damaged, of another format or version, or names an impossible
        image or one of more than ``max_pixels``.
    """
    if len(data) < HEADER.size:
        raise BitstreamError(f"a stream of {len(data)} bytes is shorter than its header")
    magic, version, codec, point, flags, height, width, length, crc, head_crc = HEADER.unpack_from(
        data
    )
    if magic != MAGIC:
        raise BitstreamError("not a hyperprior stream")
    if head_crc != _crc16(data[: HEADER.size - 2]):
        raise BitstreamError("the header is damaged")
    if version != VERSION:
        raise BitstreamError(f"stream of version {version}, expected {VERSION}")
    if not FIRST <= point <= LAST or flags & ~FLAG_MASK or not (height and width):
        raise BitstreamError("the header makes no sense")
    if height * width > max_pixels:
        raise BitstreamError(f"image of {width}x{height} is larger than {max_pixels} pixels")
    expected = 4 * int.from_bytes(length, "big")
    payload = data[HEADER.size : HEADER.size + expected]
    cut_off = len(payload) < expected
    return Container(
        Header(codec, point, bool(flags & FLAG_MASK), height, width),
        np.frombuffer(payload[: len(payload) // 4 * 4], dtype=">u4").astype(np.uint32),
        cut_off,
        cut_off or zlib.crc32(payload) != crc,
    )
