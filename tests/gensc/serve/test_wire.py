"""Frames of the service: what comes back, and what is refused."""

import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gensc.serve import Answer, ImageFormat, Request, Section, Source, Status, Times
from gensc.serve.wire import Cancel, FrameError, pack, unpack

count = st.integers(1, 50)
floats = st.floats(width=32, allow_nan=True)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    n = draw(count)
    return Request(
        draw(st.text(min_size=1, max_size=16)),
        draw(st.integers(0, 2**64 - 1)),
        Section(
            draw(st.integers(1, 255)),
            draw(st.integers(1, 255)),
            draw(st.integers(1, 65535)),
            draw(st.integers(1, 65535)),
            draw(st.integers(0, 65535)),
            draw(arrays(np.complex64, n, elements=st.complex_numbers(width=64))),
            draw(arrays(np.float32, n, elements=floats)),
        ),
        draw(st.sampled_from(ImageFormat)),
    )


@given(requests())
def test_a_request_arrives_as_it_was_sent(request: Request) -> None:
    got = unpack(pack(request))
    assert isinstance(got, Request)
    assert (got.user, got.request_id, got.format) == (
        request.user,
        request.request_id,
        request.format,
    )
    assert got.section.group == request.section.group
    assert got.section.aux == request.section.aux
    assert got.section.symbols.tobytes() == request.section.symbols.tobytes()
    assert got.section.noise_var.tobytes() == request.section.noise_var.tobytes()
    assert got.key == request.key


@given(st.integers(0, 2**64 - 1))
def test_a_cancellation_arrives_as_it_was_sent(number: int) -> None:
    assert unpack(pack(Cancel(number))) == Cancel(number)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(
            2**64 - 1,
            Status.OK,
            bytes(range(18)),
            ImageFormat.RAW,
            2,
            3,
            source=Source.SHARED,
            times=Times(0.5, 0.25, 1.0, 32),
        ),
        Answer(1, Status.BUSY, reason="64 requests of this user are waiting", retry_after_s=0.5),
        Answer(2, Status.FAILED, reason="größer als erlaubt"),
    ],
)
def test_an_answer_arrives_as_it_was_sent(answer: Answer) -> None:
    assert unpack(pack(answer)) == answer


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_frame(junk: bytes) -> None:
    with pytest.raises(FrameError):
        unpack(junk)


@given(st.data())
def test_any_changed_byte_or_cut_is_noticed(data: st.DataObject) -> None:
    frame = pack(Request("ann", 5, Section(1, 32, 16, 16, 7, np.ones(8), np.ones(8))))
    at = data.draw(st.integers(0, len(frame) - 1))
    flip = data.draw(st.integers(1, 255))
    with pytest.raises(FrameError):
        unpack(frame[:at] + bytes([frame[at] ^ flip]) + frame[at + 1 :])
    with pytest.raises(FrameError):
        unpack(frame[:at])


@given(st.integers(1, 3), st.binary(max_size=100))
def test_a_frame_with_a_right_crc_and_a_wrong_body_is_refused(kind: int, body: bytes) -> None:
    head = struct.pack("<4sBBI", b"GNSV", 1, kind, zlib.crc32(body))
    try:
        message = unpack(head + body)
    except FrameError:
        return
    # What is not refused is a whole message: it says the same when sent on.
    assert pack(message) == head + body


def test_another_version_is_refused_by_its_number() -> None:
    frame = bytearray(pack(Cancel(1)))
    frame[4] = 9
    with pytest.raises(FrameError, match="version 9"):
        unpack(bytes(frame))


SECTION = Section(1, 32, 16, 16, 7, np.ones(8), np.ones(8))


@pytest.mark.parametrize(
    ("field", "value"),
    [("weights", 0), ("rate", 256), ("height", 0), ("width", 65536), ("aux", -1)],
)
def test_a_section_out_of_range_is_refused_by_name(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=field):
        replace(SECTION, **{field: value})


def test_a_section_needs_a_noise_variance_for_each_symbol() -> None:
    with pytest.raises(ValueError, match="8 symbols, 7 noise variances"):
        replace(SECTION, noise_var=np.ones(7))
    with pytest.raises(ValueError, match="at least one"):
        replace(SECTION, symbols=np.ones(0), noise_var=np.ones(0))


@pytest.mark.parametrize("user", ["", "x" * 65])
def test_a_user_has_a_name_of_1_to_64_bytes(user: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        Request(user, 1, SECTION)
