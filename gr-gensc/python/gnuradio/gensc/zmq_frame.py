"""How PDUs travel between processes.

    magic "GNSC" | version u8 | kind u8 | sender u64 | CRC-32 of kind, sender and body u32 | body

big-endian; the sender is a random number of the process's sink, the body of a PDU frame the PMT's
own serialisation, that of an end frame empty.
The CRC tells damage from frames; what someone means harm with is looked through before the PMT
parser sees it (`pmt_check`). Who sends is not proven: bind to addresses you trust.
"""

from __future__ import annotations

import secrets
import struct
import zlib
from typing import Any

import pmt

from . import pmt_check
from .errors import PduError

_HEAD = struct.Struct(">4sBBQI")
_MAGIC = b"GNSC"
_VERSION = 2
_PDU, _END = 0, 1

MAX_FRAME = 1 << 26
"""Bytes; a 16-bit header field allows images of some 16 megapixels as raw pixels."""


def _frame(kind: int, sender: int, body: bytes) -> bytes:
    return _HEAD.pack(_MAGIC, _VERSION, kind, sender, _check(kind, sender, body)) + body


def _check(kind: int, sender: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(struct.pack(">BQ", kind, sender)))


def new_sender() -> int:
    """The number of one sender's stream."""
    return secrets.randbits(64)


def pack(pdu: Any, sender: int) -> bytes:
    """The frame of a PDU."""
    return _frame(_PDU, sender, pmt.serialize_str(pdu))


def end(sender: int) -> bytes:
    """The frame that ends a sender's stream."""
    return _frame(_END, sender, b"")


def unpack(frame: bytes) -> tuple[int, Any | None]:
    """Sender and PDU of a frame; None for an end frame.

    Raises:
        PduError: bytes that are no frame of this version, or damaged.
    """
    if len(frame) < _HEAD.size:
        raise PduError(f"frame of {len(frame)} bytes")
    magic, version, kind, sender, check = _HEAD.unpack_from(frame)
    body = frame[_HEAD.size :]
    if magic != _MAGIC:
        raise PduError("not a gr-gensc frame")
    if version != _VERSION:
        raise PduError(f"frame version {version}, this block speaks {_VERSION}")
    if kind not in (_PDU, _END) or _check(kind, sender, body) != check:
        raise PduError("frame CRC failed")
    if kind == _END:
        return sender, None
    pmt_check.check(body)
    pdu = pmt.deserialize_str(body)
    if not pmt.is_pair(pdu):
        raise PduError("frame holds no PDU")
    return sender, pdu
