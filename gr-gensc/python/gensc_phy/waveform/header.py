"""The burst header: what the receiver must know before it can read the payload."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

from gensc_phy.coding.crc import crc24

VERSION = 1


class Section(IntEnum):
    """The kinds of payload one image may have."""

    ANALOG = 0
    BITS = 1
    TEXT = 2


class HeaderError(ValueError):
    """A header that is not ours, of another version, or inconsistent in itself."""


@dataclass(frozen=True)
class Header:
    """One burst's header; every field has a fixed width on the air (bits in brackets).

    Attributes:
        section: kind of payload [4].
        image_id: which image the burst belongs to [16].
        fragment, fragments: this is fragment `fragment` of `fragments` [12, 12 as n-1].
        model: wire id of the codec, 0 where none applies [8].
        rate: JSCC channel symbols per 16x16 block, or the MCS index of bits and text [8].
        height, width: image shape in pixels [14, 14].
        length: payload complex symbols in this burst [16].
        total: complex symbols of the whole analog section; payload bytes of bits and text [24].
        aux: side information of the codec [16].
    """

    section: Section
    image_id: int
    fragment: int
    fragments: int
    model: int
    rate: int
    height: int
    width: int
    length: int
    total: int
    aux: int = 0

    def __post_init__(self) -> None:
        """Refuse values that do not fit their field."""
        for name, width in _WIDTHS.items():
            value = getattr(self, name) - (name == "fragments")
            if not 0 <= value < 1 << width:
                raise HeaderError(f"header field {name}={getattr(self, name)}: needs {width} bits")
        if self.fragment >= self.fragments:
            raise HeaderError(f"fragment {self.fragment} of {self.fragments}")

    def pack(self) -> bytes:
        """The header as HEADER_BYTES bytes, CRC-24 left out."""
        word = VERSION
        for name, width in _WIDTHS.items():
            word = (word << width) | (int(getattr(self, name)) - (name == "fragments"))
        return (word << _PAD_BITS).to_bytes(HEADER_BYTES, "big")

    @classmethod
    def unpack(cls, data: bytes) -> Header:
        """Read `pack`'s bytes.

        Raises:
            HeaderError: wrong length, another version, or a section this version lacks.
        """
        if len(data) != HEADER_BYTES:
            raise HeaderError(f"header of {len(data)} bytes, expected {HEADER_BYTES}")
        word = int.from_bytes(data, "big") >> _PAD_BITS
        values: dict[str, int] = {}
        for name, width in reversed(_WIDTHS.items()):
            values[name] = (word & ((1 << width) - 1)) + (name == "fragments")
            word >>= width
        if word != VERSION:
            raise HeaderError(f"waveform version {word}, this receiver speaks {VERSION}")
        section = values.pop("section")
        if section not in Section._value2member_map_:
            raise HeaderError(f"unknown section {section}")
        return cls(section=Section(section), **values)

    def pack_with_crc(self) -> bytes:
        """`pack` followed by its CRC-24: what is encoded and sent."""
        data = self.pack()
        return data + crc24(data).to_bytes(3, "big")

    @classmethod
    def unpack_with_crc(cls, data: bytes) -> Header:
        """Inverse of `pack_with_crc`; raises HeaderError when the CRC fails."""
        body, check = data[:-3], int.from_bytes(data[-3:], "big")
        if crc24(body) != check:
            raise HeaderError("header CRC failed")
        return cls.unpack(body)


_WIDTHS: dict[str, int] = {
    "section": 4,
    "image_id": 16,
    "fragment": 12,
    "fragments": 12,
    "model": 8,
    "rate": 8,
    "height": 14,
    "width": 14,
    "length": 16,
    "total": 24,
    "aux": 16,
}
assert list(_WIDTHS) == [f.name for f in fields(Header)]
_BITS = 4 + sum(_WIDTHS.values())
HEADER_BYTES = -(-_BITS // 8)
_PAD_BITS = 8 * HEADER_BYTES - _BITS
CODED_BYTES = HEADER_BYTES + 3
