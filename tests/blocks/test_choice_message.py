"""choice_message: a choice as a dict, as a pair, and on the image it is meant for."""

import math
from dataclasses import replace

import pmt
import pytest

from gnuradio import gensc
from gnuradio.gensc import choice_message
from gnuradio.gensc.metadata import read_image
from pdu_blocks import image_pdu, junk, smooth_image
from rate_tables import table

CHOICE = table().choices[5]


@pytest.mark.parametrize(
    "choice",
    [CHOICE, replace(CHOICE, mcs=None), replace(CHOICE, mask_psnr_db=math.inf, in_time=False)],
)
def test_a_choice_comes_back_from_its_message(choice):
    message = pmt.deserialize_str(pmt.serialize_str(choice_message.to_pmt(choice)))
    assert choice_message.from_pmt(message) == choice


def test_an_image_carries_its_choice_and_stays_the_same_image():
    image = smooth_image()
    pdu = choice_message.attach(image_pdu(image, 7, name="a.png"), CHOICE)
    metadata, pixels = read_image(pdu)
    assert choice_message.attached(pdu) == CHOICE
    assert (metadata.image_id, metadata.name) == (7, "a.png")
    assert (pixels == image).all()


def test_an_image_without_a_choice_has_none():
    assert choice_message.attached(image_pdu(smooth_image())) is None
    assert choice_message.attached(pmt.cons(pmt.PMT_NIL, pmt.PMT_NIL)) is None


@pytest.mark.parametrize("message", junk())
def test_what_is_no_choice_is_refused(message):
    with pytest.raises(gensc.PduError):
        choice_message.from_pmt(message)


def test_a_field_that_is_missing_or_of_the_wrong_type_is_named():
    good = choice_message.to_pmt(CHOICE)
    with pytest.raises(gensc.PduError, match="lacks alpha"):
        choice_message.from_pmt(pmt.dict_delete(good, pmt.intern("alpha")))
    for name, value in (("alpha", pmt.intern("low")), ("point", pmt.PMT_T), ("mcs", pmt.PMT_F)):
        with pytest.raises(gensc.PduError, match=f"choice {name}"):
            choice_message.from_pmt(pmt.dict_add(good, pmt.intern(name), value))
    with pytest.raises(gensc.PduError, match="MCS 77"):
        choice_message.from_pmt(pmt.dict_add(good, pmt.intern("mcs"), pmt.from_long(77)))


def test_a_pair_keeps_the_type_of_its_number():
    assert pmt.is_integer(pmt.cdr(choice_message.pair("mcs", 3)))
    assert pmt.is_real(pmt.cdr(choice_message.pair("snr_db", 3.0)))
