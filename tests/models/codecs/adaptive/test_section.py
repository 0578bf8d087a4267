"""The bits of an image: what goes in comes out, and damage is told."""

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.adaptive.section import Fields, SectionError, read, write
from gensc_phy.coding.mcs import MCS_TABLE
from small_hyperprior import photo, small_codec


def prepared(point: int, base: bool):
    bank = small_codec()
    latents, side, z = bank.prepare(photo(64, 96), point)
    values = bank.decide(latents, side, point)[0].to(torch.int32).numpy() if base else None
    words = write(bank, z, side, values)
    return bank, side, values, Fields(point, base, MCS_TABLE[20], len(words)), words


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("point", [1, 12, 19])
def test_words_come_back(point: int, base: bool) -> None:
    bank, side, values, fields, words = prepared(point, base)
    known = read(bank, fields, words, 4, 6)
    assert known.point == point
    assert torch.equal(known.side.levels, side.levels)
    assert torch.equal(known.side.means, side.means)
    assert (known.values is None) == (values is None)
    if values is not None:
        np.testing.assert_array_equal(known.values, values)


@given(st.integers(0, 31), st.booleans(), st.sampled_from(MCS_TABLE), st.integers(0, (1 << 24) - 1))
def test_a_header_section_comes_back(point, base, mcs, words) -> None:
    fields = Fields(point, base, mcs, 4 * words)
    assert Fields.unpack(fields.pack()) == fields


@settings(max_examples=25)
@given(st.data())
def test_damage_is_a_section_error_and_nothing_else(data) -> None:
    bank, side, _, fields, words = prepared(19, True)
    damaged = bytearray(words)
    if data.draw(st.booleans()):
        del damaged[4 * data.draw(st.integers(0, len(words) // 4 - 1)) :]
    else:
        damaged[data.draw(st.integers(0, len(words) // 2))] ^= data.draw(st.integers(1, 255))
    # Eight bits of check for every part: one damage in 256 is another image. (On the air a
    # CRC of 32 bits for every code block comes before.)
    with contextlib.suppress(SectionError):
        assert read(bank, fields, bytes(damaged), 4, 6).side.levels.shape == side.levels.shape


@pytest.mark.parametrize(
    ("section", "why"),
    [(b"", "of 0 bytes"), (b"\x05abc", "of 4 bytes"), (b"\x05\xff\0\0\0", "no scheme 255")],
)
def test_what_is_no_section_is_refused(section: bytes, why: str) -> None:
    with pytest.raises(SectionError, match=f"header section.*{why}"):
        Fields.unpack(section)


def test_a_point_that_the_bank_has_not_got_is_refused() -> None:
    with pytest.raises(SectionError, match="no operating point 0"):
        read(small_codec(), Fields(0, False, MCS_TABLE[0], 4), b"abcd", 4, 6)
