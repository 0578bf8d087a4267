"""Messages of somebody who means harm: random, mutated, oversized, in parts, replayed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Parts = list[bytes]
#: Of all messages; the rest are mutated ones.
_RANDOM, _REPLAYED, _IN_PARTS, _SEALED = 0.25, 0.1, 0.1, 0.15
_LONGEST_RANDOM = 2000


@dataclass(frozen=True)
class Hostile:
    """A message, and what kind of malice it is."""

    kind: str
    parts: Parts


def hostile(
    count: int,
    good: Sequence[bytes],
    seal: Callable[[bytes], bytes] | None,
    seed: int = 0,
) -> Iterator[Hostile]:
    """So many messages.

    Args:
        good: what an honest peer would send; replayed and mutated.
        seal: repairs the checksum of a mutated message, where the port has one: what arrives at
            the parser then is malice and no damage.
        seed: of all chance.
    """
    generator = random.Random(seed)
    for _ in range(count):
        chosen = generator.random()
        if chosen < _RANDOM:
            data = generator.randbytes(generator.randrange(1, _LONGEST_RANDOM))
            yield Hostile("random", [data])
        elif chosen < _RANDOM + _REPLAYED:
            yield Hostile("replayed", [generator.choice(good)])
        elif chosen < _RANDOM + _REPLAYED + _IN_PARTS:
            parts = [generator.choice(good) for _ in range(generator.randrange(2, 5))]
            yield Hostile("in parts", parts)
        else:
            data = mutated(generator, generator.choice(good))
            if seal is not None and generator.random() < 0.5:
                yield Hostile("mutated, sealed", [seal(data)])
            else:
                yield Hostile("mutated", [data])


def mutated(generator: random.Random, data: bytes) -> bytes:
    """Bytes changed, cut, doubled or put in; never empty."""
    changed = bytearray(data)
    for _ in range(generator.randrange(1, 4)):
        at = generator.randrange(len(changed)) if changed else 0
        match generator.randrange(5):
            case 0:
                changed[at : at + 1] = generator.randbytes(1)
            case 1:
                del changed[at:]
            case 2:
                changed[at:at] = generator.randbytes(generator.randrange(1, 40))
            case 3:
                changed[at : at + 4] = b"\xff\xff\xff\xff"
            case _:
                changed += changed[at : at + 200]
    return bytes(changed) or b"\0"
