"""bits_encoder and bits_decoder: bytes to a coded section and back."""

from dataclasses import replace

import numpy as np
import pytest

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.coding.mcs import MCS_TABLE
from gnuradio import gensc
from gnuradio.gensc.mcs_choice import DEFAULT_INDEX
from gnuradio.gensc.metadata import make_pdu, read_pdu
from pdu_blocks import junk, through

PAYLOAD = np.frombuffer(bytes(range(256)) * 3, np.uint8)


def encode(mcs, **keys):
    pdu = make_pdu(gensc.Metadata(**keys), PAYLOAD)
    (section,) = through(gensc.bits_encoder(mcs), [pdu], "bytes", "section")
    return section


def over_the_air(section, snr_db):
    metadata, symbols = read_pdu(section, np.complex64)
    variance = 10 ** (-snr_db / 10)
    noise = complex_noise(symbols.size, variance, np.random.default_rng(1))
    metadata = replace(metadata, noise_var=np.full(symbols.size, variance, np.float32))
    return make_pdu(metadata, symbols + noise)


@pytest.mark.parametrize("mcs", [0, 17, DEFAULT_INDEX, len(MCS_TABLE) - 1])
def test_bytes_come_back_two_decibels_above_the_threshold(mcs):
    section = over_the_air(encode(mcs, image_id=6), MCS_TABLE[mcs].threshold_db + 2)
    (decoded,) = through(gensc.bits_decoder(), [section], "section", "bytes")
    metadata, data = read_pdu(decoded, np.uint8)
    np.testing.assert_array_equal(data, PAYLOAD)
    assert (metadata.image_id, metadata.crc_ok, metadata.section) == (6, True, "bits")


def test_a_section_can_be_fragmented():
    section = encode(3, image_id=1, shape=(32, 48, 3))
    metadata, symbols = read_pdu(section, np.complex64)
    assert (metadata.total, metadata.rate) == (PAYLOAD.size, 3)
    parts = through(gensc.fragmenter(gensc.WaveformConfig()), [section], "section", "fragment")
    assert sum(read_pdu(part, np.complex64)[1].size for part in parts) == symbols.size


def test_damaged_bytes_are_marked_or_kept_back():
    section = over_the_air(encode(9), MCS_TABLE[9].threshold_db - 6)
    marking, strict = gensc.bits_decoder(), gensc.bits_decoder(only_good=True)
    (decoded,) = through(marking, [section], "section", "bytes")
    assert read_pdu(decoded, np.uint8)[0].crc_ok is False
    assert through(strict, [section], "section", "bytes") == []
    assert marking.failed == strict.failed == 1


def test_bytes_that_carry_a_rate_are_sent_with_that_scheme():
    pdus = [make_pdu(gensc.Metadata(rate=rate), PAYLOAD) for rate in (7, None, 0, 99)]
    encoder = gensc.bits_encoder(3)
    sections = through(encoder, pdus, "bytes", "section")
    assert [read_pdu(s, np.complex64)[0].rate for s in sections] == [7, 3, 0]
    assert encoder.dropped == 1  # there is no scheme 99


def test_without_an_image_id_sections_are_numbered():
    pdus = [make_pdu(gensc.Metadata(), PAYLOAD) for _ in range(3)]
    sections = through(gensc.bits_encoder(), pdus, "bytes", "section")
    assert [read_pdu(s, np.complex64)[0].image_id for s in sections] == [0, 1, 2]


def test_a_section_that_contradicts_itself_and_junk_are_counted():
    good = over_the_air(encode(3), 20)
    metadata, symbols = read_pdu(good, np.complex64)
    bad = [
        make_pdu(replace(metadata, **change), symbols) for change in ({"total": 5}, {"rate": 99})
    ]
    decoder = gensc.bits_decoder()
    assert len(through(decoder, [*bad, *junk(), good], "section", "bytes")) == 1
    assert decoder.dropped == len(bad) + len(junk())


def test_what_is_no_bytes_is_counted():
    encoder = gensc.bits_encoder()
    messages = [*junk(), make_pdu(gensc.Metadata(), np.zeros(4, np.float32))]
    accepted = through(encoder, messages, "bytes", "section")
    assert len(accepted) + encoder.dropped == len(messages)
    assert len(accepted) == 1  # three bytes with empty metadata are bytes


def test_an_unknown_mcs_is_refused():
    with pytest.raises(gensc.GenscError, match="MCS 99: there are 0 … 67"):
        gensc.bits_encoder(99)
    with pytest.raises(gensc.GenscError, match="MCS -1"):
        gensc.bits_encoder().set_mcs(-1)
