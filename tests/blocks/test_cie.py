"""cie_encoder and cie_decoder: images to containers that fit, and back, damaged ones too."""

from dataclasses import replace

import numpy as np
import pmt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.adaptation.rate_table import save_tables
from gnuradio import gensc
from gnuradio.gensc import choice_message
from gnuradio.gensc.codecs import default_rate_tables
from gnuradio.gensc.metadata import kept_blocks, make_pdu, read_image, read_pdu
from pdu_blocks import image_pdu, junk, through
from rate_tables import table
from small_hyperprior import photo, small_codec

PHOTO = photo(96, 128)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Folder of a small bank's weights."""
    folder = tmp_path_factory.mktemp("weights") / "small-bank"
    small_codec().save_pretrained(folder)
    return str(folder)


@pytest.fixture(autouse=True)
def _only_what_the_tests_make(monkeypatch):
    """No importance network is installed: the default is the bank's own information."""
    monkeypatch.setattr("gensc_models.catalogue.importance.learned_is_installed", lambda: False)


def encode(encoder, *pdus):
    return through(encoder, pdus, "image", "bytes")


def told(encoder, *pdus):
    return [pmt.to_python(d) for d in through(encoder, pdus, "image", "sent")]


def decode(decoder, *pdus):
    return through(decoder, pdus, "bytes", "image")


# ---------------------------------------------------------------- encoder


def test_an_image_travels_as_bytes_and_comes_back_with_its_mask(bank):
    encoder = gensc.cie_encoder(bank, alpha=0.4, point=6, mcs=4)
    (coded,) = encode(encoder, image_pdu(PHOTO, 9, name="cat.png"))
    metadata, _ = read_pdu(coded, np.uint8)
    assert (metadata.image_id, metadata.rate, metadata.point) == (9, 4, 6)
    assert (metadata.section, metadata.shape, metadata.name) == ("bits", PHOTO.shape, "cat.png")
    (pdu,) = decode(gensc.cie_decoder(bank), coded)
    metadata, image = read_image(pdu)
    keep = kept_blocks(metadata)
    assert image.shape == PHOTO.shape
    assert (metadata.image_id, metadata.point, metadata.complete) == (9, 6, True)
    assert 0 < keep.sum() < keep.size
    kept = keep.repeat(16, axis=0).repeat(16, axis=1)
    error = np.square(image.astype(float) - PHOTO).mean(axis=2)
    assert error[kept].mean() < error[~kept].mean()


def test_the_choice_of_an_image_comes_before_the_blocks_own(bank):
    choice = replace(table().choices[12], alpha=0.3, budget_bits=1e6)
    encoder = gensc.cie_encoder(bank, point=19, alpha=1.0, mcs=0, budget_bits=1)
    with_choice = choice_message.attach(image_pdu(PHOTO, 1), choice)
    first, second = told(encoder, with_choice, image_pdu(PHOTO, 2))
    assert (first["point"], first["alpha"], first["mcs"]) == (choice.point, 0.3, choice.mcs)
    assert (first["snr_db"], first["budget_bits"], first["in_time"]) == (choice.snr_db, 1e6, True)
    assert (second["point"], second["alpha"], second["mcs"]) == (19, 1.0, 0)
    assert "snr_db" not in second
    assert second["in_time"] is False


def test_bits_encoder_sends_each_image_with_the_mcs_that_was_chosen(bank):
    rows = [replace(table().choices[n], budget_bits=1e6) for n in (0, 10, 21)]
    pdus = [choice_message.attach(image_pdu(PHOTO, i), row) for i, row in enumerate(rows)]
    coded = encode(gensc.cie_encoder(bank, mcs=5), *pdus)
    sections = through(gensc.bits_encoder(2), coded, "bytes", "section")
    rates = [read_pdu(section, np.complex64)[0].rate for section in sections]
    assert rates == [row.mcs for row in rows]
    assert len(set(rates)) == 3


@pytest.mark.parametrize("share", [0.8, 0.4])
def test_more_than_the_budget_is_never_sent_where_less_fits(bank, share):
    free = gensc.cie_encoder(bank, point=5)
    (whole,) = told(free, image_pdu(PHOTO))
    budget = int(share * whole["bits"])
    bounded = gensc.cie_encoder(bank, point=5, budget_bits=budget)
    (sent,) = told(bounded, image_pdu(PHOTO))
    assert sent["bits"] <= budget
    assert sent["tries"] > 1
    assert 0 < sent["gvif"] < whole["gvif"]
    assert (free.images, free.shortened, bounded.images, bounded.shortened) == (1, 0, 1, 1)
    assert bounded.late == 0


def test_where_nothing_fits_the_least_is_sent_and_counted(bank):
    encoder = gensc.cie_encoder(bank, budget_bits=8)
    (sent,) = told(encoder, image_pdu(PHOTO))
    assert (sent["in_time"], sent["point"], sent["alpha"], encoder.late) == (False, 19, 1.0, 1)


def test_what_matters_is_said_by_a_line_of_text(bank):
    encoder = gensc.cie_encoder(bank, "box:0,0,64,96", alpha=0.5)
    (pdu,) = decode(gensc.cie_decoder(bank), *encode(encoder, image_pdu(PHOTO)))
    assert (kept_blocks(read_image(pdu)[0]) == (np.arange(8) < 4)).all()


def test_what_is_no_image_or_has_an_impossible_choice_is_counted(bank):
    encoder = gensc.cie_encoder(bank)
    capacity = table(transport="capacity").choices[3]
    strange = replace(table().choices[3], point=44)
    pdus = [choice_message.attach(image_pdu(PHOTO), choice) for choice in (capacity, strange)]
    assert encode(encoder, *junk(), *pdus) == []
    assert encoder.dropped == len(junk()) + 2


def test_it_can_be_set_while_it_runs(bank):
    encoder = gensc.cie_encoder(bank)
    encoder.set_point(3)
    encoder.set_alpha(0.5)
    encoder.set_mcs(7)
    encoder.set_budget_bits(10**6)
    (sent,) = told(encoder, image_pdu(PHOTO))
    assert (sent["point"], sent["alpha"], sent["mcs"], sent["budget_bits"]) == (3, 0.5, 7, 10**6)


# ---------------------------------------------------------------- decoder


def container(bank, **keys):
    (coded,) = encode(gensc.cie_encoder(bank, point=8), image_pdu(PHOTO, 5))
    metadata, data = read_pdu(coded, np.uint8)
    return replace(metadata, **keys), np.array(data)


def test_of_a_container_cut_short_the_part_before_is_an_image(bank):
    metadata, data = container(bank, crc_ok=False)
    cut = make_pdu(metadata, data[: len(data) * 3 // 4])
    lenient, strict = gensc.cie_decoder(bank), gensc.cie_decoder(bank, partial=False)
    (pdu,) = decode(lenient, cut)
    metadata, image = read_image(pdu)
    assert image.shape == PHOTO.shape
    assert metadata.complete is False
    assert decode(strict, cut) == []
    assert (lenient.damaged, lenient.lost, strict.damaged, strict.lost) == (1, 0, 1, 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0), st.integers(1, 255))
def test_a_damaged_byte_is_noticed_and_never_a_crash(bank, position, flip):
    metadata, data = container(bank)
    data[position % data.size] ^= flip
    decoder = gensc.cie_decoder(bank)
    got = decode(decoder, make_pdu(metadata, data))
    assert decoder.damaged == 1
    assert len(got) + decoder.lost == 1
    assert all(read_image(pdu)[0].complete is False for pdu in got)


def test_what_is_no_container_is_counted_and_what_follows_is_decoded(bank):
    decoder = gensc.cie_decoder(bank)
    metadata, data = container(bank)
    noise = make_pdu(metadata, np.random.default_rng(1).integers(0, 255, 300).astype(np.uint8))
    got = decode(decoder, *junk(), noise, make_pdu(metadata, data[:5]), make_pdu(metadata, data))
    assert [read_image(pdu)[0].complete for pdu in got] == [True]
    assert decoder.dropped == len(junk()) + 2


# ---------------------------------------------------------------- mistakes, and the default table


def test_a_users_mistakes_are_one_line(bank):
    for make, message in (
        (lambda: gensc.cie_encoder("nobody"), "bank 'nobody'"),
        (lambda: gensc.cie_decoder("nobody"), "bank 'nobody'"),
        (lambda: gensc.cie_encoder(bank, "nobody"), "importance 'nobody'"),
        (lambda: gensc.cie_encoder(bank, point=0), "point 0"),
        (lambda: gensc.cie_encoder(bank, alpha=-0.1), r"alpha -0\.1"),
        (lambda: gensc.cie_encoder(bank, mcs=99), "MCS 99"),
        (lambda: gensc.cie_encoder(bank, budget_bits=-1), "budget -1"),
    ):
        with pytest.raises(gensc.GenscError, match=message) as refused:
            make()
        assert "\n" not in str(refused.value)


def test_the_rate_tables_of_a_bank_lie_beside_its_weights(bank, tmp_path, monkeypatch):
    small_codec().save_pretrained(tmp_path / "hyperprior")
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    with pytest.raises(gensc.GenscError, match=r"rate-tables\.json: no rate tables"):
        gensc.rate_controller("", "tcp://127.0.0.1:*", True)
    save_tables([table()], tmp_path / "hyperprior" / "rate-tables.json")
    assert default_rate_tables() == tmp_path / "hyperprior" / "rate-tables.json"
    controller = gensc.rate_controller("", "tcp://127.0.0.1:*", True)
    assert controller.choice() == table().choices[0]
    with pytest.raises(gensc.GenscError, match="bank 'nobody'"):
        default_rate_tables("nobody")
