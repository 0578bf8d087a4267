"""Cyclic redundancy checks: 24 bits for headers, 32 bits for payloads.

Both catch every error burst up to their own length; a random word passes by chance with
probability 2^-24 and 2^-32.
"""

from __future__ import annotations

import zlib

CRC24_POLYNOMIAL = 0x864CFB
"""gCRC24A of 3GPP TS 36.212, 5.1.1, without its leading term."""


def _table() -> tuple[int, ...]:
    """Remainder of every byte, most significant bit first."""
    remainders = []
    for byte in range(256):
        register = byte << 16
        for _ in range(8):
            register <<= 1
            if register & 0x1000000:
                register ^= 0x1000000 | CRC24_POLYNOMIAL
        remainders.append(register)
    return tuple(remainders)


_CRC24_TABLE = _table()


def crc24(data: bytes) -> int:
    """CRC24A of `data`, most significant bit first, register starting at 0.

    Appending the result as three big-endian bytes makes the CRC of the whole 0.
    """
    register = 0
    for byte in data:
        register = ((register << 8) & 0xFFFFFF) ^ _CRC24_TABLE[(register >> 16) ^ byte]
    return register


def crc32(data: bytes) -> int:
    """CRC-32 of IEEE 802.3, as in zlib, Ethernet and PNG."""
    return zlib.crc32(data)
