import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import Header, HeaderError, Section
from gensc_phy.waveform.header import CODED_BYTES, HEADER_BYTES

headers = st.integers(1, 4096).flatmap(
    lambda fragments: st.builds(
        Header,
        section=st.sampled_from(Section),
        image_id=st.integers(0, 2**16 - 1),
        fragment=st.integers(0, fragments - 1),
        fragments=st.just(fragments),
        model=st.integers(0, 255),
        rate=st.integers(0, 255),
        height=st.integers(0, 2**14 - 1),
        width=st.integers(0, 2**14 - 1),
        length=st.integers(0, 2**16 - 1),
        total=st.integers(0, 2**24 - 1),
        aux=st.integers(0, 2**16 - 1),
    )
)


@given(headers)
def test_every_header_survives_packing(header):
    assert len(header.pack()) == HEADER_BYTES
    assert Header.unpack(header.pack()) == header


@given(headers, st.integers(0, 8 * CODED_BYTES - 1))
def test_one_flipped_bit_fails_the_crc(header, position):
    data = bytearray(header.pack_with_crc())
    data[position // 8] ^= 1 << (position % 8)
    with pytest.raises(HeaderError, match="CRC"):
        Header.unpack_with_crc(bytes(data))


@given(st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES))
def test_any_bytes_give_a_header_or_a_header_error(data):
    try:
        header = Header.unpack(data)
    except HeaderError:
        return
    assert header.fragment < header.fragments


def test_a_field_that_does_not_fit_is_named():
    with pytest.raises(HeaderError, match="width=16384"):
        Header(Section.BITS, 0, 0, 1, 0, 0, 1, 16384, 0, 0)


def test_a_fragment_beyond_the_last_is_refused():
    with pytest.raises(HeaderError, match="fragment 3 of 3"):
        Header(Section.BITS, 0, 3, 3, 0, 0, 1, 1, 0, 0)
