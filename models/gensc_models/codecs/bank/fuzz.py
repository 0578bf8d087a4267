"""Damaged streams by the thousand: ``python -m gensc_models.codecs.bank.fuzz --count 10000``.

Streams of a small image, whole and masked, are cut, flipped, spliced, extended or replaced, some
of them with their checksums made right again, as an attacker would. Each must end in an image or
a :class:`BitstreamError`, soon and within the memory that its (bounded) size allows.
"""

from __future__ import annotations

import argparse
import resource
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gensc_models.codecs.bank.codec import Decoded, HyperpriorCodec
from gensc_models.codecs.bank.container import HEADER
from gensc_models.codecs.bank.errors import BitstreamError

MAX_PIXELS = 1 << 14


@dataclass(frozen=True)
class FuzzResult:
    """Outcomes by name, the slowest case in seconds and the growth of memory in MiB."""

    outcomes: dict[str, int]
    slowest: float
    grown_mib: float


def seal(data: bytes) -> bytes:
    """The stream with length and checksums that fit what it holds."""
    if len(data) < HEADER.size:
        return data
    words = (len(data) - HEADER.size) // 4
    payload = data[HEADER.size : HEADER.size + 4 * words]
    head = data[:11] + words.to_bytes(3, "big") + zlib.crc32(payload).to_bytes(4, "big")
    return head + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "big") + payload


def corrupt(data: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """One damaged version of a stream; ``other`` is spliced in by some."""
    array = bytearray(data)
    kind = int(random.integers(6))
    if kind == 0:
        array = array[: random.integers(len(array) + 1)]
    elif kind == 1:
        for _ in range(int(random.integers(1, 9))):
            array[random.integers(len(array))] ^= 1 << int(random.integers(8))
    elif kind == 2:
        start = int(random.integers(len(array)))
        length = int(random.integers(1, 33))
        array[start : start + length] = random.bytes(length)
    elif kind == 3:
        array = array[: random.integers(len(array))] + other[random.integers(len(other)) :]
    elif kind == 4:
        array[random.integers(HEADER.size)] = int(random.integers(256))
    else:
        array = array[: HEADER.size] + random.bytes(int(random.integers(1, 257)))
    return seal(bytes(array)) if random.random() < 0.5 else bytes(array)


def check(codec: HyperpriorCodec, data: bytes, partial: bool) -> str:
    """Decodes one stream and names the outcome.

    Raises
    ------
    AssertionError
        The result is no valid image. Anything but a :class:`BitstreamError` passes through.
    """
    message = ""
    try:
        result = codec.decode(data, partial=partial)
    except BitstreamError as error:
        message = str(error)
    if message:
        assert len(message.splitlines()) == 1, "the error must be one line"
        return "refused"
    _assert_valid(result)
    return "whole" if result.complete else "partial"


def _assert_valid(result: Decoded) -> None:
    height, width = result.image.shape[:2]
    assert result.image.dtype == np.uint8
    assert result.image.shape == (height, width, 3)
    assert result.keep.shape == (-(-height // 16), -(-width // 16))
    assert 0 <= result.rows <= height


def streams(codec: HyperpriorCodec) -> list[bytes]:
    """Streams to damage: two points, with and without a mask."""
    ramp = np.add.outer(np.arange(80) * 2, np.arange(112))
    image = np.stack([ramp % 256, (2 * ramp) % 256, 255 - ramp % 256], axis=2).astype(np.uint8)
    keep = np.zeros((5, 7), bool)
    keep[1:4, 2:5] = True
    return [codec.encode(image, point, mask).data for point in (2, 15) for mask in (None, keep)]


def fuzz(codec: HyperpriorCodec, count: int, seed: int = 0) -> FuzzResult:
    """Decodes ``count`` damaged streams; errors as :func:`check`."""
    random = np.random.default_rng(seed)
    sources = streams(codec)
    limit, codec.max_pixels = codec.max_pixels, MAX_PIXELS
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        for _ in range(count):
            first, second = (sources[i] for i in random.integers(len(sources), size=2))
            data = corrupt(first, second, random)
            start = time.perf_counter()
            outcomes[check(codec, data, bool(random.integers(2)))] += 1
            slowest = max(slowest, time.perf_counter() - start)
    finally:
        codec.max_pixels = limit
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024.0
    return FuzzResult(dict(outcomes), slowest, grown)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gensc_models.codecs.bank.fuzz", description=__doc__)
    parser.add_argument("--model", default="hyperprior", help="name or folder of the weights")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    result = fuzz(HyperpriorCodec.from_pretrained(options.model), options.count, options.seed)
    told = ", ".join(f"{n} {name}" for name, n in sorted(result.outcomes.items()))
    print(f"{options.count} damaged streams: {told}")
    print(f"slowest {result.slowest * 1e3:.0f} ms, memory grew by {result.grown_mib:.0f} MiB")


if __name__ == "__main__":
    main()
