"""Latents and hyper-latents as symbols.

A stripe of four rows of latents is one unit: its symbols sorted by level (each level is one call
of the coder), then the values that were beyond their table, then an eight-bit check, so that a
damaged stream is noticed within 64 rows of pixels.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.bank.coder import CodingTable, SymbolReader, SymbolWriter
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.tables import Z_LIMIT

VALUE_LIMIT = (1 << 15) - 1
CHECK = 1 << 8

Values = NDArray[np.int32]
Flags = NDArray[np.bool_]


def _check(values: Values) -> NDArray[np.int32]:
    """Eight bits that depend on all values."""
    return np.array([zlib.crc32(values.astype("<i4").tobytes()) % CHECK], np.int32)


def _verify(reader: SymbolReader, values: Values) -> None:
    if reader.read_uniform(1, CHECK)[0] != _check(values)[0]:
        raise BitstreamError("the entropy-coded part is damaged")


def _by_level(levels: NDArray[np.uint8]) -> tuple[NDArray[np.intp], list[tuple[int, int, int]]]:
    """Order that sorts symbols by level, and (level, start, end) of each run in it."""
    order = np.argsort(levels, kind="stable")
    ends = np.cumsum(np.bincount(levels, minlength=1))
    starts = np.concatenate([[0], ends[:-1]])
    runs = [(k, int(a), int(b)) for k, (a, b) in enumerate(zip(starts, ends, strict=True)) if b > a]
    return order, runs


def write_latents(
    writer: SymbolWriter,
    values: Values,
    levels: NDArray[np.uint8],
    tables: Sequence[CodingTable],
) -> None:
    """Values ``n`` (magnitude at most 32767) with the level of each."""
    order, runs = _by_level(levels)
    ordered = values[order]
    beyond = []
    for level, start, end in runs:
        escape = len(tables[level].cost) - 1
        limit = escape // 2
        part = ordered[start:end]
        outside = np.abs(part) > limit
        writer.write("y", np.where(outside, escape, part + limit), tables[level])
        beyond.append(part[outside])
    escaped = np.concatenate(beyond) if beyond else np.zeros(0, np.int32)
    writer.write_uniform("y", escaped + VALUE_LIMIT, 2 * VALUE_LIMIT + 1)
    writer.write_uniform("check", _check(values), CHECK)


def read_latents(
    reader: SymbolReader, levels: NDArray[np.uint8], tables: Sequence[CodingTable]
) -> Values:
    """Inverse of :func:`write_latents`.

    Raises
    ------
    BitstreamError
        The stream is damaged or has ended.
    """
    order, runs = _by_level(levels)
    ordered = np.zeros(len(levels), np.int32)
    escaped = np.zeros(len(levels), bool)
    for level, start, end in runs:
        escape = len(tables[level].cost) - 1
        symbols = reader.read(end - start, tables[level])
        escaped[start:end] = symbols == escape
        ordered[start:end] = symbols - escape // 2
    beyond = reader.read_uniform(int(escaped.sum()), 2 * VALUE_LIMIT + 1)
    ordered[escaped] = beyond - VALUE_LIMIT
    values = np.empty_like(ordered)
    values[order] = ordered
    _verify(reader, values)
    return values


def write_hyper(
    writer: SymbolWriter, z: Values, coded: Flags, tables: Sequence[CodingTable]
) -> None:
    """Hyper-latents ``Z x h x w`` in [-63, 63] at the positions ``coded`` (``h x w``)."""
    sent = z[:, coded]
    for channel, table in zip(sent, tables, strict=True):
        writer.write("z", channel + Z_LIMIT, table)
    writer.write_uniform("check", _check(sent), CHECK)


def read_hyper(reader: SymbolReader, coded: Flags, tables: Sequence[CodingTable]) -> Values:
    """Inverse of :func:`write_hyper`; zero where not coded. Errors as :func:`read_latents`."""
    count = int(coded.sum())
    sent = np.stack([reader.read(count, table) - Z_LIMIT for table in tables])
    _verify(reader, sent)
    z = np.zeros((len(tables), *coded.shape), np.int32)
    z[:, coded] = sent
    return z
