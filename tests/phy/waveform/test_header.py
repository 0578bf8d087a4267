from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gensc_phy import Header, HeaderError, Section, VersionError
from gensc_phy.coding.crc import crc24
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.waveform.header import CODED_BYTES, HEADER_BYTES, VERSION


@st.composite
def headers(draw):
    fragments = draw(st.integers(1, 4096))
    section = draw(st.sampled_from(Section))
    most = 255 if section == Section.ANALOG else len(MCS_TABLE) - 1
    try:
        return Header(
            session=draw(st.integers(0, 2**16 - 1)),
            image_id=draw(st.integers(0, 2**16 - 1)),
            weights=draw(st.integers(0, 2**16 - 1)),
            section=section,
            stream=draw(st.integers(0, 3)),
            fragment=draw(st.integers(0, fragments - 1)),
            fragments=fragments,
            rate=draw(st.integers(0, most)),
            height=draw(st.integers(0, 2**14 - 1)),
            width=draw(st.integers(0, 2**14 - 1)),
            total=draw(st.integers(0, 2**24 - 1)),
            aux=draw(st.integers(0, 2**16 - 1)),
        )
    except HeaderError as error:
        assume("fragments of" not in str(error))
        raise


def a_header(**fields):
    return replace(Header(1, 2, 3, Section.BITS, 0, 0, 1, 0, 16, 16, 40), **fields)


@given(headers())
def test_every_header_survives_packing(header):
    assert len(header.pack()) == HEADER_BYTES
    assert Header.unpack(header.pack()) == header


@given(headers(), st.integers(0, 8 * CODED_BYTES - 1))
def test_one_flipped_bit_fails_the_crc(header, position):
    data = bytearray(header.pack_with_crc())
    data[position // 8] ^= 1 << (position % 8)
    with pytest.raises(HeaderError, match="CRC"):
        Header.unpack_with_crc(bytes(data))


@given(st.binary(min_size=HEADER_BYTES - 1, max_size=HEADER_BYTES - 1))
def test_any_bytes_give_a_header_or_a_header_error(data):
    try:
        header = Header.unpack(bytes([VERSION]) + data)
    except HeaderError:
        return
    assert header.fragment < header.fragments <= max(1, header.section_symbols)


@given(headers())
def test_the_fragments_of_a_section_cover_it_once(header):
    parts = [replace(header, fragment=i) for i in range(header.fragments)]
    assert sum(part.length for part in parts) == header.section_symbols
    assert all(a.first + a.length == b.first for a, b in pairwise(parts))


@pytest.mark.parametrize("version", [0, 1, VERSION + 1, 255])
def test_another_version_is_refused_in_words_and_is_no_damage(version):
    body = bytes([version]) + a_header().pack()[1:]
    with pytest.raises(VersionError, match=f"version {version}, this receiver speaks {VERSION}"):
        Header.unpack_with_crc(body + crc24(body).to_bytes(3, "big"))


def test_a_field_that_does_not_fit_is_named():
    with pytest.raises(HeaderError, match="width=16384"):
        a_header(width=16384)
    with pytest.raises(HeaderError, match="session=65536"):
        a_header(session=65536)


def test_a_fragment_beyond_the_last_is_refused():
    with pytest.raises(HeaderError, match="fragment 3 of 3"):
        a_header(fragment=3, fragments=3)


def test_more_fragments_than_symbols_are_refused():
    with pytest.raises(HeaderError, match="4 fragments of 3 symbols"):
        a_header(section=Section.ANALOG, total=3, fragments=4)


@pytest.mark.parametrize("section", [Section.BITS, Section.TEXT])
def test_an_unknown_mcs_is_refused(section):
    with pytest.raises(HeaderError, match="unknown MCS 200"):
        a_header(section=section, rate=200)
