"""text_encoder and text_decoder: a caption to a coded section and back."""

from dataclasses import replace

import numpy as np
import pmt
import pytest

from gensc_phy.channel.impairments import complex_noise
from gnuradio import gensc
from gnuradio.gensc.metadata import make_pdu, read_pdu
from pdu_blocks import junk, through

CAPTION = "Ein Leuchtturm über dem Meer, 夕方 🌅"


def encode(message):
    (section,) = through(gensc.text_encoder(), [message], "text", "section")
    return section


def over_the_air(section, snr_db):
    metadata, symbols = read_pdu(section, np.complex64)
    variance = 10 ** (-snr_db / 10)
    noise = complex_noise(symbols.size, variance, np.random.default_rng(2))
    metadata = replace(metadata, noise_var=np.full(symbols.size, variance, np.float32))
    return make_pdu(metadata, symbols + noise)


def decode(section):
    (pdu,) = through(gensc.text_decoder(), [section], "section", "text")
    metadata, data = read_pdu(pdu, np.uint8)
    return metadata, data.tobytes().decode("utf-8")


def text_pdu(text, **keys):
    return make_pdu(gensc.Metadata(**keys), np.frombuffer(text.encode(), np.uint8))


def test_a_caption_comes_back_letter_for_letter():
    metadata, text = decode(over_the_air(encode(text_pdu(CAPTION, image_id=8)), 10))
    assert text == CAPTION
    assert (metadata.image_id, metadata.crc_ok, metadata.section) == (8, True, "text")


def test_plain_strings_are_taken_as_gnu_radios_blocks_send_them():
    assert decode(over_the_air(encode(pmt.intern("plain")), 10))[1] == "plain"


def test_the_text_goes_out_as_a_pair_for_a_label_too():
    section = over_the_air(encode(text_pdu(CAPTION)), 10)
    (shown,) = through(gensc.text_decoder(), [section], "section", "shown")
    assert pmt.symbol_to_string(pmt.car(shown)) == "text"
    assert pmt.symbol_to_string(pmt.cdr(shown)) == CAPTION


def test_the_empty_caption_is_a_caption():
    assert decode(over_the_air(encode(text_pdu("")), 10))[1] == ""


def test_a_caption_of_which_nothing_is_whole_is_dropped_and_says_so():
    metadata, text = decode(over_the_air(encode(text_pdu(CAPTION * 20)), 0))
    assert (metadata.crc_ok, metadata.text_state, text) == (False, "dropped", "")


def test_of_a_caption_damaged_in_part_the_whole_words_are_left():
    sentences = [f"Sentence {i} speaks of item {i * i} and of nothing else." for i in range(60)]
    section = over_the_air(encode(text_pdu(" ".join(sentences))), 20)
    metadata, symbols = read_pdu(section, np.complex64)
    # Of the codewords, which take turns symbol by symbol, one is lost.
    noise_var = np.where(np.arange(symbols.size) % 3 == 1, np.float32(np.inf), metadata.noise_var)
    metadata, text = decode(make_pdu(replace(metadata, noise_var=noise_var), symbols))
    assert (metadata.crc_ok, metadata.text_state) == (False, "repaired")
    assert set(text.split()) < set(" ".join(sentences).split())


def test_what_is_no_text_is_counted():
    encoder = gensc.text_encoder()
    bad = make_pdu(gensc.Metadata(), np.array([0xFF, 0xFE], np.uint8))
    good = text_pdu("x")
    accepted = through(encoder, [bad, pmt.PMT_T, pmt.from_long(3), good], "text", "section")
    assert len(accepted) == 1
    assert encoder.dropped == 3


def test_junk_does_not_stop_the_decoder():
    decoder = gensc.text_decoder()
    good = over_the_air(encode(text_pdu("x")), 10)
    assert len(through(decoder, [*junk(), good], "section", "text")) == 1
    assert decoder.dropped == len(junk())


def test_an_unknown_mcs_is_refused():
    with pytest.raises(gensc.GenscError, match="MCS 99"):
        gensc.text_encoder(99)
