"""Containers: what the header carries, and what becomes of damaged streams."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.bank import BitstreamError
from gensc_models.codecs.bank.container import HEADER, Header, pack, unpack
from gensc_models.codecs.bank.fuzz import check, fuzz, main, seal, streams
from small_hyperprior import small_codec

LIMIT = 1 << 20


@given(
    st.builds(
        Header,
        codec=st.integers(0, 65535),
        point=st.integers(1, 19),
        masked=st.booleans(),
        height=st.integers(1, 1000),
        width=st.integers(1, 1000),
    ),
    st.lists(st.integers(0, 2**32 - 1), max_size=20),
)
def test_headers_and_words_come_back(header: Header, words: list[int]) -> None:
    data = pack(header, np.array(words, np.uint32))
    assert len(data) == HEADER.size + 4 * len(words)
    back = unpack(data + b"padding", LIMIT)
    assert back.header == header
    assert back.words.tolist() == words
    assert not back.cut_off
    assert not back.damaged


def test_the_header_has_twenty_bytes() -> None:
    data = pack(Header(0xABCD, 7, True, 321, 481), np.zeros(3, np.uint32))
    assert data[:14].hex() == "474801abcd07010141" + "01e1" + "000003"
    assert HEADER.size == 20


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "stream of 0 bytes is shorter than its header"),
        (b"GH\x01" + bytes(10), "shorter"),
        (b"JF" + bytes(30), "not a hyperprior stream"),
        (b"GH" + bytes(30), "header is damaged"),
    ],
)
def test_what_is_no_stream_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BitstreamError, match=reason):
        unpack(data, LIMIT)


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (2, 9, "version 9, expected 1"),
        (5, 0, "no sense"),
        (5, 29, "no sense"),
        (6, 4, "no sense"),
        (7, 255, "larger than 1048576 pixels"),
    ],
)
def test_impossible_headers_are_refused(offset: int, value: int, reason: str) -> None:
    data = bytearray(pack(Header(1, 5, False, 64, 30000), np.zeros(2, np.uint32)))
    data[9:11] = (30000).to_bytes(2, "big")
    data[7:9] = (30).to_bytes(2, "big")
    data[offset] = value
    with pytest.raises(BitstreamError, match=reason):
        unpack(seal(bytes(data)), LIMIT)


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        pack(Header(0, 1, False, 70000, 1), np.zeros(0, np.uint32))


def test_a_huge_image_is_refused_before_anything_is_allocated() -> None:
    data = pack(Header(0, 1, False, 65535, 65535), np.zeros(0, np.uint32))
    with pytest.raises(BitstreamError, match="larger than"):
        small_codec().decode(data, partial=True)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_any_bytes_end_in_an_image_or_one_line(data: bytes, sealed: bool, partial: bool) -> None:
    stream = streams(small_codec())[0][: HEADER.size] + data if sealed else data
    check(small_codec(), seal(stream) if sealed else stream, partial)


def test_three_hundred_damaged_streams() -> None:
    result = fuzz(small_codec(), 300, seed=7)
    assert sum(result.outcomes.values()) == 300
    assert result.outcomes["refused"] > 50
    assert result.outcomes["partial"] > 20
    assert result.slowest < 10.0
    assert result.grown_mib < 300.0


def test_the_fuzzer_has_a_command_line(
    tmp_path: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    small_codec().save_pretrained(tmp_path)
    main(["--model", str(tmp_path), "--count", "5"])
    assert "5 damaged streams:" in capsys.readouterr().out
