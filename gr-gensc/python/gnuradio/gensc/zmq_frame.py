"""How PDUs travel between processes.

    magic "GNSC" | version u8 | kind u8 | CRC-32 of kind and body u32 | body

big-endian; the body of a PDU frame is the PMT's own serialisation, that of an end frame empty.
The CRC is what keeps arbitrary bytes away from the PMT parser. It is no protection against
someone who means harm: bind to addresses you trust.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pmt

from .errors import PduError

_HEAD = struct.Struct(">4sBBI")
_MAGIC = b"GNSC"
_VERSION = 1
_PDU, _END = 0, 1

MAX_FRAME = 1 << 26
"""Bytes; a 16-bit header field allows images of some 16 megapixels as raw pixels."""


def _frame(kind: int, body: bytes) -> bytes:
    return _HEAD.pack(_MAGIC, _VERSION, kind, _check(kind, body)) + body


def _check(kind: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(bytes([kind])))


END_FRAME = _frame(_END, b"")


def pack(pdu: Any) -> bytes:
    """The frame of a PDU."""
    return _frame(_PDU, pmt.serialize_str(pdu))


def unpack(frame: bytes) -> Any | None:
    """The PDU of a frame; None for an end frame.

    Raises:
        PduError: bytes that are no frame of this version, or damaged.
    """
    if len(frame) < _HEAD.size:
        raise PduError(f"frame of {len(frame)} bytes")
    magic, version, kind, check = _HEAD.unpack_from(frame)
    body = frame[_HEAD.size :]
    if magic != _MAGIC or kind not in (_PDU, _END):
        raise PduError("not a gr-gensc frame")
    if version != _VERSION:
        raise PduError(f"frame version {version}, this block speaks {_VERSION}")
    if _check(kind, body) != check:
        raise PduError("frame CRC failed")
    if kind == _END:
        return None
    pdu = pmt.deserialize_str(body)
    if not pmt.is_pair(pdu):
        raise PduError("frame holds no PDU")
    return pdu
