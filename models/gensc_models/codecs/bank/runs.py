"""The mask as side information: run lengths, then entropy coded.

The flags are read row by row, either as they are or each compared with the one above (which makes
straight vertical borders free); the shorter way is chosen and named. A run of length n is sent as
its class ``floor(log2 n)`` under one of eight geometric tables, also named, and the remaining bits
of n as they are. Runs alternate; a first flag says what the first one is.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.bank.coder import CodingTable, SymbolReader, SymbolWriter
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.tables import TOTAL

Flags = NDArray[np.bool_]

CLASSES = 21
"""Runs of up to 2^20 flags and more: an image has at most 2^16 blocks per million of pixels."""
TABLES = 8
RAW_BITS = 16
WORD_BYTES = 4


@lru_cache(maxsize=1)
def class_tables() -> tuple[CodingTable, ...]:
    """Geometric tables whose ratio grows from 2/16 to 16/16, by integer arithmetic alone."""
    tables = []
    for ratio in range(2, 2 * TABLES + 1, 2):
        weights = [ratio**k * 16 ** (CLASSES - 1 - k) for k in range(CLASSES)]
        counts = [1 + weight * (TOTAL - CLASSES) // sum(weights) for weight in weights]
        counts[0] += TOTAL - sum(counts)
        tables.append(CodingTable.from_counts(np.array(counts, np.int32)))
    return tuple(tables)


def _changes(keep: Flags) -> Flags:
    """Each flag compared with the one above it; the first row as it is."""
    return np.concatenate([keep[:1], keep[1:] ^ keep[:-1]])


def run_lengths(flags: Flags) -> NDArray[np.int64]:
    """Lengths of the runs of equal flags in a vector that is not empty."""
    borders = np.flatnonzero(flags[1:] != flags[:-1]) + 1
    return np.diff(np.concatenate([[0], borders, [len(flags)]]))


def write_mask(writer: SymbolWriter, keep: Flags) -> None:
    """Flags ``h x w`` of at least one block."""
    choices = []
    for compared in (0, 1):
        flags = (_changes(keep) if compared else keep).ravel()
        lengths = run_lengths(flags)
        classes = np.floor(np.log2(lengths)).astype(np.int32)
        costs = [float(table.cost[classes].sum()) for table in class_tables()]
        best = int(np.argmin(costs))
        choices.append((costs[best] + int(classes.sum()), compared, best, flags, lengths, classes))
    _, compared, best, flags, lengths, classes = min(choices, key=lambda choice: choice[:3])
    head = np.array([(best * 2 + compared) * 2 + int(flags[0])], np.int32)
    writer.write_uniform("mask", head, TABLES * 4)
    for length, kind in zip(lengths, classes, strict=True):
        writer.write("mask", np.array([kind], np.int32), class_tables()[best])
        _write_rest(writer, int(length) - (1 << kind), int(kind))


def _write_rest(writer: SymbolWriter, rest: int, bits: int) -> None:
    """The bits of a run length below its highest."""
    while bits > 0:
        now = min(bits, RAW_BITS)
        bits -= now
        writer.write_uniform(
            "mask", np.array([rest >> bits & ((1 << now) - 1)], np.int32), 1 << now
        )


def _read_rest(reader: SymbolReader, bits: int) -> int:
    rest = 0
    while bits > 0:
        now = min(bits, RAW_BITS)
        bits -= now
        rest = rest << now | int(reader.read_uniform(1, 1 << now)[0])
    return rest


def read_mask(reader: SymbolReader, height: int, width: int) -> Flags:
    """Inverse of :func:`write_mask`.

    Raises
    ------
    BitstreamError
        Runs that do not fill the mask exactly, or a stream that has ended.
    """
    head = int(reader.read_uniform(1, TABLES * 4)[0])
    value, compared, table = bool(head & 1), head >> 1 & 1, class_tables()[head >> 2]
    flags = np.zeros(height * width, bool)
    done = 0
    while done < len(flags):
        kind = int(reader.read(1, table)[0])
        length = (1 << kind) + _read_rest(reader, kind)
        if done + length > len(flags):
            raise BitstreamError("the mask is damaged")
        flags[done : done + length] = value
        done, value = done + length, not value
    keep = flags.reshape(height, width)
    return np.logical_xor.accumulate(keep, axis=0) if compared else keep


def pack_mask(keep: Flags) -> bytes:
    """Flags ``h x w`` of at least one block as a section of their own, in whole words."""
    writer = SymbolWriter()
    write_mask(writer, keep)
    return writer.words().astype("<u4").tobytes()


def unpack_mask(section: bytes, height: int, width: int) -> Flags:
    """Inverse of :func:`pack_mask`.

    Raises
    ------
    BitstreamError
        Damaged, or of another size.
    """
    if not section or len(section) % WORD_BYTES:
        raise BitstreamError(f"mask of {len(section)} bytes: whole words expected")
    reader = SymbolReader(np.frombuffer(section, "<u4").astype(np.uint32))
    return read_mask(reader, height, width)
