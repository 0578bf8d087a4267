"""What a worker process and the service say to each other, over a socket pair.

Every message is ``length u32 | bytes``. The worker begins with a JSON object: ``{"models": {id:
name}}``, or ``{"error": reason}`` and its end. Then, per batch: the service sends the frames of
the requests (`gensc.serve.wire`) as one message, each with its own length; the worker
answers ``seconds f64`` and per request ``ok u8, length u32, image or reason``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gensc.serve import wire
from gensc.serve.decoder import Result
from gensc.serve.section import Request

LENGTH = struct.Struct("<I")
_SECONDS = struct.Struct("<d")
_RESULT = struct.Struct("<BI")


def message(body: bytes) -> bytes:
    """A body with its length before it."""
    return LENGTH.pack(len(body)) + body


def pack_batch(batch: Sequence[Request]) -> bytes:
    """The body of a batch of requests."""
    return b"".join(message(wire.pack(request)) for request in batch)


def unpack_batch(body: bytes) -> list[Request]:
    """The requests of `pack_batch`."""
    batch, view, at = [], memoryview(body), 0
    while at < len(view):
        (length,) = LENGTH.unpack_from(view, at)
        at += LENGTH.size
        request = wire.unpack(bytes(view[at : at + length]))
        if not isinstance(request, Request):
            raise wire.FrameError("a batch holds requests only")
        batch.append(request)
        at += length
    return batch


def pack_results(seconds: float, results: Sequence[Result]) -> bytes:
    """The body of a batch's results."""
    parts = [_SECONDS.pack(seconds)]
    for result in results:
        ok = isinstance(result, bytes)
        data = result if isinstance(result, bytes) else str(result).encode()
        parts += [_RESULT.pack(ok, len(data)), data]
    return b"".join(parts)


def unpack_results(body: bytes) -> tuple[float, list[Result]]:
    """Seconds and results of `pack_results`."""
    (seconds,) = _SECONDS.unpack_from(body)
    results: list[Result] = []
    at = _SECONDS.size
    while at < len(body):
        ok, length = _RESULT.unpack_from(body, at)
        at += _RESULT.size
        data = body[at : at + length]
        results.append(data if ok else ValueError(data.decode()))
        at += length
    return seconds, results
