"""pmt_check: what PMT's parser would choke on never reaches it, and nothing else is refused."""

import numpy as np
import pmt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnuradio.gensc.errors import PduError
from gnuradio.gensc.metadata import Metadata, make_pdu
from gnuradio.gensc.pmt_check import MAX_DEPTH, check
from gnuradio.gensc.zmq_frame import new_sender, pack, unpack

WHOLE = Metadata(
    session=1, image_id=2, section="analog", fragment=0, fragments=1, weights=3, rate=4,
    shape=(16, 16, 3), total=5, aux=6, snr_db=1.5, cfo_hz=-3.0, crc_ok=True, sample=2**40,
    name="photo.jpg", noise_var=np.ones(5, np.float32), keep=np.array([True]),
)  # fmt: skip

leaves = st.one_of(
    st.booleans().map(pmt.from_bool),
    st.integers(-(2**31), 2**31 - 1).map(pmt.from_long),
    st.floats(allow_nan=False).map(pmt.from_double),
    st.integers(0, 2**63).map(pmt.from_uint64),
    st.text("abc", max_size=9).map(pmt.intern),
    st.just(pmt.PMT_NIL),
    st.binary(max_size=9).map(lambda data: pmt.init_u8vector(len(data), list(data))),
    st.lists(st.floats(width=32), max_size=4).map(lambda v: pmt.init_f32vector(len(v), v)),
    st.lists(st.complex_numbers(width=64), max_size=4).map(lambda v: pmt.init_c32vector(len(v), v)),
)


def as_dict(values):
    made = pmt.make_dict()
    for key, value in values.items():
        made = pmt.dict_add(made, pmt.intern(key), value)
    return made


pmts = st.recursive(
    leaves,
    lambda inner: (
        st.tuples(inner, inner).map(lambda two: pmt.cons(*two))
        | st.tuples(inner, inner).map(lambda two: pmt.make_tuple(*two))
        | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=4).map(as_dict)
    ),
    max_leaves=20,
)


@given(pmts)
def test_whatever_pmt_serialises_passes(value):
    check(pmt.serialize_str(value))


def test_pdus_of_every_kind_pass():
    for data in (np.ones(5, np.complex64), np.zeros(5, np.uint8), np.zeros(5, np.float32)):
        pdu = make_pdu(WHOLE, data)
        check(pmt.serialize_str(pdu))
        assert pmt.equal(unpack(pack(pdu, new_sender()))[1], pdu)


@given(pmts, st.data())
def test_what_is_cut_or_longer_is_refused(value, data):
    body = pmt.serialize_str(value)
    keep = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(PduError):
        check(body[:keep])
    with pytest.raises(PduError, match="1 bytes behind"):
        check(body + b"\0")


@pytest.mark.parametrize(
    "body",
    [
        b"\x07" * 100_000 + b"\x06" * 100_001,
        b"\x07\x06" * 100_000 + b"\x06",
        b"\x08\xff\xff\xff\xff",
        b"\x0c\x00\x10\x00\x00",
        b"\x0a\x0b\xff\xff\xff\xff\x00",
        b"\x0a\x0c\x00\x00\x00\x00\x00",
        b"\x02\xff\xff",
        b"\x63",
        b"",
    ],
)
def test_what_would_end_the_process_or_fill_its_memory_is_refused(body):
    with pytest.raises(PduError):
        check(body)


def test_the_deepest_that_passes_is_no_danger_to_the_parser():
    body = b"\x07" * (MAX_DEPTH - 1) + b"\x06" * MAX_DEPTH
    check(body)
    assert pmt.is_pair(pmt.deserialize_str(body))
    with pytest.raises(PduError, match="levels"):
        check(b"\x07" + body + b"\x06")


@given(st.binary(max_size=300), st.integers(0, 300))
def test_damage_within_a_pdu_is_refused_or_parsed(noise, at):
    body = bytearray(pmt.serialize_str(make_pdu(WHOLE, np.ones(5, np.complex64))))
    body[at : at + len(noise)] = noise
    try:
        check(bytes(body))
    except PduError:
        return
    pmt.deserialize_str(bytes(body))  # may refuse it, and does not crash
