"""The burst header: whose burst it is, and what must be known before its payload can be read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

from gensc_phy.coding import bits
from gensc_phy.coding.crc import crc24
from gensc_phy.coding.mcs import MCS_TABLE

VERSION = 2
"""Of the header's layout: the first byte on the air, whatever follows."""


class Section(IntEnum):
    """The kinds of payload one image may have."""

    ANALOG = 0
    BITS = 1
    TEXT = 2


class HeaderError(ValueError):
    """A header that is damaged or inconsistent in itself."""


class VersionError(HeaderError):
    """A header that arrived whole and is of another version than this receiver's."""


@dataclass(frozen=True)
class Header:
    """One burst's header; every field has a fixed width on the air (bits in brackets).

    Everything of one image has one `session` and `image_id`. The number of symbols is not sent:
    it follows from `total`, `rate` and the number of the fragment.

    Attributes:
        session: drawn by chance at every start of a transmitter [16].
        image_id: which image of the session the burst belongs to [16].
        weights: fingerprint of the codec's weights, 0 where none applies [16].
        section: kind of payload [2].
        stream: which of the image's sections of this kind, where it has several: analog streams,
            or copies of one section [2].
        fragment, fragments: this is fragment `fragment` of `fragments` [12, 12 as n-1].
        rate: JSCC channel symbols per 16x16 block, or the MCS index of bits and text [8].
        height, width: image shape in pixels [14, 14].
        total: complex symbols of the whole analog section; payload bytes of bits and text [24].
        aux: side information of the codec [16].
    """

    session: int
    image_id: int
    weights: int
    section: Section
    stream: int
    fragment: int
    fragments: int
    rate: int
    height: int
    width: int
    total: int
    aux: int = 0

    def __post_init__(self) -> None:
        """Refuse values that do not fit their field, and each other."""
        for name, width in _WIDTHS.items():
            value = getattr(self, name) - (name == "fragments")
            if not 0 <= value < 1 << width:
                raise HeaderError(f"header field {name}={getattr(self, name)}: needs {width} bits")
        if self.fragment >= self.fragments:
            raise HeaderError(f"fragment {self.fragment} of {self.fragments}")
        if self.section != Section.ANALOG and self.rate >= len(MCS_TABLE):
            raise HeaderError(f"unknown MCS {self.rate}")
        if self.fragments > max(1, self.section_symbols):
            raise HeaderError(f"{self.fragments} fragments of {self.section_symbols} symbols")

    @property
    def section_symbols(self) -> int:
        """Complex symbols of the whole section."""
        if self.section == Section.ANALOG:
            return self.total
        return bits.symbols_for(self.total, MCS_TABLE[self.rate])

    @property
    def first(self) -> int:
        """Index of the burst's first payload symbol in its section as interleaved."""
        return self.fragment * self.section_symbols // self.fragments

    @property
    def length(self) -> int:
        """Payload complex symbols of this burst; those of all fragments are equal within one."""
        return (self.fragment + 1) * self.section_symbols // self.fragments - self.first

    def pack(self) -> bytes:
        """The header as HEADER_BYTES bytes, CRC-24 left out."""
        word = VERSION
        for name, width in _WIDTHS.items():
            word = (word << width) | (int(getattr(self, name)) - (name == "fragments"))
        return word.to_bytes(HEADER_BYTES, "big")

    @classmethod
    def unpack(cls, data: bytes) -> Header:
        """Read `pack`'s bytes.

        Raises:
            VersionError: another version.
            HeaderError: wrong length, or content that contradicts itself.
        """
        if len(data) != HEADER_BYTES:
            raise HeaderError(f"header of {len(data)} bytes, expected {HEADER_BYTES}")
        if data[0] != VERSION:
            raise VersionError(f"waveform version {data[0]}, this receiver speaks {VERSION}")
        word = int.from_bytes(data, "big")
        values: dict[str, int] = {}
        for name, width in reversed(_WIDTHS.items()):
            values[name] = (word & ((1 << width) - 1)) + (name == "fragments")
            word >>= width
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
    "session": 16,
    "image_id": 16,
    "weights": 16,
    "section": 2,
    "stream": 2,
    "fragment": 12,
    "fragments": 12,
    "rate": 8,
    "height": 14,
    "width": 14,
    "total": 24,
    "aux": 16,
}
assert list(_WIDTHS) == [f.name for f in fields(Header)]
_BITS = 8 + sum(_WIDTHS.values())
HEADER_BYTES = _BITS // 8
assert 8 * HEADER_BYTES == _BITS
CODED_BYTES = HEADER_BYTES + 3
