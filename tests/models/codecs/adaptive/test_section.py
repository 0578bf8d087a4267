"""The header section: what goes in comes out, and damage is told."""

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.adaptive.section import SectionError, pack, unpack
from small_hyperprior import photo, small_codec


def prepared(point: int, base: bool):
    bank = small_codec()
    latents, side, z = bank.prepare(photo(64, 96), point)
    values = bank.decide(latents, side, point)[0].to(torch.int32).numpy() if base else None
    return bank, side, z, values


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("point", [1, 12, 19])
def test_a_section_comes_back(point: int, base: bool) -> None:
    bank, side, z, values = prepared(point, base)
    known = unpack(bank, pack(bank, point, z, side, values), 4, 6)
    assert known.point == point
    assert torch.equal(known.side.levels, side.levels)
    assert torch.equal(known.side.means, side.means)
    assert (known.values is None) == (values is None)
    if values is not None:
        np.testing.assert_array_equal(known.values, values)


@settings(max_examples=25)
@given(st.data())
def test_damage_is_a_section_error_and_nothing_else(data) -> None:
    bank, side, z, values = prepared(19, True)
    section = bytearray(pack(bank, 19, z, side, values))
    if data.draw(st.booleans()):
        del section[data.draw(st.integers(0, len(section) - 1)) :]
    else:
        section[data.draw(st.integers(1, len(section) // 2))] ^= data.draw(st.integers(1, 255))
    # Eight bits of check for every part: one damage in 256 is another image.
    with contextlib.suppress(SectionError):
        assert unpack(bank, bytes(section), 4, 6).side.levels.shape == side.levels.shape


@pytest.mark.parametrize("section", [b"", b"\x05", b"\x05abc", b"\x00abcd", b"\x3fabcd"])
def test_what_is_no_section_is_refused(section: bytes) -> None:
    with pytest.raises(SectionError, match="header section"):
        unpack(small_codec(), section, 4, 6)
