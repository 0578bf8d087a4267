"""The bank's stream as channel symbols: (Phi, alpha, MCS) for a rate, an SNR and its spread.

The scheme is the fastest whose threshold lies so far below the SNR as its spread asks for
(:func:`gensc_models.codecs.adaptive.digital.scheme`), the operating point the finest whose stream
then fits; where not even the coarsest does, blocks are left out (alpha), those with least in them
first. What room is left goes into a slower scheme, and what is left of that repeats symbols.

The header section is four bytes: the scheme, and how many bytes there are, low one first.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.adaptive import digital
from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.codec import (
    RECOMMENDED_RATES,
    Codec,
    Encoded,
    Received,
    SideCost,
    Variances,
    counted_symbols,
    symbols_for,
)
from gensc_models.codecs.codec import Symbols as Air
from gensc_models.codecs.layout import SideInfo
from gensc_models.data.photos import BLOCK, Photo
from gensc_models.weights.fingerprint import derived
from gensc_phy.coding import bits
from gensc_phy.coding.mcs import MCS_TABLE, Mcs

BITS = "bits"
SIDE_BYTES = 4
KEPT = (0.75, 0.5, 0.25, 0.1)
"""Shares of the blocks that are tried where all of them do not fit."""


class BankBits(Codec):
    """The code. ``name`` is the bank's with ``+bits``."""

    rates = RECOMMENDED_RATES
    sends_side = True
    takes_spread = True

    def __init__(self, bank: HyperpriorCodec) -> None:
        self.bank = bank
        self.name = f"{bank.name}+{BITS}"
        self.sha256 = derived(bank.sha256, BITS)

    def encode_image(
        self,
        image: Photo,
        rate: int,
        snr_db: float,
        side_cost: SideCost = counted_symbols,
        spread_db: float | None = None,
    ) -> Encoded:
        """As :meth:`gensc_models.codecs.codec.Codec.encode_image`.

        Raises
        ------
        ValueError
            As there; no stream of this image is so short.
        """
        if math.isnan(snr_db):
            raise ValueError("snr_db is not a number")
        height, width = image.shape[:2]
        total = symbols_for(height, width, rate)
        told = SideInfo.quantise(1.0, snr_db).snr_db
        room = total - side_cost(SIDE_BYTES, told)
        fastest = digital.scheme(snr_db, spread_db)
        stream = self._longest(image, bits.capacity_bytes(max(room, 0), fastest))
        if stream is None:
            raise ValueError(f"{total} symbols are too few for the bits of the image alone")
        mcs = _slowest(len(stream), room, fastest)
        coded = bits.encode_bits(stream, mcs)
        return Encoded(
            np.resize(coded, room).astype(np.complex64),
            SideInfo(1.0, told).pack(),
            int(rate),
            height,
            width,
            side=bytes([mcs.index]) + len(stream).to_bytes(3, "little"),
            side_symbols=total - room,
        )

    def decode_image(self, received: Received) -> Photo:
        """The stream decoded; of a damaged one what is whole.

        Raises
        ------
        ValueError
            A header section of another code, symbols that are too few, or nothing of use in them.
        """
        side = received.side
        if len(side) != SIDE_BYTES or side[0] >= len(MCS_TABLE):
            raise ValueError(f"header section of {len(side)} bytes is none of the bank's bits")
        mcs, n_bytes = MCS_TABLE[side[0]], int.from_bytes(side[1:], "little")
        there = len(received.symbols)
        # Asked first: what a header section says may be anything.
        if 8 * n_bytes > there * mcs.bits_per_symbol or bits.symbols_for(n_bytes, mcs) > there:
            raise ValueError(f"header section: {n_bytes} bytes in {there} symbols")
        count = bits.symbols_for(n_bytes, mcs)
        heard = _together(received.symbols, received.noise_var, count)
        result = bits.decode_bits(*heard, n_bytes, mcs)
        shown = self.bank.decode(result.payload, partial=not result.crc_ok).image
        if shown.shape[:2] != (received.height, received.width):
            raise BitstreamError("the stream is one of a picture of another size")
        return shown

    def stream_lengths(
        self, received: Received, side_cost: SideCost = counted_symbols
    ) -> tuple[int, ...]:
        """Symbols of the stream: what the header section leaves of the rate."""
        total = symbols_for(received.height, received.width, received.rate)
        return (total - side_cost(len(received.side), SideInfo.unpack(received.aux).snr_db),)

    def _longest(self, image: Photo, capacity: int) -> bytes | None:
        """The best stream of at most so many bytes; its length falls with the number of the point.

        None where there is no such.
        """
        points, found = sorted(self.bank.points), None
        low, high = 0, len(points)
        while low < high:
            middle = (low + high) // 2
            data = self.bank.encode(image, points[middle]).data
            if len(data) <= capacity:
                found, high = data, middle
            else:
                low = middle + 1
        if found is not None:
            return found
        for share in KEPT:
            data = self.bank.encode(image, points[-1], _fullest(image, share)).data
            if len(data) <= capacity:
                return data
        return None


def _slowest(n_bytes: int, room: int, fastest: Mcs) -> Mcs:
    """The most robust scheme with which so many bytes fit, where ``fastest`` does."""
    fitting = (m for m in MCS_TABLE[: fastest.index] if bits.symbols_for(n_bytes, m) <= room)
    return next(fitting, fastest)


def _fullest(image: Photo, share: float) -> NDArray[np.bool_]:
    """So many of the 16x16 blocks, those of most contrast; at least one."""
    height, width = image.shape[:2]
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    grey = image.astype(np.float32).mean(axis=2)
    more = ((0, rows * BLOCK - height), (0, columns * BLOCK - width))
    blocks = np.pad(grey, more, mode="edge").reshape(rows, BLOCK, columns, BLOCK)
    contrast = blocks.std(axis=(1, 3)).ravel()
    keep = np.zeros(rows * columns, bool)
    keep[np.argsort(-contrast, kind="stable")[: max(1, round(share * keep.size))]] = True
    return keep.reshape(rows, columns)


def _together(symbols: Air, noise_var: Variances, count: int) -> tuple[Air, Variances]:
    """The first ``count`` symbols, each with its repetitions, weighted by their precision."""
    variance = np.maximum(noise_var.astype(np.float64), 1e-9)
    known = np.isfinite(symbols) & np.isfinite(noise_var)
    weight = np.where(known, 1.0 / variance, 0.0)
    place = np.arange(len(symbols)) % count
    value = np.where(known, symbols, 0.0) * weight
    total = np.bincount(place, weight, count)
    summed = np.bincount(place, value.real, count) + 1j * np.bincount(place, value.imag, count)
    there = total > 0.0
    safe = np.where(there, total, 1.0)
    mean = np.where(there, summed / safe, 0.0).astype(np.complex64)
    return mean, np.where(there, 1.0 / safe, np.inf).astype(np.float32)
