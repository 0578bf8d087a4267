"""A worker process: `python -m gensc.serve.worker FD MODULE:CLASS OPTIONS`.

Apart from the service so that whatever a model does to its process (a crash in native code, the
out-of-memory killer) costs no accepted image. Ends when the service closes the socket `FD`.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
import time

from gensc.serve import pipe
from gensc.serve.decoder import Decoder


def main(argv: list[str]) -> int:
    """Serve batches until the socket closes; exit status 1 where the decoder cannot be made."""
    descriptor, target, options = argv
    with socket.socket(fileno=int(descriptor)) as connection:
        try:
            decoder = make(target, json.loads(options))
        except Exception as error:
            # Whatever it is: the service is the one who tells the user.
            known = isinstance(error, ValueError)
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            connection.sendall(
                pipe.message(json.dumps({"error": reason}, allow_nan=False).encode())
            )
            return 1
        connection.sendall(
            pipe.message(json.dumps({"models": decoder.models}, allow_nan=False).encode())
        )
        while (body := _receive(connection)) is not None:
            batch = pipe.unpack_batch(body)
            started = time.perf_counter()
            results = decoder.decode(batch)
            seconds = time.perf_counter() - started
            connection.sendall(pipe.message(pipe.pack_results(seconds, results)))
    return 0


def make(target: str, options: dict[str, object]) -> Decoder:
    """The decoder "module:Class", made with `options`."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)(**options)


def _told(**what: object) -> bytes:
    """A message that says how the start went."""
    return pipe.message(json.dumps(what, allow_nan=False).encode())


def _receive(connection: socket.socket) -> bytes | None:
    """The next message; None when the service has gone."""
    head = _exactly(connection, pipe.LENGTH.size)
    return None if head is None else _exactly(connection, pipe.LENGTH.unpack(head)[0])


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray(count)
    at = 0
    while at < count:
        got = connection.recv_into(memoryview(data)[at:])
        if not got:
            return None
        at += got
    return bytes(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
