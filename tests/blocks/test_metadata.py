"""The one schema of PDUs: written, read back, and refused in one line."""

import math

import numpy as np
import pmt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import Header, Section
from gnuradio import gensc
from gnuradio.gensc.metadata import Metadata, kept_blocks, make_pdu, read_image, read_pdu
from pdu_blocks import junk

numbers = st.integers(0, 2**24)
reals = st.floats(allow_nan=False)


@given(
    st.builds(
        Metadata,
        image_id=numbers,
        section=st.sampled_from(["analog", "bits", "text"]),
        fragment=st.none() | numbers,
        rate=st.none() | numbers,
        shape=st.none() | st.tuples(numbers, numbers, st.just(3)),
        snr_db=st.none() | reals,
        cfo_hz=st.none() | reals,
        crc_ok=st.none() | st.booleans(),
        name=st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    )
)
def test_metadata_survives_pmt(metadata):
    assert Metadata.from_pmt(metadata.to_pmt()) == metadata


def test_the_keys_on_the_wire_are_those_of_the_contract():
    pdu = make_pdu(
        Metadata(image_id=7, section="analog", shape=(4, 5, 3), crc_ok=True,
                 noise_var=np.array([0.5, math.inf], np.float32)),
        np.zeros(2, np.complex64),
    )  # fmt: skip
    data = pmt.to_python(pmt.car(pdu))
    assert data["image_id"] == 7
    assert data["section"] == "analog"
    assert data["shape"] == (4, 5, 3)
    assert data["crc_ok"] is True
    assert list(data["noise_var"]) == [0.5, math.inf]
    assert "snr_db" not in data


def test_keys_of_others_are_ignored():
    data = pmt.dict_add(Metadata(image_id=1).to_pmt(), pmt.intern("theirs"), pmt.PMT_T)
    assert Metadata.from_pmt(data) == Metadata(image_id=1)


def test_a_missing_key_is_named():
    with pytest.raises(gensc.PduError, match="lacks rate, shape"):
        Metadata.from_pmt(Metadata(image_id=1).to_pmt(), require=("image_id", "rate", "shape"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image_id", pmt.intern("seven")),
        ("image_id", pmt.from_long(-1)),
        ("section", pmt.intern("video")),
        ("shape", pmt.make_tuple(pmt.from_long(4), pmt.from_long(5))),
        ("shape", pmt.make_tuple(*(pmt.from_long(n) for n in (4, 5, 4)))),
        ("snr_db", pmt.intern("high")),
        ("noise_var", pmt.from_double(0.1)),
        ("crc_ok", pmt.from_long(1)),
    ],
)
def test_a_value_of_another_kind_is_named(key, value):
    data = pmt.dict_add(pmt.make_dict(), pmt.intern(key), value)
    with pytest.raises(gensc.PduError, match=f"metadata {key}"):
        Metadata.from_pmt(data)


@pytest.mark.parametrize("message", junk(), ids=str)
def test_junk_is_no_image(message):
    with pytest.raises(gensc.PduError):
        read_image(message)


def test_noise_variances_must_match_the_symbols():
    pdu = make_pdu(Metadata(noise_var=np.ones(3, np.float32)), np.zeros(4, np.complex64))
    with pytest.raises(gensc.PduError, match="3 values for 4 symbols"):
        read_pdu(pdu, np.complex64)


def test_pixels_must_fill_the_shape():
    pdu = make_pdu(Metadata(image_id=1, shape=(2, 2, 3)), np.zeros(11, np.uint8))
    with pytest.raises(gensc.PduError, match="11 bytes"):
        read_image(pdu)


def test_a_burst_header_and_its_metadata_say_the_same():
    header = Header(7, 9, 0, Section.TEXT, 0, 2, 5, 3, 10, 20, 48, 6)
    assert Metadata.of_header(header).header() == header


def test_metadata_that_fits_no_header_is_refused():
    metadata = Metadata(
        session=0,
        image_id=1 << 16,
        section="bits",
        fragment=0,
        fragments=1,
        rate=1,
        shape=(1, 1, 3),
        total=1,
    )
    with pytest.raises(gensc.PduError, match="image_id"):
        metadata.header()


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**16))
def test_the_flags_of_kept_blocks_come_back_in_the_grid_of_the_image(height, width, seed):
    grid = -(-height // 16), -(-width // 16)
    keep = np.random.default_rng(seed).random(grid) < 0.5
    sent = Metadata(image_id=1, shape=(height, width, 3), keep=keep)
    np.testing.assert_array_equal(kept_blocks(Metadata.from_pmt(sent.to_pmt())), keep)


def test_without_flags_all_blocks_are_kept_and_flags_of_another_grid_are_refused():
    assert kept_blocks(Metadata(shape=(33, 16, 3))).tolist() == [[True]] * 3
    with pytest.raises(gensc.PduError, match="keep has 2 flags for 3x1 blocks"):
        kept_blocks(Metadata(shape=(33, 16, 3), keep=np.ones(2, bool)))
    with pytest.raises(gensc.PduError, match="lacks shape"):
        kept_blocks(Metadata(keep=np.ones(2, bool)))
