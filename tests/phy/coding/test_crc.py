"""CRCs: known answers and the guarantees a CRC gives."""

import binascii

from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.crc import CRC24_POLYNOMIAL, crc24, crc32


def long_division(data: bytes) -> int:
    """The definition: remainder of data * x^24 by the generator, bit by bit."""
    value = int.from_bytes(data, "big") << 24
    generator = (1 << 24) | CRC24_POLYNOMIAL
    while value.bit_length() > 24:
        value ^= generator << (value.bit_length() - 25)
    return value


def test_crc24_of_the_catalogue_check_string():
    # CRC-24/LTE-A in the catalogue of parametrised CRC algorithms.
    assert crc24(b"123456789") == 0xCDE703


def test_crc32_of_the_catalogue_check_string():
    assert crc32(b"123456789") == 0xCBF43926 == binascii.crc32(b"123456789")


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_crc24_is_the_remainder_of_polynomial_division(data):
    assert crc24(data) == long_division(data)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_message_with_its_crc24_appended_has_crc_zero(data):
    assert crc24(data + crc24(data).to_bytes(3, "big")) == 0


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=32), st.data())
def test_crc24_detects_every_error_burst_up_to_24_bits(data, draw):
    length = 8 * len(data)
    width = draw.draw(st.integers(1, min(24, length)))
    burst = draw.draw(st.integers(1, (1 << width) - 1))
    shift = draw.draw(st.integers(0, length - width))
    damaged = int.from_bytes(data, "big") ^ (burst << shift)
    assert crc24(damaged.to_bytes(len(data), "big")) != crc24(data)
