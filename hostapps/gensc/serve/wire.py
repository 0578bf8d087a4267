"""Frames of the service: typed, versioned, checked; no pickles.

    magic "GNSV" | version u8 | kind u8 | CRC-32 of the body u32 | body

all little-endian. Same layout as the PDU frames of `gnuradio.gensc`, whose bodies need GNU Radio
to be read; a client of the service needs nothing but NumPy. The CRC tells junk and damage from
frames; it is no protection against someone who means harm: bind to addresses you trust.

    REQUEST  id u64, weights u16, rate u8, format u8, user bytes u8, height u16, width u16, aux u16,
             symbols u32, user (UTF-8), symbols c64[N], noise variances f32[N]
    CANCEL   id u64
    ANSWER   id u64, status u8, format u8, source u8, height u16, width u16, batch u16,
             retry after f32 s, queued f32 s, decode f32 s, total f32 s, payload
             (the image when OK, otherwise the reason in UTF-8)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gensc.serve.answer import Answer, Source, Status, Times
from gensc.serve.section import ImageFormat, Request, Section

MAGIC = b"GNSV"
VERSION = 2
MAX_FRAME = 1 << 26
"""Bytes; no frame is longer."""

_REQUEST, _CANCEL, _ANSWER = 1, 2, 3
_HEAD = struct.Struct("<4sBBI")
_REQUEST_BODY = struct.Struct("<QHBBBHHHI")
_CANCEL_BODY = struct.Struct("<Q")
_ANSWER_BODY = struct.Struct("<QBBBHHHffff")


class FrameError(ValueError):
    """Bytes that are no frame of this version, or a damaged one; the message says which."""


@dataclass(frozen=True)
class Cancel:
    """The user no longer wants the answer to `request_id`."""

    request_id: int


Message = Request | Cancel | Answer


def pack(message: Message) -> bytes:
    """The frame of a message."""
    if isinstance(message, Request):
        return _frame(_REQUEST, *_request_body(message))
    if isinstance(message, Cancel):
        return _frame(_CANCEL, _CANCEL_BODY.pack(message.request_id))
    return _frame(_ANSWER, *_answer_body(message))


def unpack(frame: bytes) -> Message:
    """The message of a frame.

    Raises:
        FrameError: not a frame, of another version, damaged, or with values out of range.
    """
    if len(frame) < _HEAD.size:
        raise FrameError(f"frame of {len(frame)} bytes")
    magic, version, kind, check = _HEAD.unpack_from(frame)
    if magic != MAGIC:
        raise FrameError("not a frame of this service")
    if version != VERSION:
        raise FrameError(f"frame version {version}, this is version {VERSION}")
    body = memoryview(frame)[_HEAD.size :]
    if zlib.crc32(body) != check:
        raise FrameError("frame CRC failed")
    readers: dict[int, Callable[[memoryview], Message]] = {
        _REQUEST: _read_request,
        _CANCEL: _read_cancel,
        _ANSWER: _read_answer,
    }
    reader = readers.get(kind)
    if reader is None:
        raise FrameError(f"unknown kind of frame {kind}")
    try:
        return reader(body)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise FrameError(f"bad frame: {error}") from error


def _frame(kind: int, *parts: bytes | memoryview) -> bytes:
    check = 0
    for part in parts:
        check = zlib.crc32(part, check)
    return b"".join((_HEAD.pack(MAGIC, VERSION, kind, check), *parts))


def _request_body(request: Request) -> tuple[bytes | memoryview, ...]:
    s, user = request.section, request.user.encode()
    fields = _REQUEST_BODY.pack(
        request.request_id,
        s.weights,
        s.rate,
        request.format,
        len(user),
        s.height,
        s.width,
        s.aux,
        s.symbols.size,
    )
    return fields, user, s.symbols.data.cast("B"), s.noise_var.data.cast("B")


def _read_request(body: memoryview) -> Request:
    fields = _REQUEST_BODY.unpack_from(body)
    request_id, weights, rate, form, user_bytes, height, width, aux, count = fields
    start = _REQUEST_BODY.size + user_bytes
    if len(body) != start + 12 * count:
        raise ValueError(f"{len(body)} bytes for {count} symbols")
    user = bytes(body[_REQUEST_BODY.size : start]).decode()
    symbols = np.frombuffer(body, "<c8", count, start)
    noise_var = np.frombuffer(body, "<f4", count, start + 8 * count)
    section = Section(weights, rate, height, width, aux, symbols, noise_var)
    return Request(user, request_id, section, ImageFormat(form))


def _read_cancel(body: memoryview) -> Cancel:
    return Cancel(*_CANCEL_BODY.unpack(body))


def _answer_body(answer: Answer) -> tuple[bytes, bytes]:
    times = answer.times
    fields = _ANSWER_BODY.pack(
        answer.request_id,
        answer.status,
        answer.format,
        answer.source,
        answer.height,
        answer.width,
        times.batch,
        answer.retry_after_s,
        times.queued,
        times.decode,
        times.total,
    )
    return fields, answer.payload if answer.status is Status.OK else answer.reason.encode()


def _read_answer(body: memoryview) -> Answer:
    fields = _ANSWER_BODY.unpack_from(body)
    request_id, status, form, source, height, width, batch, retry, queued, decode, total = fields
    payload = bytes(body[_ANSWER_BODY.size :])
    ok = Status(status) is Status.OK
    return Answer(
        request_id,
        Status(status),
        payload if ok else b"",
        ImageFormat(form),
        height,
        width,
        "" if ok else payload.decode(),
        retry,
        Source(source),
        Times(queued, decode, total, batch),
    )
